import { z } from "zod";
import { isWholeKey } from "../../api/wire";
import { CONFIG_NAMESPACE } from "../../config";
import type { Labels } from "../../lifecycle/labels";
import { unwrapSecrets } from "../../lifecycle/schema/secretEnvelope";
import { fingerprintOf } from "../../lifecycle/schema/state";
import { resourceName } from "./names";
import { storedLabels } from "./storedLabels";
import {
  isOfUnknownType,
  isProvider,
  isProxyKey,
  isRotation,
  namespaced,
  providerKindOf,
  type ProviderKind,
} from "./resourceTypes";

/** A stack's state, as far as it concerns proxy keys. */
export interface Checkpoint {
  /** When the state was saved, in milliseconds since the epoch. */
  savedMs: number | undefined;
  keys: readonly StateKey[];
  /** Interrupted creations of proxy keys. */
  pending: readonly PendingCreation[];
  /** The number of interrupted creations of any resource. */
  pendingCount: number;
  /** URNs of interrupted creations that may have made something other than a proxy key. */
  otherPending: readonly string[];
  /** The number of resources without the stack itself. */
  resourceCount: number;
  /** The number of resources that are neither proxy keys nor providers. */
  otherCount: number;
  /** The settings of every account in the state, used by a key or not. */
  accounts: readonly NonNullable<StoredSettings>[];
  /** Types of this package that this version does not know, so `keys` may not be all. */
  unknownTypes: readonly string[];
}

/** The account's settings in the state. Undefined: the state has none. */
export type StoredSettings = Readonly<Record<string, string>> | undefined;

/** A proxy key in a state. */
export interface StateKey {
  urn: string;
  resource: string;
  /** The resource's id, which is the key's fingerprint. */
  fingerprint: string;
  /** The key itself. Undefined: encrypted, or not in the state. */
  secret: string | undefined;
  name: string | undefined;
  account: StoredSettings;
  /** The anonymous name of the account that created the key. Undefined: unknown. */
  sentTo: string | undefined;
  /** The API's server that last had the key. Undefined: unknown. */
  server: string | undefined;
  /** Why a destroy leaves the key on the account: an option, or the program only reads the key (`ProxyKey.get`). */
  kept: "disable" | "retainOnDelete" | "external" | undefined;
  /** The resource with which the engine drops the key from the state, without a call of the provider. */
  deletedWith: string | undefined;
  /** Undefined: none, secret or malformed. */
  labels: Labels | undefined;
}

/** A creation that the engine began and never ended. */
export interface PendingCreation {
  urn: string;
  resource: string;
  /** The chosen name, or else the generated one. */
  name: string | undefined;
  /** The generated name, which no other key has. Undefined: unknown. */
  createdAs: string | undefined;
  /** The name that an update sets after the creation. Undefined: the key keeps the generated one. */
  chosenName: string | undefined;
  /** Of the key, if the engine saved the operation after the response. Undefined: unknown. */
  fingerprint: string | undefined;
  /** The operation adopts an existing key. */
  isAdoption: boolean;
  /** The anonymous name of the account. Undefined: unknown. */
  sentTo: string | undefined;
  account: StoredSettings;
  /** Undefined: none, secret or malformed. */
  labels: Labels | undefined;
}

const resourceSchema = z.looseObject({
  urn: z.string(),
  type: z.string(),
  id: z.string().optional(),
  importID: z.string().optional(),
  provider: z.string().optional(),
  inputs: z.record(z.string(), z.unknown()).optional(),
  outputs: z.record(z.string(), z.unknown()).optional(),
  retainOnDelete: z.boolean().optional(),
  deletedWith: z.string().optional(),
  external: z.boolean().optional(),
});

export const deploymentSchema = z
  .looseObject({
    manifest: z.looseObject({ time: z.string().optional() }).optional(),
    resources: z.array(resourceSchema).nullish(),
    pending_operations: z.array(z.looseObject({ type: z.string(), resource: resourceSchema })).nullish(),
  })
  .transform(({ manifest, resources, pending_operations: operations }) => ({
    time: manifest?.time ?? "",
    resources: resources ?? [],
    operations: operations ?? [],
  }));

type StoredResource = z.output<typeof resourceSchema>;
type PendingOperation = z.output<typeof deploymentSchema>["operations"][number];

const STACK_TYPE = "pulumi:pulumi:Stack";

/** Reads an exported state. Names and settings that are encrypted in it count as unknown. */
export function readCheckpoint(deployment: unknown): Checkpoint {
  const { time, resources, operations } = deploymentSchema.parse(deployment ?? {});
  const creations = operations.filter(({ type }) => type === "creating").map(({ resource }) => resource);
  const providers = new Map(
    resources
      .filter(isProvider)
      .map((stored) => [`${stored.urn}::${stored.id ?? ""}`, namespaced(stored, textsIn(stored.inputs))]),
  );
  const accountOf = ({ provider }: StoredResource) => providers.get(provider ?? "");
  const savedMs = Date.parse(time);
  return {
    savedMs: Number.isNaN(savedMs) ? undefined : savedMs,
    keys: resources.filter(isProxyKey).map((stored) => stateKey(stored, accountOf(stored))),
    pending: creations.filter(isProxyKey).map((stored) => pendingCreation(stored, accountOf(stored))),
    pendingCount: creations.length,
    otherPending: creations
      .filter((stored) => !isProxyKey(stored) && !isRotation(stored))
      .map(({ urn }) => urn),
    resourceCount: resources.filter(({ type }) => type !== STACK_TYPE).length,
    otherCount: resources.filter((stored) => !isProxyKey(stored) && !stored.type.startsWith("pulumi:"))
      .length,
    accounts: [...providers.values()].filter((settings) =>
      Object.keys(settings).some((key) => key.startsWith(`${CONFIG_NAMESPACE}:`)),
    ),
    unknownTypes: unknownTypesOf(resources, operations),
  };
}

