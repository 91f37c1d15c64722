import { z } from "zod";
import { isSecretEnvelope, secretEnvelope } from "../../lifecycle/schema/secretEnvelope";
import { inputsFromWire, secretOutputNames, stateOf } from "../../lifecycle/schema/state";
import { ROTATION_TOKEN } from "../../lifecycle/schema/typeTokens";
import { isProxyKey, namesIn, type PendingCreation } from "../pulumi/checkpoint";
import { requireUnlocked } from "../stack/stackLock";
import type { LostKey } from "./search";
import type { StackContext } from "../stack/stackContext";

/** A state as Pulumi exports it, of which nothing is lost that we do not know. */
const editableSchema = z.looseObject({
  deployment: z.looseObject({
    resources: z.array(z.looseObject({ urn: z.string() })).nullish(),
    pending_operations: z
      .array(
        z.looseObject({
          type: z.string(),
          resource: z.looseObject({
            urn: z.string(),
            type: z.string(),
            inputs: z.record(z.string(), z.unknown()).optional(),
          }),
        }),
      )
      .nullish(),
  }),
});

type Editable = z.output<typeof editableSchema>;

export interface Edited {
  /** Interrupted operations that the state no longer names. */
  cleared: number;
  /** Interrupted creations that nobody has looked into; while there are any, nothing is written. */
  open: readonly OpenOperation[];
  /** Fingerprints of the keys that were put into the state. */
  put: readonly string[];
}

export interface OpenOperation {
  urn: string;
  /** It is no proxy key's. */
  isForeign: boolean;
}

/** Makes the state forget its interrupted operations, unless a creation among them is not settled. */
export function clearPending(task: StackContext, settled: readonly PendingCreation[]): Promise<Edited> {
  return edit(task, settled, () => []);
}

/** The same, and puts keys that were made into the state, as the resources that they were made for. */
export function putIntoState(
  task: StackContext,
  settled: readonly PendingCreation[],
  keys: readonly LostKey[],
): Promise<Edited> {
  return edit(task, settled, ({ deployment }) => {
    const resources = (deployment.resources ??= []);
    const put: string[] = [];
    for (const key of keys) {
      const operation = deployment.pending_operations?.find(
        ({ type, resource }) => type === "creating" && isOf(resource, key.lost.pending),
      );
      if (operation === undefined) continue;
      // Whoever has a resource already keeps it: whether this key was to replace it, or came before it, nobody can tell.
      if (resources.some(({ urn }) => urn === operation.resource.urn)) continue;
      resources.push(resourceOf(key, operation.resource));
      put.push(key.fingerprint);
    }
    return put;
  });
}

/** A resource may have been begun several times, each with a generated name of its own, which is no secret. */
function isOf(
  { urn, inputs = {} }: { urn: string; inputs?: Record<string, unknown> | undefined },
  creation: PendingCreation | undefined,
): boolean {
  if (creation === undefined || urn !== creation.urn) return false;
  return namesIn(inputs).createdAs === creation.createdAs && "adopt" in inputs === creation.isAdoption;
}

/** How create makes a key: what else is declared was not set yet, or not provably, so the next run sets it. */
const AS_MADE = { budgetWindow: "daily", enabled: true };

function resourceOf(
  { account, lost, wire }: LostKey,
  interrupted: { urn: string; inputs?: Record<string, unknown> | undefined },
): { urn: string } {
  const { inputs = {} } = interrupted;
  const known = inputsFromWire(wire, { ...lost.pending?.inputs, ...AS_MADE });
  const state: Record<string, unknown> = { ...stateOf(wire.key ?? "", known, wire, account.settings) };
  const { fingerprint: id } = state;
  const secretInputs = Object.keys(inputs).filter((name) => name in state && isSecretEnvelope(inputs[name]));
  for (const secret of [...secretOutputNames, ...secretInputs]) state[secret] = secretEnvelope(state[secret]);
  const resource = { ...interrupted, id, outputs: { ...state, __provider: inputs["__provider"] } };
  return resource;
}

/**
 * Writes a state. Pulumi forgets every interrupted operation when it is given one, so none is written while a creation is
 * left that somebody has to look into; operations of other kinds are done again by any next run. The state is read once
 * the stack was found to be unlocked, right before it is written: a run that begins in between holds the lock that writing
 * takes, unless it also ends within that second.
 */
async function edit(
  task: StackContext,
  settled: readonly PendingCreation[],
  change: (state: Editable) => readonly string[],
): Promise<Edited> {
  const { project, stack } = task;
  const exported = await project.encryptedDeployment(stack);
  const operations = exported === undefined ? [] : pendingIn(editableSchema.parse(exported));
  if (operations.length === 0) return { cleared: 0, open: [], put: [] };
  await requireUnlocked(task);
  const state = editableSchema.parse(await project.encryptedDeployment(stack));
  const open = pendingIn(state)
    .filter(({ type, resource }) => {
      const makesSomething = type === "creating" && resource.type !== ROTATION_TOKEN;
      return makesSomething && !settled.some((creation) => isOf(resource, creation));
    })
    .map(({ resource }) => ({ urn: resource.urn, isForeign: !isProxyKey(resource) }));
  if (open.length > 0) return { cleared: 0, open, put: [] };
  const cleared = pendingIn(state).length;
  const put = change(state);
  await project.replaceState(stack, state);
  return { cleared, open, put };
}

function pendingIn({ deployment }: Editable) {
  return deployment.pending_operations ?? [];
}
