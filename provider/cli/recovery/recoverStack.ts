import { removeKey } from "../cleanup/removeKey";
import type { StackAccounts } from "../account/stackAccounts";
import { problemOf, pulumiProblem, Refusal, type Problem } from "../problems";
import type { PendingCreation } from "../pulumi/checkpoint";
import { isLocked } from "../pulumi/project";
import { BusyError, requireUnlocked } from "../stack/stackLock";
import type { StackContext } from "../stack/stackContext";
import { requireKnownTypes } from "../stack/unknownTypes";
import { keyFacts, type KeyOutcome, type KeyReport } from "../terminal/report";
import type { Checkpoints } from "./candidates";
import { searchLost, type LostKey, type RecoveryOptions } from "./search";

export interface Recovery {
  keys: readonly KeyReport[];
  /** The number of interrupted creations that were cleared from the state. */
  cleared: number;
  problems: readonly Problem[];
}

/**
 * Removes the keys that crashed runs of a stack have made and that no state has, then clears the interrupted creations from
 * the state. In this order, so that the next command finds the same keys if this one is killed. The stack must be unlocked.
 *
 * @throws Refusal, before any change, if a state may have keys that are not known.
 */
export async function recoverStack(
  task: StackContext,
  accounts: StackAccounts,
  checkpoints: Checkpoints,
  options: RecoveryOptions,
): Promise<Recovery> {
  const { stack, world } = task;
  requireKnownTypes(new Map([[stack, checkpoints.now.unknownTypes]]));
  const search = await searchLost(task, accounts, checkpoints, options);
  options.requireRemovable?.(search.found);
  if (options.dryRun) {
    const keys = search.found.map((lost) => reportOf(lost, "would-remove"));
    if (keys.length > 0) {
      world.terminal.note(
        `${stack}: its lock was not checked. A run that works on the stack may be making these keys now.`,
      );
    }
    return { keys, cleared: 0, problems: search.problems };
  }
  for (const { name } of search.adoptions) {
    world.terminal.note(
      `${stack}: the adoption of ${name === undefined ? "a key" : `key ${JSON.stringify(name)}`} was interrupted. The key existed before, and stays on the account.`,
    );
  }
  const keys: KeyReport[] = [];
  for (const lost of search.found) keys.push(await removeLost(lost, task));
  const failed = new Set(
    keys.filter(({ outcome }) => outcome === "failed").map(({ fingerprint }) => fingerprint),
  );
  const open = search.found.filter(({ fingerprint }) => failed.has(fingerprint));
  const settled = search.settled.filter((creation) => open.every(({ lost }) => lost.pending !== creation));
  const problems = [...search.problems];
  const cleared = await clearPending(task, checkpoints, [...settled, ...search.adoptions]).catch(
    (error: unknown) => {
      problems.push(clearProblem(stack, error));
      return 0;
    },
  );
  if (failed.size === 0) search.forget(cleared > 0 || checkpoints.now.pending.length === 0);
  return { keys, cleared, problems };
}

/**
 * Clears the interrupted creations. Pulumi clears all or none, so a creation that is not settled keeps the others. Reads the
 * state again right before: a run that begins after that holds the lock that Pulumi's command needs.
 *
 * @returns how many were cleared.
 */
async function clearPending(
  task: StackContext,
  { now: known }: Checkpoints,
  settled: readonly PendingCreation[],
): Promise<number> {
  const { project, stack } = task;
  if (known.pendingCount === 0) return 0;
  await requireUnlocked(task);
  const now = await project.state(stack);
  if (now === undefined || now.pendingCount === 0) return 0;
  if (now.savedMs !== known.savedMs) throw busyError(stack);
  const { otherPending } = now;
  if (otherPending.length > 0) {
    throw new Refusal({
      why: `The state has interrupted creations of resources other than proxy keys: ${otherPending.join(", ")}. No interrupted creation was cleared, because Pulumi can only clear all of them.`,
      nextStep:
        "Find out whether these resources exist, then run `pulumi refresh`, which asks what to do with each, and this command again.",
    });
  }
  const isSettled = ({ urn, createdAs, isAdoption }: PendingCreation) =>
    settled.some(
      (creation) =>
        creation.urn === urn && creation.createdAs === createdAs && creation.isAdoption === isAdoption,
    );
  // The search has reported why the others are not settled.
  if (!now.pending.every(isSettled)) return 0;
  try {
    await project.clearPendingCreates(stack);
  } catch (error) {
    // The preview after the edit may fail, for example without the plugin of another provider.
    if (((await project.state(stack))?.pendingCount ?? 0) > 0) throw error;
  }
  return now.pendingCount;
}

function clearProblem(stack: string, error: unknown): Problem {
  if (error instanceof BusyError || isLocked(error)) return problemOf(busyError(stack));
  if (error instanceof Refusal) return problemOf(error);
  return pulumiProblem(`The interrupted creations of stack ${stack} could not be cleared`, error);
}

function busyError(stack: string): BusyError {
  return new BusyError({
    why: `Another run has begun to work on stack ${stack}, so its interrupted creations were not cleared.`,
    nextStep: "Wait for that run to end, then run the command again.",
  });
}

async function removeLost(lost: LostKey, task: StackContext): Promise<KeyReport> {
  const { outcome, ...why } = await removeKey(lost, lost.account, {
    changes: task.world.changes,
    requireUnowned: () => task.ownership.requireUnowned(lost),
    labels: lost.lost.pending?.labels,
  });
  return { ...reportOf(lost, outcome), ...why };
}

function reportOf({ wire, fingerprint, lost }: LostKey, outcome: KeyOutcome): KeyReport {
  return {
    name: wire.name,
    fingerprint,
    resource: lost.pending?.resource ?? null,
    labels: lost.pending?.labels,
    ...keyFacts(wire),
    outcome,
  };
}
