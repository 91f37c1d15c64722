import type { Labels } from "../../lifecycle/labels";
import { formatDuration } from "../../util/duration";
import { clockAheadMs, type StackAccounts } from "../account/stackAccounts";
import { Refusal, type Problem } from "../problems";
import type { Checkpoint } from "../pulumi/checkpoint";
import { recoverStack } from "../recovery/recoverStack";
import type { RecoveryOptions } from "../recovery/search";
import type { StackContext } from "../stack/stackContext";
import { BusyError, requireUnlocked } from "../stack/stackLock";
import type { KeyReport } from "../terminal/report";
import { refuseDeletedWith } from "./deletedWith";
import { matchesLabels, requireKnownLabels } from "./labelMatch";
import { factsOf, type Facts } from "./verify";

/** The results so far. */
export interface Done {
  keys: KeyReport[];
  problems: Problem[];
}

export interface CleanOptions {
  dryRun: boolean;
  removeStack: boolean;
  /** Leaves stacks alone that were updated more recently. Undefined: none. */
  olderThanMs: number | undefined;
  /** Leaves stacks alone whose keys do not all have these. Undefined: none. */
  labels: Labels | undefined;
}

/** A stack that is ready to be destroyed. */
interface PreparedStack {
  now: Checkpoint;
  facts: Facts;
}

/** Gives up after this many rounds in which other runs updated the stack. */
const MAX_ROUNDS = 5;

/**
 * Removes the keys of crashed runs, and looks up all other keys. Both can take long, so the state is read again at the end:
 * after an update by another run, starts again with the new state.
 */
export async function prepareStack(
  task: StackContext,
  accounts: StackAccounts,
  before: Checkpoint,
  { labels, olderThanMs }: CleanOptions,
  done: Done,
): Promise<PreparedStack | "gone" | "too-young"> {
  const { project, stack, world } = task;
  let earlier = before;
  for (let round = 1; round <= MAX_ROUNDS; round++) {
    world.terminal.progress(`${stack}: looking for keys of crashed runs`);
    const now = await project.state(stack);
    if (now === undefined) return "gone";
    if (olderThanMs !== undefined && !isOlder(task, now, olderThanMs)) return "too-young";
    if (labels !== undefined && !matchesLabels(stack, now, labels)) throw changedLabels(stack);
    refuseDeletedWith(task, now.keys);
    const checkpoints = { before: earlier, now };
    const recovery = { dryRun: false, removesDelivered: true, requireRemovable: removableWith(labels, task) };
    const lost = await recoverStack(task, accounts, checkpoints, recovery);
    done.keys.push(...lost.keys);
    done.problems.push(...lost.problems);
    // Clearing interrupted creations saves the state.
    const recovered = lost.cleared > 0 ? await project.state(stack) : now;
    const facts = await factsOf(accounts, now.keys);
    const latest = await project.state(stack);
    if (latest === undefined) return "gone";
    if (latest.savedMs === recovered?.savedMs) {
      if (olderThanMs !== undefined && now.keys.length > 0)
        await requireOlder(task, accounts, now, olderThanMs);
      return { now, facts };
    }
    await requireUnlocked(task);
    done.keys = done.keys.filter(({ outcome }) => outcome !== "failed");
    done.problems = [];
    earlier = latest;
  }
  throw new BusyError({
    why: `Other runs update stack ${stack} again and again.`,
    nextStep: "Wait until no run works on it, then run the command again.",
  });
}

/** With labels, a lost key must have them too. */
export function removableWith(
  labels: Labels | undefined,
  { stack }: StackContext,
): RecoveryOptions["requireRemovable"] {
  return labels === undefined ? undefined : (found) => requireKnownLabels(stack, found);
}

function changedLabels(stack: string): Refusal {
  return new Refusal({
    why: `Another run has updated stack ${stack}, and no key of it has the labels any more.`,
    nextStep: "See what that run has changed, then run the command again.",
  });
}

/**
 * By the clock of the API, whose responses have shown it by now: with a clock that is ahead, a stack looks older than it is.
 *
 * @throws Refusal.
 */
async function requireOlder(
  task: StackContext,
  accounts: StackAccounts,
  now: Checkpoint,
  olderThanMs: number,
): Promise<void> {
  const aheadMs = await clockAheadMs(accounts, now.keys);
  if (isOlder(task, now, olderThanMs + aheadMs)) return;
  throw new Refusal({
    why: `Stack ${task.stack} may have been updated less than ${formatDuration(olderThanMs)} ago: this machine's clock is ${formatDuration(aheadMs)} ahead of the API's.`,
    nextStep: "Set this machine's clock, then run the command again.",
  });
}

function isOlder({ world }: StackContext, { savedMs }: Checkpoint, olderThanMs: number): boolean {
  return savedMs !== undefined && world.clock.nowMs() - savedMs > olderThanMs;
}
