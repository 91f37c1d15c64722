import type { StackSummary } from "@pulumi/pulumi/automation";
import { EXIT, type ExitCode } from "./exit";
import { PulumiProject } from "./pulumi/project";
import { keyTable, problemLines, problemsOf, type ReportHead } from "./report";
import { cleanStack, type StackReport } from "./stack/cleanStack";
import type { StackTask } from "./stack/task";
import { stackMatcher } from "./terminal/options";
import { counted, credits } from "./terminal/table";
import type { World } from "./world";

export interface CleanupOptions {
  dir: string;
  /** Patterns; none: every stack of the project. */
  stack?: readonly string[];
  except?: readonly string[];
  olderThan?: number;
  removeStack?: boolean;
  yes?: boolean;
  json?: boolean;
  settle: number;
  breakLocksOlderThan?: number;
}

interface CleanupReport extends ReportHead {
  stacks: readonly StackReport[];
  creditsReturned: number;
}

/** Cleans up every matching stack of a project, one after the other. A failure of one does not stop the others. */
export async function cleanup(options: CleanupOptions, world: World): Promise<ExitCode> {
  const { terminal, stop } = world;
  const dryRun = options.yes !== true;
  const project = await PulumiProject.open(options.dir);
  const projectName = await project.name();
  const { url: backendUrl } = await project.backend();
  const stacks = matching(await project.stacks(), options, world.clock.nowMs());
  const reports: StackReport[] = [];
  for (const [at, summary] of stacks.entries()) {
    if (stop.aborted) {
      reports.push(notBegun(summary));
      continue;
    }
    terminal.progress(`Stack ${at + 1} of ${stacks.length}: ${summary.name}`);
    const task: StackTask = {
      world,
      project,
      projectName,
      backendUrl,
      stack: summary.name,
      settleMs: options.settle,
      breakLocksOlderThanMs: options.breakLocksOlderThan,
    };
    const report = await cleanStack(task, summary, { dryRun, removeStack: options.removeStack === true });
    reports.push(report);
    if (options.json !== true) terminal.result(stackText(report));
  }
  const exitCode = exitCodeOf(reports);
  const creditsReturned = reports.reduce((sum, report) => sum + report.creditsReturned, 0);
  const report: CleanupReport = { command: "cleanup", dryRun, exitCode, stacks: reports, creditsReturned };
  if (options.json === true) terminal.json(report);
  else terminal.result(summaryText(report));
  return exitCode;
}

function matching(
  stacks: readonly StackSummary[],
  { stack: patterns = ["*"], except = [], olderThan }: CleanupOptions,
  nowMs: number,
): StackSummary[] {
  const fits = stackMatcher(patterns);
  const isExcepted = stackMatcher(except);
  return stacks.filter(({ name, lastUpdate }) => {
    if (!fits(name) || isExcepted(name)) return false;
    // A stack that was never updated holds nothing, and may have been made a moment ago.
    return (
      olderThan === undefined || (lastUpdate !== undefined && nowMs - Date.parse(lastUpdate) > olderThan)
    );
  });
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
  const outcomes = reports.map(({ outcome, problems }) =>
    problems.length > 0 && outcome === "planned" ? "failed" : outcome,
  );
  if (outcomes.length > 0 && outcomes.every((outcome) => outcome === "busy")) return EXIT.refused;
  const isWhole = outcomes.every((outcome) => outcome !== "failed" && outcome !== "busy");
  return isWhole ? EXIT.done : EXIT.failedInPart;
}

const OUTCOME_WORDS: Record<StackReport["outcome"], string> = {
  planned: "would be cleaned up",
  cleaned: "cleaned up",
  removed: "cleaned up, and the stack removed",
  gone: "is not there any more",
  busy: "somebody else works on it; nothing was done",
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
    const unused = planned.reduce((sum, key) => sum + (key.unusedCredits ?? 0), 0);
    return `Dry run: ${counted(planned.length, "key")} of ${counted(stacks.length, "stack")} would be removed, and ${credits(unused)} unused credits returned. Nothing was changed; add --yes to do it.`;
  }
  const removed = keys.filter(({ outcome }) => outcome === "removed").length;
  const failed = stacks.filter(({ outcome }) => outcome === "failed" || outcome === "busy").length;
  const rest = failed === 0 ? "" : ` ${counted(failed, "stack")} of ${stacks.length} not done: see above.`;
  return `${counted(removed, "key")} removed, ${credits(returned)} credits returned.${rest}`;
}
