import { EXIT, Refusal, type ExitCode, type Problem } from "../problems";
import { noStackError } from "../pulumi/command";
import type { PulumiProject } from "../pulumi/project";
import {
  creditsReturned,
  isWhole,
  keyTable,
  problemLines,
  problemsOf,
  type KeyReport,
  type ReportHead,
} from "../terminal/report";
import { breakOldLocks } from "../stack/stackLock";
import { recoverStack } from "../recovery/recoverStack";
import { listStacks } from "../stack/listStacks";
import { requireKnownTypes } from "../stack/unknownTypes";
import { clockAheadMs, StackAccounts } from "../account/stackAccounts";
import { openProject, type StackCommandOptions } from "../stack/stackContext";
import type { Block } from "../terminal/layout";
import { counted, credits } from "../terminal/table";
import type { CommandContext } from "../commandContext";

export interface RecoverOptions extends StackCommandOptions {
  /** Default: the selected stack. */
  stack?: string;
  yes?: boolean;
  json?: boolean;
}

interface RecoverReport extends ReportHead {
  stack: string;
  keys: readonly KeyReport[];
  /** The number of interrupted creations that were cleared from the state. */
  cleared: number;
  creditsReturned: number;
  problems: readonly Problem[];
}

/** Removes the keys that crashed runs of one stack have left behind. Changes nothing else of the stack. */
export async function recover(options: RecoverOptions, world: CommandContext): Promise<ExitCode> {
  const { terminal } = world;
  const context = await openProject(options, world);
  const { project } = context;
  const stack = await existingStack(project, options.stack);
  const task = { ...context, stack };
  const state = async () => {
    const found = await project.state(stack);
    if (found === undefined) throw noStackError(stack);
    return found;
  };
  terminal.progress(`${stack}: reading its state`);
  const before = await state();
  requireKnownTypes(new Map([[stack, before.unknownTypes]]));
  const dryRun = options.yes !== true;
  const accounts = new StackAccounts(task);
  if (!dryRun) await breakOldLocks(task, () => clockAheadMs(accounts, before.keys));
  const checkpoints = { before, now: dryRun ? before : await state() };
  const recovery = await recoverStack(task, accounts, checkpoints, {
    dryRun,
    removesDelivered: false,
  });
  const { keys, cleared, problems } = recovery;
  const report: RecoverReport = {
    command: "recover",
    dryRun,
    exitCode: isWhole(recovery) ? EXIT.done : EXIT.failedInPart,
    stack,
    keys,
    cleared,
    creditsReturned: creditsReturned(keys),
    problems,
  };
  if (options.json === true) terminal.json(report);
  else terminal.result(...blocksOf(report, before.pendingCount > 0));
  return report.exitCode;
}

async function existingStack(project: PulumiProject, wanted: string | undefined): Promise<string> {
  const stacks = await listStacks(project);
  if (wanted === undefined) {
    const selected = stacks.find(({ current }) => current);
    if (selected !== undefined) return selected.name;
    throw new Refusal({ why: "No stack is selected.", nextStep: "Name one with --stack." });
  }
  const names = stacks.map(({ name }) => name);
  if (names.includes(wanted)) return wanted;
  const [found, ...others] = names.filter((name) => name.endsWith(`/${wanted}`));
  if (found === undefined) throw noStackError(wanted);
  if (others.length === 0) return found;
  throw new Refusal({
    why: `Several stacks are named ${wanted}: ${[found, ...others].join(", ")}.`,
    nextStep: "Name one in full with --stack.",
  });
}

function blocksOf(report: RecoverReport, hasPending: boolean): Block[] {
  const { stack, dryRun, keys, cleared, creditsReturned: returned, problems } = report;
  const table = keys.length > 0 ? [keyTable(keys)] : [];
  const found = keys.length === 0 ? "no key was lost" : `${counted(keys.length, "lost key")} found`;
  const isDone = keys.length === 0 && !hasPending;
  const rest = dryRun
    ? `nothing was changed${isDone ? "" : "; add --yes to remove lost keys and to clear interrupted creations"}`
    : `${counted(cleared, "interrupted creation")} cleared, ${credits(returned)} returned`;
  return [...table, ...problemLines([...problems, ...problemsOf(keys)]), `${stack}: ${found}; ${rest}.`];
}
