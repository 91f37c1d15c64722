import { inputNames } from "../../provider/lifecycle/schema/inputs";
import {
  PLUGIN_PACKAGE,
  PLUGIN_PROXY_KEY_TOKEN,
  PROXY_KEY_TOKEN,
  ROTATING_PROXY_KEY_TOKEN,
} from "../../provider/lifecycle/schema/typeTokens";
import { repositoryUrl } from "../support/repositoryUrl";
import { isRequired } from "./fieldTables";
import { docOf } from "./jsDocs";
import {
  always,
  described,
  info,
  inputs,
  outputs,
  plainly,
  rotatedInputs,
  secretly,
  settings,
  type Property,
} from "./pluginProperties";

/**
 * The plugin's schema, from the tables of fields and of settings. Without defaults, which older SDKs would keep, and without
 * environment variables, which the SDKs would copy into the state.
 */
export function pluginSchema(): object {
  return {
    name: PLUGIN_PACKAGE,
    displayName: "Electron Hub",
    description: "Electron Hub proxy keys as infrastructure code.",
    keywords: ["pulumi", "electronhub", "category/infrastructure", "kind/native"],
    license: "Apache-2.0",
    publisher: "pulumi-electronhub",
    homepage: repositoryUrl(),
    repository: repositoryUrl(),
    // Where a release puts the plugin's archives. The organization has to be this project's own before the first one.
    pluginDownloadURL: repositoryUrl().replace("https://", "github://api."),
    meta: { supportPack: true },
    config: { variables: settings },
    provider: {
      description:
        "An account of Electron Hub. A setting that is left out comes from the environment. An explicit provider is for stacks that use several accounts; changing it replaces no key.",
      inputProperties: settings,
    },
    types: {
      [INFO]: {
        type: "object",
        description: docOf("provider/functions/proxyKeyInfo.ts", "ProxyKeyInfo"),
        properties: info,
      },
    },
    resources: {
      [PLUGIN_PROXY_KEY_TOKEN]: {
        description: docOf("provider/resources/proxyKey.ts", "ProxyKey"),
        inputProperties: inputs,
        requiredInputs: inputNames.filter(isRequired),
        properties: { ...inputs, ...outputs },
        required: ["name", "budget", ...always, "key", "fingerprint"],
        aliases: [{ type: PROXY_KEY_TOKEN }],
      },
      [ROTATING_PROXY_KEY_TOKEN]: {
        isComponent: true,
        description: docOf("provider/resources/rotatingProxyKey.ts", "RotatingProxyKey"),
        inputProperties: { ...rotatedInputs, ...rotation },
        requiredInputs: ["budget", "rotateEvery", "overlap"],
        properties: published,
        required: ["current", "currentFingerprint", "rotatesAt"],
      },
    },
    functions: {
      "electronhub:index:getAccount": {
        description: docOf("provider/functions/getAccount.ts", "getAccount"),
        outputs: object(accountOutputs, ["credits"]),
      },
      "electronhub:index:getProxyKey": {
        description: docOf("provider/functions/getProxyKey.ts", "getProxyKey"),
        inputs: object(selection),
        outputs: object({ ...info, key: outputs["key"], fingerprint: outputs["fingerprint"] }, [
          "name",
          "key",
          "fingerprint",
        ]),
      },
      "electronhub:index:getProxyKeys": {
        description: docOf("provider/functions/getProxyKeys.ts", "getProxyKeys"),
        inputs: object(filter),
        outputs: object(
          {
            keys: {
              type: "array",
              items: { $ref: `#/types/${INFO}` },
              description: "The keys that meet all conditions, sorted by name.",
            },
          },
          ["keys"],
        ),
      },
      "electronhub:index:validateProxyKey": {
        description: docOf("provider/functions/validateProxyKey.ts", "validateProxyKey"),
        inputs: object(validated, ["key"]),
        outputs: object(validity, ["valid"]),
      },
    },
    language: {
      nodejs: { respectSchemaVersion: true, packageName: "pulumi-electronhub-sdk" },
      python: { respectSchemaVersion: true, pyproject: { enabled: true } },
      go: {
        respectSchemaVersion: true,
        generateResourceContainerTypes: true,
        importBasePath: `${repositoryUrl().replace("https://", "")}/sdk/go/electronhub`,
      },
      csharp: { respectSchemaVersion: true },
    },
  };
}

const INFO = "electronhub:index:ProxyKeyInfo";

const rotation = plainly(
  described("provider/resources/rotatingProxyKeyArgs.ts", "RotationArgs", {
    rotateEvery: "string",
    overlap: "string",
    anchor: "string",
    now: "string",
  }),
);

const published = secretly(
  described("provider/resources/rotatingProxyKey.ts", "RotatingProxyKey", {
    current: "string",
    previous: "string",
    currentFingerprint: "string",
    previousFingerprint: "string",
    rotatesAt: "string",
    previousValidUntil: "string",
  }),
  ["current", "previous"],
);

const accountOutputs = described("provider/functions/getAccount.ts", "GetAccountResult", {
  credits: "number",
  subscription: "string",
});

const selection: Record<string, Property> = {
  key: {
    type: "string",
    description: "The proxy key itself. Exactly one of the three is needed.",
    secret: true,
  },
  name: {
    type: "string",
    description: "The key's name on the account. If several keys have it, the call fails.",
  },
  fingerprint: { type: "string", description: "The fingerprint: `pk-` and 16 hexadecimal digits." },
};

const filter = described("provider/functions/keyFilter.ts", "GetProxyKeysArgs", {
  namePrefix: "string",
  enabled: "boolean",
  expired: "boolean",
  expiresWithin: "string",
  expiresBefore: "string",
});

const validated = secretly(
  described("provider/functions/validateProxyKey.ts", "ValidateProxyKeyArgs", {
    key: "string",
    model: "string",
  }),
  ["key"],
);

const validity = described("provider/functions/validateProxyKey.ts", "ValidateProxyKeyResult", {
  valid: "boolean",
  reason: "string",
});

function object(properties: Record<string, Property | undefined>, required: readonly string[] = []): object {
  return { type: "object", properties, ...(required.length === 0 ? {} : { required }) };
}
