import { createHash } from "node:crypto";
import { secretEnvelope } from "../../provider/lifecycle/schema/secretEnvelope";
import { fingerprintOf } from "../../provider/lifecycle/schema/state";
import type { ExportedState, PendingOperation, StateResource } from "./checkpoint";

/** The type tokens: a contract, so they are written out here rather than computed. */
export const PLUGIN_PROXY_KEY = "electronhub:index:ProxyKey";
const PLUGIN_ROTATION = "electronhub:index:Rotation";
const PLUGIN_PROVIDER = "pulumi:providers:electronhub";
const ROTATING_PROXY_KEY = "electronhub:index:RotatingProxyKey";

type Properties = Record<string, unknown>;

/** The settings of a provider. The API key is stored as a secret. */
export interface StoredAccount {
  apiKey: string;
  baseUrl: string;
}

/** Builds what the engine saves for a stack of the provider plugin, secrets in clear as for `pulumi stack import`. */
export interface PluginStack {
  urn(type: string, name: string): string;
  /** A default provider is named after the plugin's version, an explicit one by the program. */
  provider(settings: Partial<StoredAccount>, name?: string): StateResource;
  /** A key that exists on the account. `models` and `allowedIps` are absent for all and any. */
  key(
    resource: string,
    key: { name: string; secret: string; provider: StateResource; changes?: Properties },
  ): StateResource;
  /** A key that the program only reads. */
  external(resource: string, key: { name: string; secret: string; provider: StateResource }): StateResource;
  /** What a rotating key consists of beside its keys. */
  rotating(resource: string, provider: StateResource): StateResource[];
  /** A resource of another type of the plugin. */
  other(type: string, resource: string, provider: StateResource): StateResource;
  /** A creation that the engine began and never ended. */
  creation(resource: string, provider: StateResource, inputs: Properties): PendingOperation;
  /** The stack's state. */
  deployment(
    resources: readonly StateResource[],
    operations?: readonly PendingOperation[],
  ): ExportedState["deployment"];
}

export function pluginStack(stack: string, project = "test"): PluginStack {
  const urn = (type: string, name: string) => `urn:pulumi:${stack}::${project}::${type}::${name}`;
  const root = {
    urn: urn("pulumi:pulumi:Stack", `${project}-${stack}`),
    type: "pulumi:pulumi:Stack",
    custom: false,
  };
  const providedBy = ({ urn: of, id }: StateResource) => ({ parent: root.urn, provider: `${of}::${id}` });
  const resourceOf = (type: string, name: string) => ({ urn: urn(type, name), type, custom: true });
  return {
    urn,
    provider({ apiKey, ...settings }, name = "default_0_1_0") {
      const inputs = {
        ...(apiKey === undefined ? {} : { apiKey: secretEnvelope(apiKey) }),
        ...settings,
        version: "0.1.0",
      };
      return {
        ...resourceOf(PLUGIN_PROVIDER, name),
        id: `2cfb6d71-85fd-4142-9811-${fingerprintOf(name).slice(3, 15)}`,
        inputs: { __internal: {}, ...inputs },
        outputs: inputs,
      };
    },
    key(resource, { name, secret, provider, changes = {} }) {
      const inputs = { ...INPUTS, __createdAs: name, __account: "0123456789abcdef0123456789abcdef" };
      return {
        ...resourceOf(PLUGIN_PROXY_KEY, resource),
        id: fingerprintOf(secret),
        inputs: { ...inputs, ...changes },
        outputs: { ...inputs, ...outputsOf(name, secret), ...changes },
        ...providedBy(provider),
      };
    },
    external: (resource, { name, secret, provider }) => ({
      ...resourceOf(PLUGIN_PROXY_KEY, resource),
      id: fingerprintOf(secret),
      outputs: { ...INPUTS, ...outputsOf(name, secret) },
      external: true,
      ...providedBy(provider),
    }),
    rotating(resource, provider) {
      const held = {
        generation: 1,
        startedAt: "2026-11-24T11:52:12.000Z",
        rotatedAt: "2026-11-24T11:52:12.000Z",
      };
      const component = { urn: urn(ROTATING_PROXY_KEY, resource), type: ROTATING_PROXY_KEY, custom: false };
      const record = {
        ...resourceOf(PLUGIN_ROTATION, resource),
        id: "rotation",
        inputs: held,
        outputs: held,
        ...providedBy(provider),
      };
      return [
        { ...component, parent: root.urn },
        { ...record, urn: urn(`${ROTATING_PROXY_KEY}$${PLUGIN_ROTATION}`, resource), parent: component.urn },
      ];
    },
    other: (type, resource, provider) => ({
      ...resourceOf(type, resource),
      id: resource,
      ...providedBy(provider),
    }),
    creation: (resource, provider, inputs) => ({
      type: "creating",
      resource: {
        ...resourceOf(PLUGIN_PROXY_KEY, resource),
        inputs: { ...INPUTS, ...inputs },
        ...providedBy(provider),
      },
    }),
    deployment: (resources, operations = []) => ({
      manifest: { time: new Date().toISOString(), magic: sha256(ENGINE), version: ENGINE },
      resources: [root, ...resources],
      pending_operations: [...operations],
    }),
  };
}

const ENGINE = "3.259.0";

/** The engine marks a state with this hash of its version. */
function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** As check resolves what a program leaves out. */
const INPUTS = { budget: 10, budgetWindow: "daily", enabled: true, expiresAt: "never", onDestroy: "remove" };

function outputsOf(name: string, secret: string): Properties {
  return {
    name,
    key: secretEnvelope(secret),
    fingerprint: fingerprintOf(secret),
    createdAt: "2026-11-24T11:52:12Z",
    usedBudget: 0,
    stateVersion: 1,
  };
}

/** The same deployment as `pulumi stack export` shows it without `--show-secrets`. */
export function encrypted<T>(deployment: T): T {
  const text = JSON.stringify(deployment).replaceAll(
    /"plaintext":"(?:[^"\\]|\\.)*"/g,
    '"ciphertext":"v1:bm9uY2U=:dGV4dA=="',
  );
  return JSON.parse(text) as T;
}
