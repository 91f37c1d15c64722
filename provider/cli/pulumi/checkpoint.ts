import { z } from "zod";
import { isWholeKey } from "../../api/wire";
import { CONFIG_NAMESPACE } from "../../config";
import { unwrapSecrets } from "../../lifecycle/schema/secretEnvelope";
import { fingerprintOf } from "../../lifecycle/schema/state";
import { PROXY_KEY_TOKEN, ROTATION_TOKEN } from "../../lifecycle/schema/typeTokens";

/** What a state says of a resource, as far as we look at it. */
const resourceSchema = z.looseObject({
  urn: z.string(),
  type: z.string(),
  id: z.string().optional(),
  importID: z.string().optional(),
  custom: z.boolean().optional(),
  provider: z.string().optional(),
  inputs: z.record(z.string(), z.unknown()).optional(),
  outputs: z.record(z.string(), z.unknown()).optional(),
  delete: z.boolean().optional(),
  retainOnDelete: z.boolean().optional(),
  protect: z.boolean().optional(),
});

const deploymentSchema = z.looseObject({
  manifest: z.looseObject({ time: z.string().optional() }).optional(),
  resources: z.array(resourceSchema).nullish(),
  pending_operations: z.array(z.looseObject({ type: z.string(), resource: resourceSchema })).nullish(),
});

type StoredResource = z.output<typeof resourceSchema>;

/** The settings of the account that a resource belongs to, as the state has them; absent where the state has none. */
export type StoredSettings = Readonly<Record<string, string>> | undefined;

/** A proxy key that the state knows. */
export interface StateKey {
  urn: string;
  resource: string;
  /** The resource's id, which is the key's fingerprint. */
  fingerprint: string;
  name: string | undefined;
  key: string | undefined;
  account: StoredSettings;
  /** The account in which it was created, by its anonymous name. Undefined: the state does not name it. */
  sentTo: string | undefined;
  /** Where the API is that last had the key. Undefined: the state does not name it. */
  server: string | undefined;
  /** Why a destroy leaves the key on the account, where the stack says so. */
  kept: "disable" | "retainOnDelete" | undefined;
}

/** A creation that the engine began and never ended. */
export interface PendingCreation {
  urn: string;
  resource: string;
  /** For people: the chosen name, or the generated one. */
  name: string | undefined;
  /** The generated name under which the key is created, which no other key has. Undefined: the state does not name it. */
  createdAs: string | undefined;
  /** The name that an update gives it then. Undefined: the key keeps the generated one. */
  chosenName: string | undefined;
  /** It was adopting a key that existed already. */
  isAdoption: boolean;
  /** The account that it was sent to, by its anonymous name. Undefined: the state does not name it. */
  sentTo: string | undefined;
  account: StoredSettings;
  /** As the state has them, secrets in clear. */
  inputs: Readonly<Record<string, unknown>>;
}

/** What a stack's state says of proxy keys. */
export interface Checkpoint {
  /** Milliseconds since the epoch: when it was saved. */
  savedMs: number | undefined;
  keys: readonly StateKey[];
  /** Creations of proxy keys that were interrupted. */
  pending: readonly PendingCreation[];
  /** Interrupted creations of any resource. */
  pendingCount: number;
  /** URNs of those that may have made something that is not a proxy key. */
  otherPending: readonly string[];
  /** Resources, the stack itself not counted. */
  resourceCount: number;
  /** Of these, what is neither a proxy key nor the engine's own note of a provider. */
  otherCount: number;
  /** Every account that the state has settings of, whether or not a key in it belongs to it. */
  accounts: readonly NonNullable<StoredSettings>[];
}

const STACK_TYPE = "pulumi:pulumi:Stack";
const PROVIDER_TYPE = "pulumi:providers:pulumi-nodejs";

/** Reads an exported deployment whose secrets are in clear. */
export function readCheckpoint(deployment: unknown): Checkpoint {
  const parsed = deploymentSchema.parse(deployment ?? {});
  const resources = parsed.resources ?? [];
  const creations = (parsed.pending_operations ?? []).filter(({ type }) => type === "creating");
  const providers = new Map(
    resources
      .filter(({ type }) => type === PROVIDER_TYPE)
      .map(({ urn, id, inputs }) => [`${urn}::${id ?? ""}`, settingsIn(inputs)]),
  );
  const accountOf = ({ provider }: StoredResource) => providers.get(provider ?? "");
  const savedMs = Date.parse(parsed.manifest?.time ?? "");
  return {
    savedMs: Number.isNaN(savedMs) ? undefined : savedMs,
    keys: resources.filter(isProxyKey).map((stored) => stateKey(stored, accountOf(stored))),
    pending: creations
      .filter(({ resource }) => isProxyKey(resource))
      .map(({ resource }) => pendingCreation(resource, accountOf(resource))),
    pendingCount: creations.length,
    otherPending: creations
      .filter(({ resource }) => !isProxyKey(resource) && resource.type !== ROTATION_TOKEN)
      .map(({ resource }) => resource.urn),
    resourceCount: resources.filter(({ type }) => type !== STACK_TYPE).length,
    otherCount: resources.filter((stored) => !isProxyKey(stored) && !stored.type.startsWith("pulumi:"))
      .length,
    accounts: [...providers.values()].filter((settings) =>
      Object.keys(settings).some((key) => key.startsWith(`${CONFIG_NAMESPACE}:`)),
    ),
  };
}

