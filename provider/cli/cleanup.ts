import type { StackSummary } from "@pulumi/pulumi/automation";
import { EXIT, type ExitCode } from "./exit";
import type { PulumiProject } from "./pulumi/project";
import { creditsOf, keyTable, problemLines, problemsOf, sumOfCredits, type ReportHead } from "./report";
import { cleanStack, type StackReport } from "./stack/cleanStack";
import { listStacks, type Restoration } from "./stack/repair";
import { shortName } from "./stack/task";
import { openWorkplace, type StackCommandOptions } from "./stack/workplace";
import { stackMatcher } from "./terminal/options";
import { counted, credits } from "./terminal/table";
import type { World } from "./world";

export interface CleanupOptions extends StackCommandOptions {
  /** Patterns; none: every stack of the project. */
  stack?: readonly string[];
  except?: readonly string[];
  olderThan?: number;
  removeStack?: boolean;
  yes?: boolean;
  json?: boolean;
}

interface CleanupReport extends ReportHead {
  stacks: readonly StackReport[];
  creditsReturned: number;
  /** States that were cut off, and are older copies since. */
  restored?: readonly Restoration[];
}

/** Cleans up every matching stack of a project, one after the other. A failure of one does not stop the others. */
export async function cleanup(options: CleanupOptions, world: World): Promise<ExitCode> {
  const { terminal, stop } = world;
  const dryRun = options.yes !== true;
  const { project, projectName, taskFor } = await openWorkplace(options, world);
  const fits = matcherOf(options, projectName);
  const restored: Restoration[] = [];
  const listed = await listStacks(project, world, {
    mayRestore: (stack) => fits(shortName(stack)),
    onRestored: (restoration) => restored.push(restoration),
    dryRun,
    breakLocksOlderThanMs: options.breakLocksOlderThan,
  });
  noteIdle(options.except ?? [], listed, projectName, world);
  const stacks = listed.filter(
    (summary) => fits(summary.name) && isOld(summary, options, world.clock.nowMs()),
  );
  const reports: StackReport[] = [];
  for (const [at, summary] of stacks.entries()) {
    if (stop.aborted) {
      reports.push(notBegun(summary));
      continue;
    }
    terminal.progress(`Stack ${at + 1} of ${stacks.length}: ${summary.name}`);
    const report = await cleanStack(taskFor(summary.name), summary, {
      dryRun,
      removeStack: options.removeStack === true,
      olderThanMs: options.olderThan,
    });
    reports.push(report);
    if (options.json !== true) terminal.result(stackText(report));
  }
  await reselect(project, listed, reports);
  const exitCode = exitCodeOf(reports);
  const creditsReturned = sumOfCredits(reports.map((report) => report.creditsReturned));
  const report: CleanupReport = {
    command: "cleanup",
    dryRun,
    exitCode,
    stacks: reports,
    creditsReturned,
    ...(restored.length > 0 ? { restored } : {}),
  };
  if (options.json === true) terminal.json(report);
  else terminal.result(summaryText(report));
  return exitCode;
}

function matcherOf(
  { stack: patterns = ["*"], except = [] }: CleanupOptions,
  project: string,
): (stack: string) => boolean {
  const fits = stackMatcher(patterns, project);
  const isExcepted = stackMatcher(except, project);
  return (stack) => fits(stack) && !isExcepted(stack);
}

/** An exception that leaves nothing out may be misspelt. */
function noteIdle(
  except: readonly string[],
  listed: readonly StackSummary[],
  project: string,
  { terminal }: World,
): void {
  for (const pattern of except) {
    const matches = stackMatcher([pattern], project);
    if (!listed.some(({ name }) => matches(name))) terminal.note(`--except ${pattern} fits no stack.`);
  }
}

/** A stack that was never updated holds nothing, and may have been made a moment ago. */
function isOld({ lastUpdate }: StackSummary, { olderThan }: CleanupOptions, nowMs: number): boolean {
  return olderThan === undefined || (lastUpdate !== undefined && nowMs - Date.parse(lastUpdate) > olderThan);
}

