import type { StackSummary } from "@pulumi/pulumi/automation";
import { formatDuration } from "../../util/duration";
import { EXIT, Refusal, type ExitCode, type Problem } from "../problems";
import type { PulumiProject } from "../pulumi/project";
import {
  creditsOf,
  keyTable,
  problemLines,
  problemsOf,
  sumOfCredits,
  type ReportHead,
} from "../terminal/report";
import { cleanStack, type StackReport } from "../cleanup/cleanStack";
import { listStacks } from "../stack/listStacks";
import { setUpCommand, type StackCommandOptions } from "../stack/commandSetup";
import { stackMatcher } from "../terminal/stackPattern";
import { oneLine } from "../terminal/plainText";
import { shellWord } from "../terminal/shell";
import { counted, credits } from "../terminal/table";
import type { CommandContext } from "../commandContext";

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
  /** Patterns of `--stack` that match no stack: it may be cleaned up already. */
  unmatched: readonly string[];
  /** Of the command as a whole. */
  problems: readonly Problem[];
}

/** Cleans up all matching stacks of a project, one after the other. A failure of one does not stop the others. */
export async function cleanup(options: CleanupOptions, world: CommandContext): Promise<ExitCode> {
  const { terminal, stop } = world;
  const dryRun = options.yes !== true;
  const { project, projectName, taskFor } = await setUpCommand(options, world);
  const fits = matcherOf(options, projectName);
  const listed = await listStacks(project);
  const isIdle = (pattern: string) => !listed.some(({ name }) => stackMatcher([pattern], projectName)(name));
  const unmatched = (options.stack ?? []).filter(isIdle);
  for (const pattern of unmatched) terminal.note(`--stack ${shellWord(pattern)} matches no stack.`);
  const problems = (options.except ?? []).filter(isIdle).map(idleException);
  if (problems[0] !== undefined && !dryRun) throw new Refusal(problems[0]);
  const matching = listed.filter(({ name }) => fits(name));
  const stacks = matching.filter((summary) => isOld(summary, options, world.clock.nowMs()));
  const selected = options.removeStack === true && !dryRun ? await project.selected() : undefined;
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
  await reselect(project, selected, reports);
  const exitCode = problems.length > 0 ? EXIT.failedInPart : exitCodeOf(reports, world);
  const creditsReturned = sumOfCredits(reports.map((report) => report.creditsReturned));
  const report: CleanupReport = {
    command: "cleanup",
    dryRun,
    exitCode,
    stacks: reports,
    creditsReturned,
    unmatched,
    problems,
  };
  if (options.json === true) terminal.json(report);
  else if (stacks.length > 0) terminal.result(summaryText(report));
  else terminal.result([nothingText(matching.length, options), problemLines(problems)].join("\n").trimEnd());
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

/** The stack that the exception protects may have another name. */
function idleException(pattern: string): Problem {
  return {
    why: `--except ${shellWord(pattern)} matches no stack of the project.`,
    nextStep: "See `pulumi stack ls` for their names, and correct the exception or leave it out.",
  };
}

/** A stack that was never updated has no resources, and may have just been created. */
function isOld({ lastUpdate }: StackSummary, { olderThan }: CleanupOptions, nowMs: number): boolean {
  return olderThan === undefined || (lastUpdate !== undefined && nowMs - Date.parse(lastUpdate) > olderThan);
}

/** Selects the user's stack again: Pulumi forgets the selection when any stack is removed. */
async function reselect(
  project: PulumiProject,
  selected: string | undefined,
  reports: readonly StackReport[],
): Promise<void> {
  const removed = new Set(reports.filter(({ outcome }) => outcome === "removed").map(({ stack }) => stack));
  if (removed.size === 0 || selected === undefined || removed.has(selected)) return;
  // The stacks are clean even if this fails.
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

function exitCodeOf(reports: readonly StackReport[], { changes }: CommandContext): ExitCode {
  const isIdle = ({ outcome }: StackReport) => outcome === "busy" || outcome === "refused";
  const isIdleOrFailed = (report: StackReport) => isIdle(report) || report.outcome === "failed";
  if (reports.length > 0 && changes.count === 0 && reports.every(isIdleOrFailed)) return EXIT.refused;
  const isWhole = reports.every(
    (report) => report.outcome !== "failed" && !isIdle(report) && report.problems.length === 0,
  );
  return isWhole ? EXIT.done : EXIT.failedInPart;
}

const OUTCOME_WORDS: Record<StackReport["outcome"], string> = {
  planned: "would be cleaned up",
  cleaned: "cleaned up",
  removed: "cleaned up, and the stack removed",
  gone: "no longer exists",
  "too-young": "was updated meanwhile, and is left alone",
  busy: "another process works on it; nothing was done",
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
  const lines = [`${oneLine(`${stack} (${updated})`)}: ${OUTCOME_WORDS[outcome]}; ${rest.join(", ")}`];
  if (keys.length > 0) lines.push(keyTable(keys).replace(/^/gm, "  "));
  const all = [...problems, ...problemsOf(keys)];
  if (all.length > 0) lines.push(problemLines(all));
  return lines.join("\n");
}

/** Why no stack is cleaned up. */
function nothingText(count: number, { olderThan }: CleanupOptions): string {
  if (count === 0 || olderThan === undefined) return "No stack matches: nothing to do.";
  const match = count === 1 ? "1 stack matches" : `${count} stacks match`;
  return `${match}, but none was last updated more than ${formatDuration(olderThan)} ago. Nothing to do.`;
}

function summaryText({ dryRun, stacks, creditsReturned: returned, problems }: CleanupReport): string {
  const told = problems.length > 0 ? `\n${problemLines(problems)}` : "";
  const keys = stacks.flatMap((stack) => stack.keys);
  if (dryRun) {
    if (stacks.every(({ outcome }) => outcome === "refused")) return `Nothing was changed.${told}`;
    const planned = keys.filter(({ outcome }) => outcome === "would-remove");
    const unclear = stacks.filter(
      (stack) =>
        (stack.outcome !== "planned" && stack.outcome !== "gone") ||
        stack.keys.some(({ outcome }) => outcome === "unknown"),
    ).length;
    const doubt = `what a run would remove in ${counted(unclear, "stack")} of ${stacks.length} is not fully known: see above`;
    if (planned.length === 0 && unclear > 0) return `Dry run: ${doubt}. Nothing was changed.${told}`;
    const unused = credits(creditsOf(keys, "would-remove"));
    return `Dry run: ${counted(planned.length, "key")} of ${counted(stacks.length, "stack")} would be removed, and ${unused} unused credits returned${unclear > 0 ? `; ${doubt}` : ""}. Nothing was changed; add --yes to do it.${told}`;
  }
  const removed = keys.filter(({ outcome }) => outcome === "removed").length;
  const failed = stacks.filter(({ outcome }) => ["failed", "busy", "refused"].includes(outcome)).length;
  const rest = failed === 0 ? "" : ` ${counted(failed, "stack")} of ${stacks.length} not done: see above.`;
  return `${counted(removed, "key")} removed, ${credits(returned)} credits returned.${rest}`;
}