/** What a state says of keys that are the stack's, or are just becoming so. */
export interface StackKeys {
  fingerprints: string[];
  /** Names of keys that are in the making. */
  names: string[];
  /** A key is in the making, or being taken over, of which an encrypted state does not say which. */
  isVeiled: boolean;
}

/** Of an encrypted state; no secret is looked at. */
export function knownIn(deployment: unknown): StackKeys {
  const parsed = deploymentSchema.parse(deployment ?? {});
  const operations = (parsed.pending_operations ?? []).filter(({ resource }) => isProxyKey(resource));
  const creations = operations.map(({ resource }) => namesIn(resource.inputs));
  return {
    // What an import or a read of a resource is about stands in its operation only.
    fingerprints: [
      ...(parsed.resources ?? []).filter(isProxyKey),
      ...operations.map(({ resource }) => resource),
    ]
      .flatMap(({ id, importID }) => [id ?? [], importID ?? []].flat())
      .map((id) => (isWholeKey(id) ? fingerprintOf(id) : id)),
    names: namesOf(creations),
    isVeiled: operations.some(
      ({ resource: { inputs = {} } }) =>
        "adopt" in inputs || isVeiled(inputs["name"]) || isVeiled(inputs["__createdAs"]),
    ),
  };
}

/** The same of a state whose secrets are in clear. */
export function knownInClear({ keys, pending }: Checkpoint): StackKeys {
  const adopted = pending.flatMap(({ inputs }) => textOf(inputs["adopt"]) ?? []);
  return {
    fingerprints: [...keys.map(({ fingerprint }) => fingerprint), ...adopted.map(fingerprintOf)],
    names: namesOf(pending),
    isVeiled: false,
  };
}

function isProxyKey({ type }: { type: string }): boolean {
  return type === PROXY_KEY_TOKEN;
}

function stateKey(
  { urn, id, inputs, outputs, retainOnDelete }: StoredResource,
  account: StoredSettings,
): StateKey {
  const properties = { ...inputs, ...outputs };
  const disables = unwrapSecrets(properties["onDestroy"]) === "disable";
  return {
    urn,
    resource: nameIn(urn),
    fingerprint: id ?? "",
    name: textOf(properties["name"]),
    key: textOf(properties["key"]),
    account,
    sentTo: textOf(properties["__account"]),
    server: textOf(properties["server"]),
    kept: retainOnDelete === true ? "retainOnDelete" : disables ? "disable" : undefined,
  };
}

function pendingCreation({ urn, inputs = {} }: StoredResource, account: StoredSettings): PendingCreation {
  const clear = Object.fromEntries(
    Object.entries(inputs).map(([name, value]) => [name, unwrapSecrets(value)]),
  );
  const { createdAs, chosenName } = namesIn(clear);
  return {
    urn,
    resource: nameIn(urn),
    name: chosenName ?? createdAs,
    createdAs,
    chosenName,
    isAdoption: clear["adopt"] !== undefined && clear["adopt"] !== null,
    account,
    sentTo: textOf(clear["__account"]),
    inputs: clear,
  };
}

/** A chosen name is never taken for the generated one: other keys may have it. */
function namesIn(
  inputs: Readonly<Record<string, unknown>> = {},
): Pick<PendingCreation, "createdAs" | "chosenName"> {
  return { createdAs: textOf(inputs["__createdAs"]), chosenName: textOf(inputs["name"]) };
}

function namesOf(creations: readonly Pick<PendingCreation, "createdAs" | "chosenName">[]): string[] {
  return creations
    .flatMap((creation) => [creation.createdAs, creation.chosenName])
    .flatMap((name) => name ?? []);
}

/** It is there, but encrypted. */
function isVeiled(value: unknown): boolean {
  return value !== undefined && textOf(value) === undefined;
}

function settingsIn(inputs: Readonly<Record<string, unknown>> | undefined): Record<string, string> {
  const settings = Object.entries(inputs ?? {}).map(([key, value]) => [key, textOf(value)] as const);
  return Object.fromEntries(settings.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

function nameIn(urn: string): string {
  return urn.slice(urn.lastIndexOf("::") + 2);
}

function textOf(value: unknown): string | undefined {
  const clear = unwrapSecrets(value);
  return typeof clear === "string" ? clear : undefined;
}
