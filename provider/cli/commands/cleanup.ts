import type { Labels } from "../../lifecycle/labels";
import { formatDuration } from "../../util/duration";
import { EXIT, Refusal, UsageError, type ExitCode, type Problem } from "../problems";
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
import { selectStacks, type Selection, type StackFilter } from "../cleanup/selectStacks";
import { listStacks } from "../stack/listStacks";
import { openProject, type StackCommandOptions } from "../stack/stackContext";
import { labelsText } from "../terminal/labelsText";
import type { Block } from "../terminal/layout";
import { oneLine } from "../terminal/plainText";
import { shellWord } from "../terminal/shell";
import { counted, credits } from "../terminal/table";
import type { CommandContext } from "../commandContext";

export interface CleanupOptions extends StackCommandOptions, StackFilter {
  /** Only stacks whose keys all have these. */
  label?: Labels;
  removeStack?: boolean;
  yes?: boolean;
  json?: boolean;
}

interface CleanupReport extends ReportHead {
  stacks: readonly StackReport[];
  creditsReturned: number;
  /** Of `--label`. Absent: stacks are chosen without labels. */
  labels: Labels | undefined;
  /** Stacks that only wildcards match, and whose names look like production. */
  leftOut: readonly string[];
  /** Patterns of `--stack` that match no stack, perhaps because it was cleaned up before. */
  unmatched: readonly string[];
  /** Problems that concern no single stack. */
  problems: readonly Problem[];
}

/** Cleans up all matching stacks of a project, one after the other. Continues after a stack fails. */
export async function cleanup(options: CleanupOptions, world: CommandContext): Promise<ExitCode> {
  const { terminal } = world;
  const { removeStack = false } = options;
  const dryRun = options.yes !== true;
  if (!dryRun && options.stack === undefined)
    throw new UsageError(
      "--yes needs --stack: name the stacks, or write --stack '*' for all of the project.",
    );
  const context = await openProject(options, world);
  const { project, projectName } = context;
  const nowMs = world.clock.nowMs();
  const selection = selectStacks(await listStacks(project), options, { project: projectName, nowMs });
  const { stacks, leftOut, unmatched } = selection;
  for (const pattern of unmatched) terminal.note(matchesNone("--stack", pattern));
  const problems = selection.uselessExceptions.map(uselessException);
  if (problems[0] !== undefined && !dryRun) throw new Refusal(problems[0]);
  if (leftOut.length > 0) terminal.note(leftOutText(leftOut));
  const selected = removeStack && !dryRun ? await project.selected() : undefined;
  const reports: StackReport[] = [];
  for (const [at, summary] of stacks.entries()) {
    terminal.progress(`Stack ${at + 1} of ${stacks.length}: ${summary.name}`);
    const task = { ...context, stack: summary.name };
    const report = await cleanStack(task, summary, {
      dryRun,
      removeStack,
      olderThanMs: options.olderThan,
      labels: options.label,
    });
    if (report === undefined) continue;
    reports.push(report);
    if (options.json !== true) terminal.result(...stackText(report));
  }
  await reselect(project, selected, reports);
  const report: CleanupReport = {
    command: "cleanup",
    dryRun,
    exitCode: problems.length > 0 ? EXIT.failedInPart : exitCodeOf(reports, world),
    stacks: reports,
    creditsReturned: sumOfCredits(reports.map((done) => done.creditsReturned)),
    labels: options.label,
    leftOut,
    unmatched,
    problems,
  };
  if (options.json === true) terminal.json(report);
  else {
    const summary = reports.length > 0 ? summaryText(report, options) : nothingText(selection, options);
    terminal.result(summary, ...problemLines(problems));
  }
  return report.exitCode;
}

function matchesNone(option: string, pattern: string): string {
  return `${option} ${shellWord(pattern)} matches no stack of the project.`;
}

/** The stack that the exception is meant to protect may have another name. */
function uselessException(pattern: string): Problem {
  return {
    why: matchesNone("--except", pattern),
    nextStep: "See `pulumi stack ls` for their names, and correct the exception or leave it out.",
  };
}

function leftOutText(stacks: readonly string[]): string {
  const [names, it] = [
    oneLine(stacks.join(", ")),
    stacks.length === 1 ? "its name looks" : "their names look",
  ];
  return `Left alone, because ${it} like production: ${names}. To include such stacks, write their names without wildcards, or add --include-production.`;
}