/** The keys that a stack has or is making. */
export interface StackKeys {
  fingerprints: readonly string[];
  /** Names and fingerprints of keys in the making. */
  inMaking: readonly string[];
  /** Encryption hides which key an operation makes or adopts. */
  hasHiddenKeys: boolean;
  /** Types of this package that this version does not know, so the keys may not be all. */
  unknownTypes: readonly string[];
  /** The providers of this package that a command of Pulumi on the stack needs. */
  providers: readonly ProviderKind[];
}

/** Reads the keys from an exported state, encrypted or in clear. */
export function readStackKeys(deployment: unknown): StackKeys {
  const { resources, operations: all } = deploymentSchema.parse(deployment ?? {});
  const operations = all.filter(({ resource }) => isProxyKey(resource));
  // The engine may save a creation that has ended before it saves the resource: its id is that of a key in the making.
  const isCreation = ({ type, resource }: PendingOperation) =>
    type === "creating" && resource.inputs?.["adopt"] == null;
  const created = operations.filter(isCreation).flatMap(({ resource }) => idsOf(resource));
  // Only the operation has the id of a resource that is being imported or read. The plugin also takes a name there.
  const taken = operations
    .filter((operation) => !isCreation(operation))
    .flatMap(({ resource }) => idsOf(resource));
  const inputs = operations.map(({ resource }) => resource.inputs ?? {});
  const texts = inputs.map(textsIn);
  return {
    fingerprints: [
      ...[...resources.filter(isProxyKey).flatMap(idsOf), ...taken].map((id) =>
        isWholeKey(id) ? fingerprintOf(id) : id,
      ),
      ...texts.flatMap(({ adopt }) => (adopt === undefined ? [] : fingerprintOf(adopt))),
    ],
    inMaking: [
      ...taken.filter((id) => !isWholeKey(id)),
      ...created,
      ...texts.flatMap(({ __createdAs, name }) => [__createdAs ?? [], name ?? []].flat()),
    ],
    hasHiddenKeys: inputs.some((given, at) =>
      ["adopt", "name", "__createdAs"].some(
        (input) => given[input] !== undefined && texts[at]?.[input] === undefined,
      ),
    ),
    unknownTypes: unknownTypesOf(resources, all),
    providers: [...new Set(resources.flatMap((stored) => providerKindOf(stored) ?? []))],
  };
}

function idsOf({ id, importID }: StoredResource): string[] {
  return [id ?? [], importID ?? []].flat();
}

export function unknownTypesOf(
  resources: readonly StoredResource[],
  operations: readonly PendingOperation[],
): string[] {
  const all = [...resources, ...operations.map(({ resource }) => resource)];
  return [...new Set(all.filter(isOfUnknownType).map(({ type }) => type))];
}

function stateKey(
  { urn, id, inputs, outputs, retainOnDelete, external, deletedWith }: StoredResource,
  account: StoredSettings,
): StateKey {
  const { key: secret, name, onDestroy, server, __account: sentTo } = textsIn({ ...inputs, ...outputs });
  const disables = onDestroy === "disable" ? onDestroy : undefined;
  const retained = retainOnDelete === true ? "retainOnDelete" : disables;
  return {
    urn,
    resource: resourceName(urn),
    fingerprint: id ?? "",
    secret,
    name,
    account,
    sentTo,
    server,
    kept: external === true ? "external" : retained,
    deletedWith: deletedWith === "" ? undefined : deletedWith,
    // As the last update left them: the inputs may be those of one that failed.
    labels: storedLabels(outputs ?? inputs),
  };
}

function pendingCreation({ urn, id, inputs = {} }: StoredResource, account: StoredSettings): PendingCreation {
  // The chosen name never stands in for the generated one: other keys may have it.
  const { name: chosenName, __createdAs: createdAs, __account: sentTo } = textsIn(inputs);
  const adopted = unwrapSecrets(inputs["adopt"]);
  return {
    urn,
    resource: resourceName(urn),
    name: chosenName ?? createdAs,
    createdAs,
    chosenName,
    fingerprint: id === undefined || id === "" ? undefined : id,
    isAdoption: adopted !== undefined && adopted !== null,
    account,
    sentTo,
    labels: storedLabels(inputs),
  };
}

/** The texts among properties, without those that are encrypted. */
function textsIn(properties: Readonly<Record<string, unknown>> = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(properties).flatMap(([name, value]) => {
      const clear = unwrapSecrets(value);
      return typeof clear === "string" ? [[name, clear]] : [];
    }),
  );
}
