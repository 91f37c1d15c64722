import { removeKey } from "../cleanup/removeKey";
import type { StackAccounts } from "../account/stackAccounts";
import type { Problem } from "../problems";
import type { PendingCreation } from "../pulumi/checkpoint";
import { cliErrorText } from "../pulumi/cliErrorText";
import { isLocked } from "../pulumi/project";
import { BusyError, requireUnlocked } from "../stack/stackLock";
import type { StackContext } from "../stack/stackContext";
import { keyFacts, type KeyOutcome, type KeyReport } from "../terminal/report";
import type { Checkpoints } from "./candidates";
import { searchLost, type LostKey } from "./search";

export interface Recovery {
  keys: readonly KeyReport[];
  /** How many interrupted creations the state no longer has. */
  cleared: number;
  problems: readonly Problem[];
}

export interface RecoveryOptions {
  /** Only reports. No lock of the stack is needed. */
  dryRun: boolean;
  /** Whether to remove also keys that the engine received and no state has: a program may have received them. */
  removesDelivered: boolean;
}

/**
 * Removes the keys that crashed runs of a stack have made and that no state has, then clears the interrupted creations from
 * the state. In that order, so that a command that is killed finds the same again. The stack must be unlocked.
 */
export async function recoverStack(
  task: StackContext,
  accounts: StackAccounts,
  checkpoints: Checkpoints,
  { dryRun, removesDelivered }: RecoveryOptions,
): Promise<Recovery> {
  const { stack, world } = task;
  const search = await searchLost(task, accounts, checkpoints, { patiently: !dryRun, removesDelivered });
  if (dryRun) {
    const keys = search.found.map((lost) => reportOf(lost, "would-remove"));
    if (keys.length > 0) {
      world.terminal.note(
        `${stack}: its lock was not checked. If a run works on the stack, it may just be making these keys.`,
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
      problems.push(error instanceof NotClearedError ? error.problem : clearProblem(stack, error));
      return 0;
    },
  );
  if (failed.size === 0) search.forget(cleared > 0 || checkpoints.now.pending.length === 0);
  return { keys, cleared, problems };
}

/** The state has interrupted creations whose outcome is unknown. */
class NotClearedError extends Error {
  override readonly name = "NotClearedError";
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.why);
    this.problem = problem;
  }
}

/**
 * Clears the interrupted creations. Pulumi can only clear all of them, so one that is not settled keeps the others. The state
 * is read again right before: a run that begins in between holds the lock that Pulumi's command takes.
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
  if (now.savedMs !== known.savedMs) throw new NotClearedError(busyProblem(stack));
  const { otherPending } = now;
  if (otherPending.length > 0) {
    throw new NotClearedError({
      why: `The state names interrupted creations of resources that are no proxy keys: ${otherPending.join(", ")}. No interrupted creation was cleared, since Pulumi can only clear all of them.`,
      nextStep:
        "Find out what became of them, then run `pulumi refresh`, which asks what to do with each, and this command again.",
    });
  }
  const isSettled = ({ urn, createdAs, isAdoption }: PendingCreation) =>
    settled.some(
      (creation) =>
        creation.urn === urn && creation.createdAs === createdAs && creation.isAdoption === isAdoption,
    );
  // Their problems are reported already.
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
  if (error instanceof BusyError || isLocked(error)) return busyProblem(stack);
  return {
    why: `The interrupted creations of stack ${stack} could not be cleared: ${cliErrorText(error)}`,
    nextStep: "Fix this, then run the command again.",
  };
}

function busyProblem(stack: string): Problem {
  return {
    why: `Another run has begun to work on stack ${stack}, so its interrupted creations were not cleared.`,
    nextStep: "Wait for that run to end, then run the command again.",
  };
}

async function removeLost(lost: LostKey, task: StackContext): Promise<KeyReport> {
  const { outcome, ...why } = await removeKey(lost, lost.account, {
    changes: task.world.changes,
    requireUnowned: () => task.ownership.requireUnowned(lost),
  });
  return { ...reportOf(lost, outcome), ...why };
}

function reportOf({ wire, fingerprint, lost }: LostKey, outcome: KeyOutcome): KeyReport {
  return {
    name: wire.name,
    fingerprint,
    resource: lost.pending?.resource ?? null,
    ...keyFacts(wire),
    outcome,
  };
}