/** Selects the user's stack again: Pulumi forgets the selection whenever a stack is removed. */
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

const NOT_DONE: ReadonlySet<StackReport["outcome"]> = new Set(["failed", "busy", "refused"]);

function exitCodeOf(reports: readonly StackReport[], { changes }: CommandContext): ExitCode {
  const isNotDone = ({ outcome }: StackReport) => NOT_DONE.has(outcome);
  if (reports.length > 0 && changes.count === 0 && reports.every(isNotDone)) return EXIT.refused;
  const isDone = reports.every((report) => !isNotDone(report) && report.problems.length === 0);
  return isDone ? EXIT.done : EXIT.failedInPart;
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

function stackText(report: StackReport): Block[] {
  const { stack, outcome, keys, otherResources, creditsReturned: returned, problems } = report;
  const updated = report.lastUpdate === null ? "never updated" : `last updated ${report.lastUpdate}`;
  const rest = [
    ...(outcome === "refused" && keys.length === 0 ? [] : [counted(keys.length, "key")]),
    ...(otherResources > 0 ? [counted(otherResources, "other resource")] : []),
    ...(returned > 0 ? [`${credits(returned)} returned`] : []),
  ];
  const facts = [OUTCOME_WORDS[outcome], rest.join(", ")].filter((fact) => fact !== "").join("; ");
  const title = `${oneLine(`${stack} (${updated})`)}: ${facts}`;
  const table = keys.length > 0 ? [keyTable(keys, 2)] : [];
  return [title, ...table, ...problemLines([...problems, ...problemsOf(keys)])];
}

/** Why no stack is cleaned up. */
function nothingText(
  { stacks, youngCount, leftOut, unmatched }: Selection,
  { label, olderThan }: CleanupOptions,
): string {
  if (stacks.length > 0)
    return `No key of ${counted(stacks.length, "stack")} has ${labelled(label)}. Nothing to do.`;
  if (leftOut.length > 0) return "No other stack matches: nothing to do.";
  if (youngCount === 0 || olderThan === undefined)
    return unmatched.length > 0 ? "Nothing to do." : "No stack matches: nothing to do.";
  const match = youngCount === 1 ? "1 stack matches" : `${youngCount} stacks match`;
  return `${match}, but none was last updated more than ${formatDuration(olderThan)} ago. Nothing to do.`;
}

function labelled(labels: Labels | undefined): string {
  return `the labels ${labelsText(labels)}`;
}

function summaryText(
  { dryRun, stacks, creditsReturned: returned, labels }: CleanupReport,
  { stack: patterns }: CleanupOptions,
): string {
  const keys = stacks.flatMap((stack) => stack.keys);
  const chosen = labels === undefined ? "" : ` with ${labelled(labels)}`;
  const ofAll = (count: number) => `${counted(count, "stack")} of ${stacks.length}`;
  if (stacks.every(({ outcome }) => outcome === "refused")) return "Nothing was changed.";
  if (!dryRun) {
    const removed = keys.filter(({ outcome }) => outcome === "removed").length;
    const failed = stacks.filter(({ outcome }) => NOT_DONE.has(outcome)).length;
    const rest = failed === 0 ? "" : ` ${ofAll(failed)} not done: see above.`;
    return `${counted(removed, "key")}${chosen} removed, ${credits(returned)} returned.${rest}`;
  }
  const planned = keys.filter(({ outcome }) => outcome === "would-remove").length;
  const isUnclear = ({ outcome, keys: found }: StackReport) =>
    (outcome !== "planned" && outcome !== "gone") || found.some((key) => key.outcome === "unknown");
  const unclear = stacks.filter(isUnclear).length;
  const doubt = `what a run would remove in ${ofAll(unclear)} is not fully known: see above`;
  if (planned === 0 && unclear > 0) return `Dry run: ${doubt}. Nothing was changed.`;
  const unused = credits(creditsOf(keys, "would-remove"), "unused ");
  const how = patterns === undefined ? "--stack with the stacks' names, and --yes," : "--yes";
  return `Dry run: ${counted(planned, "key")} of ${counted(stacks.length, "stack")}${chosen} would be removed, and ${unused} returned${unclear > 0 ? `; ${doubt}` : ""}. Nothing was changed; add ${how} to do it.`;
}
