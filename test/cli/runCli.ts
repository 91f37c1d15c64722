import { existsSync } from "node:fs";
import { join } from "node:path";

import { startCommand, type CommandResult, type RunningCommand } from "../support/command";
import { onTerminal } from "../support/pseudoTerminal";
import { REPOSITORY_ROOT, automationEnvironment } from "../support/engineEnvironment";

/** The command as it is shipped. */
const PROGRAM = join(REPOSITORY_ROOT, "dist", "cli", "main.js");

/** Far more than any command needs. */
const TIMEOUT_MS = 100_000;

export interface CliOptions {
  /** Where it runs. Default: the repository. */
  cwd?: string;
  /** Added to an environment that knows no account, no login and no proxy. */
  env?: NodeJS.ProcessEnv;
  /** Gives it a process group of its own. */
  detached?: boolean;
  /** What it reads on stdin. Default: nothing. */
  input?: string | undefined;
  /** Runs it on a terminal of this width. */
  columns?: number | undefined;
}

/** Starts `pulumi-electronhub` as a process of its own. */
export function startCli(
  args: readonly string[],
  { cwd = REPOSITORY_ROOT, env = {}, detached = false, input, columns }: CliOptions = {},
): RunningCommand {
  if (!existsSync(PROGRAM)) throw new Error(`There is no ${PROGRAM}: run \`npm run build\` first.`);
  const command = [process.execPath, PROGRAM, ...args];
  const [file = "", ...words] = columns === undefined ? command : onTerminal(columns, command);
  return startCommand(file, words, {
    cwd,
    env: { ...process.env, ...automationEnvironment({ NO_COLOR: "1" }), FORCE_COLOR: undefined, ...env },
    timeoutMs: TIMEOUT_MS,
    detached,
    ...(input === undefined ? {} : { input }),
  });
}

/** Runs it to its end. A failure is an exit code, not an error. */
export function runCli(args: readonly string[], options: CliOptions = {}): Promise<CommandResult> {
  return startCli(args, options).done;
}

/** What a command that was given `--json` has printed on stdout, which is nothing else. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- each caller knows its command's report
export function jsonOf<Report>({ stdout, output }: CommandResult): Report {
  try {
    return JSON.parse(stdout) as Report;
  } catch (error) {
    throw new Error(`The command printed no JSON:\n${output}`, { cause: error });
  }
}
