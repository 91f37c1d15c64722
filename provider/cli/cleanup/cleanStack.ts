import type { StackSummary } from "@pulumi/pulumi/automation";
import { INTERRUPTED, isRefusal, problemOf, pulumiProblem, type Problem } from "../problems";
import type { Checkpoint } from "../pulumi/checkpoint";
import { holdersIn } from "../pulumi/lock";
import { isLocked } from "../pulumi/project";
import { creditsReturned, isWhole, type KeyOutcome, type KeyReport } from "../terminal/report";
import { counted } from "../terminal/table";
import { refuseDeletedWith } from "./deletedWith";
import { Failures, progressIn } from "./engineEvents";
import { matchesLabels } from "./labelMatch";
import { BusyError, breakOldLocks, lockedError } from "../stack/stackLock";
import { requireKnownTypes } from "../stack/unknownTypes";
import { recoverStack } from "../recovery/recoverStack";
import { clockAheadMs, StackAccounts } from "../account/stackAccounts";
import type { StackContext } from "../stack/stackContext";
import { prepareStack, removableWith, type CleanOptions, type Done } from "./prepareStack";
import { factsOf, plannedFor, verify } from "./verify";

export type StackOutcome =
  /** Dry run: the report shows what a real run would do. */
  | "planned"
  /** Only the stack itself is left. */
  | "cleaned"
  /** The stack is removed as well. */
  | "removed"
  /** The stack no longer existed. */
  | "gone"
  /** The stack was updated after the command began, so it is too young now. Nothing was done. */
  | "too-young"
  /** Another process works on the stack. Nothing was done. */
  | "busy"
  /** Nothing was done: see the problems. */
  | "refused"
  /** Something is left: see the problems. */
  | "failed";

export interface StackReport {
  stack: string;
  /** ISO 8601. null: never, or unknown. */
  lastUpdate: string | null;
  outcome: StackOutcome;
  keys: readonly KeyReport[];
  /** The number of resources that are not proxy keys. */
  otherResources: number;
  creditsReturned: number;
  problems: readonly Problem[];
}

/**
 * Cleans up one stack. Never throws: the report has the failures, beside what was done before. Undefined: no key of the stack
 * has the labels.
 */
export async function cleanStack(
  task: StackContext,
  summary: StackSummary,
  options: CleanOptions,
): Promise<StackReport | undefined> {
  const { labels } = options;
  const done: Done = { keys: [], problems: [] };
  const changesBefore = task.world.changes.count;
  let otherResources = 0;
  const work = async (): Promise<StackOutcome | undefined> => {
    task.world.stop.throwIfAborted();
    task.world.terminal.progress(`${task.stack}: reading its state`);
    const before = await task.project.state(task.stack);
    if (before === undefined) return "gone";
    otherResources = before.otherCount;
    // A destroy would remove keys that neither a dry run nor the report shows.
    requireKnownTypes(new Map([[task.stack, before.unknownTypes]]));
    if (labels !== undefined && !matchesLabels(task.stack, before, labels)) return undefined;
    refuseDeletedWith(task, before.keys);
    const accounts = new StackAccounts(task);
    if (options.dryRun) return plan(task, accounts, before, options, done);
    await breakOldLocks(task, () => clockAheadMs(accounts, before.keys));
    return clean(task, accounts, before, options, done);
  };
  const outcome = await work().catch((error: unknown): StackOutcome => {
    done.problems.push(problemOf(error));
    if (options.dryRun) done.keys = done.keys.map(withoutPlan);
    if (task.world.changes.count > changesBefore) return "failed";
    return error instanceof BusyError ? "busy" : isRefusal(error) ? "refused" : "failed";
  });
  if (outcome === undefined) return undefined;
  return {
    stack: task.stack,
    lastUpdate: summary.lastUpdate ?? null,
    outcome,
    otherResources,
    creditsReturned: creditsReturned(done.keys),
    ...done,
  };
}

/** A real run would fail as well, before it removes a key. */
function withoutPlan(key: KeyReport): KeyReport {
  return key.outcome === "would-remove" ? { ...key, outcome: "unknown" } : key;
}

/** How long the last list of the account may take after a Ctrl-C. */
const LAST_LIST_MS = 30_000;

