import { z } from "zod";
import { SETTING_DOCUMENTATION, settingNames, SETTINGS } from "../../provider/config";
import { outputFields } from "../../provider/lifecycle/schema/fields";
import type { OutputField } from "../../provider/lifecycle/schema/field";
import {
  fieldOf,
  inputDefaults,
  inputNames,
  secretInputNames,
  type InputName,
} from "../../provider/lifecycle/schema/inputs";
import {
  PLUGIN_PACKAGE,
  PLUGIN_PROXY_KEY_TOKEN,
  PROXY_KEY_TOKEN,
  ROTATING_PROXY_KEY_TOKEN,
} from "../../provider/lifecycle/schema/typeTokens";
import { DECIDED_BY_ROTATION } from "../../provider/resources/rotatingProxyKeyArgs";
import type { Documentation } from "../../provider/util/documentation";
import { effectOf, isRequired } from "./fieldTables";
import { docOf, memberDocs } from "./jsDocs";

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
    // Where a release puts the plugin's archives. The organization has to be this project's own before the first one.
    pluginDownloadURL: "github://api.github.com/pulumi-electronhub/pulumi-electronhub",
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
        importBasePath: "github.com/pulumi-electronhub/pulumi-electronhub/sdk/go/electronhub",
      },
      csharp: { respectSchemaVersion: true },
    },
  };
}

interface Property {
  type?: string;
  $ref?: string;
  items?: Property;
  description?: string;
  secret?: true;
  plain?: true;
}

const INFO = "electronhub:index:ProxyKeyInfo";

const settings: Record<string, Property> = Object.fromEntries(
  settingNames.map((name) => [
    name,
    {
      type: "string",
      description: `${descriptionOf(SETTING_DOCUMENTATION[name])}\n\nEnvironment: \`${SETTINGS[name]}\`.`,
      ...(name === "apiKey" ? { secret: true as const } : {}),
    },
  ]),
);

/** A list that is absent means no limit: not every language can declare a text or a list. */
const LISTS: Readonly<Record<string, Documentation>> = {
  models: {
    meaning: "The models that the key may use. An empty list is refused: the API would read it as all.",
    unit: "a list of model ids",
    default: 'all models, which `["all"]` declares explicitly',
  },
  allowedIps: {
    meaning: "The addresses that may use the key. An empty list is refused: the API would read it as any.",
    unit: "a list of IP addresses and CIDR blocks",
    default: 'any address, which `["any"]` declares explicitly',
  },
};

const inputs: Record<string, Property> = Object.fromEntries(
  inputNames.map((name) => {
    const { doc, schema, change } = fieldOf(name);
    const written = LISTS[name] ?? { ...doc, ...defaultOf(name) };
    return [
      name,
      {
        ...(name in LISTS ? { type: "array", items: { type: "string" } } : typeOf(schema)),
        description: `${descriptionOf(written)}\n\n${effectOf(change)}`,
        ...((secretInputNames as readonly string[]).includes(name) ? { secret: true as const } : {}),
      },
    ];
  }),
);

const outputs: Record<string, Property> = Object.fromEntries(
  Object.entries<OutputField>(outputFields).map(([name, { doc, schema, secret }]) => [
    name,
    { ...typeOf(schema), description: descriptionOf(doc), ...(secret ? { secret: true as const } : {}) },
  ]),
);

/** Inputs that check always fills in. */
const always = inputNames.filter((name) => inputDefaults[name] !== undefined && !(name in LISTS));

/** What the account shows of a key. */
const info: Record<string, Property> = {
  ...Object.fromEntries(
    inputNames.filter((name) => fieldOf(name).fromWire !== undefined).map((name) => [name, factOf(name)]),
  ),
  ...Object.fromEntries(Object.entries(outputs).filter(([name]) => name !== "key")),
  ...described("provider/functions/proxyKeyInfo.ts", "ProxyKeyInfo", { expired: "boolean" }),
};

const rotatedInputs = Object.fromEntries(
  Object.entries(inputs).filter(([name]) => !(DECIDED_BY_ROTATION as readonly string[]).includes(name)),
);

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

const filter = described("provider/functions/getProxyKeys.ts", "GetProxyKeysArgs", {
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

/** The fact about a key, rather than what a program may write. */
function factOf(name: InputName): Property {
  const { description: _, ...property } = inputs[name] as Property;
  const { meaning, unit } = LISTS[name] ?? fieldOf(name).doc;
  return { ...property, description: descriptionOf({ meaning, ...(unit === undefined ? {} : { unit }) }) };
}

/** Properties of these types, described as the declaration in the source describes them. */
function described(
  file: string,
  declaration: string,
  types: Record<string, string>,
): Record<string, Property> {
  const docs = memberDocs(file, declaration);
  return Object.fromEntries(
    Object.entries(types).map(([name, type]) => {
      const description = docs[name];
      if (!description) throw new Error(`${declaration}.${name} in ${file} has no comment.`);
      return [name, { type, description }];
    }),
  );
}

function secretly(properties: Record<string, Property>, names: readonly string[]): Record<string, Property> {
  const marked = Object.entries(properties).map(([name, property]) => [
    name,
    names.includes(name) ? { ...property, secret: true as const } : property,
  ]);
  return Object.fromEntries(marked) as Record<string, Property>;
}

/** Values that are no outputs: they decide which resources there are. */
function plainly(properties: Record<string, Property>): Record<string, Property> {
  const marked = Object.entries(properties).map(([name, property]) => [
    name,
    { ...property, plain: true as const },
  ]);
  return Object.fromEntries(marked) as Record<string, Property>;
}

function descriptionOf({ meaning, unit, default: value }: Documentation): string {
  return [meaning, unit && `Unit: ${unit}.`, value && `Default: ${value}.`].filter(Boolean).join("\n\n");
}

/** The documented default, or else that of the schema. */
function defaultOf(name: InputName): { default?: string } {
  const value =
    fieldOf(name).doc.default ??
    (inputDefaults[name] !== undefined && `\`${JSON.stringify(inputDefaults[name])}\``);
  return value === false || isRequired(name) ? {} : { default: value };
}

/** The type of a value; a text where a text or a number may be written. */
function typeOf(schema: z.ZodType): Property {
  const json = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as {
    type?: string | string[];
    anyOf?: { type?: string }[];
  };
  const types = [json.type ?? json.anyOf?.map(({ type }) => type) ?? []].flat();
  if (types.includes("string")) return { type: "string" };
  const [type] = types;
  return type === undefined ? { $ref: "pulumi.json#/Any" } : { type };
}
