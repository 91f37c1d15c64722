import { EXIT, Refusal, type ExitCode, type Problem } from "../problems";
import type { Checkpoint } from "../pulumi/checkpoint";
import { noStackError } from "../pulumi/command";
import type { PulumiProject } from "../pulumi/project";
import {
  creditsReturned,
  keyTable,
  problemLines,
  problemsOf,
  type KeyReport,
  type ReportHead,
} from "../terminal/report";
import { withStackLock } from "../stack/stackLock";
import { recoverStack } from "../recovery/recoverStack";
import { listStacks } from "../stack/listStacks";
import { StackAccounts } from "../account/stackAccounts";
import { setUpCommand, type StackCommandOptions } from "../stack/commandSetup";
import { counted, credits } from "../terminal/table";
import type { CommandContext } from "../commandContext";

export interface RecoverOptions extends StackCommandOptions {
  /** Default: the stack that is selected. */
  stack?: string;
  dryRun?: boolean;
  json?: boolean;
}

interface RecoverReport extends ReportHead {
  stack: string;
  keys: readonly KeyReport[];
  /** Interrupted creations that were cleared from the state. */
  cleared: number;
  creditsReturned: number;
  problems: readonly Problem[];
}

/** Removes the keys that crashed runs of one stack have left. Everything else of the stack stays as it is. */
export async function recover(options: RecoverOptions, world: CommandContext): Promise<ExitCode> {
  const { terminal } = world;
  const { project, taskFor } = await setUpCommand(options, world);
  const task = taskFor(await existingStack(project, options.stack));
  terminal.progress(`${task.stack}: reading its state`);
  const before = await project.state(task.stack);
  if (before === undefined) throw noStackError(task.stack);
  const accounts = new StackAccounts(task);
  const dryRun = options.dryRun === true;
  const recoverFrom = (now: Checkpoint) =>
    recoverStack(task, accounts, { before, now }, { dryRun, removesDelivered: false });
  const { keys, cleared, problems } = dryRun
    ? await recoverFrom(before)
    : await withStackLock(task, async () => {
        const now = await project.state(task.stack);
        if (now === undefined) throw noStackError(task.stack);
        return recoverFrom(now);
      });
  const isWhole = problems.length === 0 && keys.every(({ outcome }) => outcome !== "failed");
  const report: RecoverReport = {
    command: "recover",
    dryRun,
    exitCode: isWhole ? EXIT.done : EXIT.failedInPart,
    stack: task.stack,
    keys,
    cleared,
    creditsReturned: creditsReturned(keys),
    problems,
  };
  if (options.json === true) terminal.json(report);
  else terminal.result(textOf(report));
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
    nextStep: "Name one of them in full with --stack.",
  });
}

function textOf({
  stack,
  dryRun,
  keys,
  cleared,
  creditsReturned: returned,
  problems,
}: RecoverReport): string {
  const lines: string[] = [];
  if (keys.length > 0) lines.push(keyTable(keys));
  const all = [...problems, ...problemsOf(keys)];
  if (all.length > 0) lines.push(problemLines(all));
  const found = keys.length === 0 ? "no key was lost" : `${counted(keys.length, "lost key")} found`;
  const rest = dryRun
    ? "nothing was changed"
    : `${counted(cleared, "interrupted creation")} cleared, ${credits(returned)} credits returned`;
  lines.push(`${stack}: ${found}; ${rest}.`);
  return lines.join("\n");
}