async function plan(
  task: StackContext,
  accounts: StackAccounts,
  before: Checkpoint,
  { labels }: CleanOptions,
  { keys, problems }: Done,
): Promise<StackOutcome> {
  const facts = await factsOf(accounts, before.keys, { looksUp: true });
  for (const key of before.keys) keys.push(plannedFor(key, facts));
  const checkpoints = { before, now: before };
  const recovery = { dryRun: true, removesDelivered: true, requireRemovable: removableWith(labels, task) };
  const lost = await recoverStack(task, accounts, checkpoints, recovery);
  keys.push(...lost.keys);
  problems.push(...lost.problems);
  if (before.pending.length > 0) {
    task.world.terminal.note(
      `${task.stack}: ${counted(before.pending.length, "creation")} not recorded as ended: a run was interrupted, or one is still under way.`,
    );
  }
  const count = (wanted: KeyOutcome) => keys.filter(({ outcome }) => outcome === wanted).length;
  const [unknown, foreign] = [count("unknown"), count("foreign")];
  if (unknown + foreign === 0) return "planned";
  if (unknown + foreign === keys.length) return "refused";
  if (foreign > 0) {
    problems.push({
      why: `A run would fail on ${counted(foreign, "key")}, which another account owns.`,
      nextStep: "Fix the problems of the keys, then run the command again.",
    });
  }
  if (unknown === 0) return "planned";
  problems.push({
    why: `What a run would do with ${counted(unknown, "key")} is unknown, because the account could not be asked.`,
    nextStep: "Fix the problems of the keys, then run the command again.",
  });
  return "planned";
}

async function clean(
  task: StackContext,
  accounts: StackAccounts,
  before: Checkpoint,
  options: CleanOptions,
  done: Done,
): Promise<StackOutcome> {
  const { project, stack, world } = task;
  const { terminal } = world;
  const prepared = await prepareStack(task, accounts, before, options, done);
  if (typeof prepared === "string") return prepared;
  const { now, facts } = prepared;
  const failures = new Failures();
  if (now.resourceCount > 0 && !world.stop.aborted) {
    terminal.progress(`${stack}: destroying ${counted(now.resourceCount, "resource")}`);
    done.problems.push(...(await destroy(task, failures)));
  }
  terminal.progress(`${stack}: listing the account's keys`);
  const limit = world.stop.aborted ? AbortSignal.timeout(LAST_LIST_MS) : undefined;
  done.keys.push(...verify(now.keys, facts, await factsOf(accounts, now.keys, { signal: limit }), failures));
  const unpriced = done.keys.filter(
    ({ outcome, unusedCredits }) => outcome === "removed" && unusedCredits === null,
  );
  if (unpriced.length > 0) {
    terminal.note(
      `${stack}: how many credits ${counted(unpriced.length, "removed key")} returned is unknown: the account did not show them before.`,
    );
  }
  done.problems.push(...failures.except(new Set(now.keys.map(({ urn }) => urn))));
  if (world.stop.aborted) done.problems.push(INTERRUPTED);
  if (!isWhole(done)) return "failed";
  const after = await project.state(stack);
  if (after === undefined) return "removed";
  done.problems.push(...leftIn(after));
  if (!isWhole(done)) return "failed";
  if (!options.removeStack) return "cleaned";
  terminal.progress(`${stack}: removing the stack`);
  await project.remove(stack);
  return "removed";
}

/** What is left in the state. The engine's success is not enough: it also reports success after a Ctrl-C. */
function leftIn({ resourceCount, pendingCount }: Checkpoint): Problem[] {
  const { nextStep } = INTERRUPTED;
  if (resourceCount > 0)
    return [{ why: `The state still has ${counted(resourceCount, "resource")}.`, nextStep }];
  if (pendingCount > 0)
    return [{ why: `The state still has ${counted(pendingCount, "interrupted creation")}.`, nextStep }];
  return [];
}

/** @returns problems that concern no single resource. @throws BusyError. */
async function destroy(task: StackContext, failures: Failures): Promise<Problem[]> {
  const { project, stack, world } = task;
  let destroyed = 0;
  try {
    await project.destroy(stack, {
      interruption: world,
      clock: world.clock,
      onEvent: (event) => {
        failures.take(event);
        const progress = progressIn(event);
        if (progress !== undefined) world.terminal.progress(`${stack}: ${progress}`);
        if (event.resOutputsEvent !== undefined)
          world.terminal.tick(`${stack}: ${counted(++destroyed, "resource")} destroyed`);
      },
    });
    return [];
  } catch (error) {
    if (isLocked(error)) throw lockedError(task, holdersIn(String(error)), "was locked in the meantime");
    // The report shows failures of resources with the resources.
    return failures.any ? [] : [pulumiProblem("pulumi destroy failed", error)];
  }
}