/** Leaves the stack selected that the person had selected. */
async function reselect(
  project: PulumiProject,
  listed: readonly StackSummary[],
  reports: readonly StackReport[],
): Promise<void> {
  const removed = new Set(reports.filter(({ outcome }) => outcome === "removed").map(({ stack }) => stack));
  const selected = listed.find(({ current }) => current)?.name;
  if (removed.size === 0 || selected === undefined || removed.has(selected)) return;
  // A convenience: the stacks are clean whether or not it succeeds.
  await project.select(selected).catch(() => {});
}

function notBegun({ name, lastUpdate }: StackSummary): StackReport {
  return {
    stack: name,
    lastUpdate: lastUpdate ?? null,
    outcome: "failed",
    keys: [],
    otherResources: 0,
    creditsReturned: 0,
    problems: [{ why: "The command was interrupted before this stack.", nextStep: "Run it again." }],
  };
}

function exitCodeOf(reports: readonly StackReport[]): ExitCode {
  const isIdle = ({ outcome }: StackReport) => outcome === "busy" || outcome === "refused";
  if (reports.length > 0 && reports.every(isIdle)) return EXIT.refused;
  const isWhole = reports.every(
    (report) => report.outcome !== "failed" && !isIdle(report) && report.problems.length === 0,
  );
  return isWhole ? EXIT.done : EXIT.failedInPart;
}

const OUTCOME_WORDS: Record<StackReport["outcome"], string> = {
  planned: "would be cleaned up",
  cleaned: "cleaned up",
  removed: "cleaned up, and the stack removed",
  gone: "is not there any more",
  "too-young": "was updated meanwhile, and is left alone",
  busy: "somebody else works on it; nothing was done",
  refused: "nothing was done",
  failed: "FAILED in part",
};

function stackText(report: StackReport): string {
  const { stack, outcome, keys, otherResources, creditsReturned: returned, problems } = report;
  const updated = report.lastUpdate === null ? "never updated" : `last updated ${report.lastUpdate}`;
  const rest = [
    counted(keys.length, "key"),
    ...(otherResources > 0 ? [counted(otherResources, "other resource")] : []),
    ...(returned > 0 ? [`${credits(returned)} credits returned`] : []),
  ];
  const lines = [`${stack} (${updated}): ${OUTCOME_WORDS[outcome]}; ${rest.join(", ")}`];
  if (keys.length > 0) lines.push(keyTable(keys).replace(/^/gm, "  "));
  const all = [...problems, ...problemsOf(keys)];
  if (all.length > 0) lines.push(problemLines(all));
  return lines.join("\n");
}

function summaryText({ dryRun, stacks, creditsReturned: returned }: CleanupReport): string {
  if (stacks.length === 0) return "No stack matches: nothing to do.";
  const keys = stacks.flatMap((stack) => stack.keys);
  if (dryRun) {
    const planned = keys.filter(({ outcome }) => outcome === "would-remove");
    const unclear = stacks.filter(
      (stack) =>
        (stack.outcome !== "planned" && stack.outcome !== "gone") ||
        stack.keys.some(({ outcome }) => outcome === "unknown"),
    ).length;
    const doubt = `what a run would remove in ${counted(unclear, "stack")} of ${stacks.length} is not fully known: see above`;
    if (planned.length === 0 && unclear > 0) return `Dry run: ${doubt}. Nothing was changed.`;
    const unused = credits(creditsOf(keys, "would-remove"));
    return `Dry run: ${counted(planned.length, "key")} of ${counted(stacks.length, "stack")} would be removed, and ${unused} unused credits returned${unclear > 0 ? `; ${doubt}` : ""}. Nothing was changed; add --yes to do it.`;
  }
  const removed = keys.filter(({ outcome }) => outcome === "removed").length;
  const failed = stacks.filter(({ outcome }) => ["failed", "busy", "refused"].includes(outcome)).length;
  const rest = failed === 0 ? "" : ` ${counted(failed, "stack")} of ${stacks.length} not done: see above.`;
  return `${counted(removed, "key")} removed, ${credits(returned)} credits returned.${rest}`;
}
