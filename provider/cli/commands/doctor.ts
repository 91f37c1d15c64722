import { accountChecks } from "../checks/account";
import { checkText, ok, skipped, type Check } from "../checks/check";
import { backendCheck, folderChecks, stackCheck } from "../checks/environment";
import { cliCheck, needsOf, packageChecks, pluginChecks } from "../checks/machine";
import { sharedWindowChecks } from "../checks/sharedWindow";
import { stateCheck } from "../checks/state";
import { EXIT, type ExitCode } from "../problems";
import { programOf, projectFolder } from "../pulumi/folders";
import { PulumiProject } from "../pulumi/project";
import { counted } from "../terminal/table";
import type { CommandContext } from "../commandContext";

export interface DoctorOptions {
  dir: string;
  stack?: string;
  json?: boolean;
}

/** Checks this machine, Pulumi and the account. Changes nothing. */
export async function doctor(options: DoctorOptions, world: CommandContext): Promise<ExitCode> {
  const { terminal } = world;
  const checks: Check[] = [];
  for await (const check of checksOf(options, world)) {
    checks.push(check);
    if (options.json !== true) terminal.result(checkText(check));
  }
  const count = (wanted: Check["status"]) => checks.filter(({ status }) => status === wanted).length;
  const exitCode = count("error") > 0 || world.stop.aborted ? EXIT.failedInPart : EXIT.done;
  if (options.json === true) terminal.json({ command: "doctor", exitCode, checks });
  else terminal.result(`${counted(count("error"), "error")}, ${counted(count("warning"), "warning")}.`);
  return exitCode;
}

async function* checksOf({ dir, stack }: DoctorOptions, world: CommandContext): AsyncGenerator<Check> {
  let opening: Promise<PulumiProject> | undefined;
  const open = () => (opening ??= PulumiProject.open(dir, world.changes));
  const cli = await cliCheck();
  const project = cli.status === "error" ? undefined : await open().catch(() => undefined);
  const program = (await project?.program()) ?? programOf(projectFolder(dir), undefined);
  const { folder } = program;
  // The command does not start on a Node that is too old.
  yield* [ok("Node", process.versions.node), cli];
  const backend = cli.status === "error" ? cli : await backendCheck(open);
  if (backend !== cli) yield backend;
  const found = await stackCheck({ stack, dir }, world.environment, open);
  const { settings, isUnselected } = found;
  const isSame = backend.status === "error" && found.check.what === backend.what;
  yield isSame ? skipped(found.check.name, `see ${backend.name}`) : found.check;
  const state = found.stack === undefined ? undefined : await stateCheck(await open(), found.stack);
  if (state !== undefined) yield state.check;
  const needs = needsOf(program, state?.providers ?? []);
  if (cli.status !== "error") yield* pluginChecks(world.environment, program, needs);
  yield* packageChecks(folder, needs);
  yield* await sharedWindowChecks(settings, world);
  yield* await accountChecks(settings, { folder, isUnselected }, world);
  yield* await folderChecks(settings, folder, world.environment);
}
