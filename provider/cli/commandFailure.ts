import type { CommanderError } from "commander";
import type { CommandContext } from "./commandContext";
import { EXIT, UsageError, isRefusal, problemOf, type ExitCode, type Problem } from "./problems";
import { oneLine } from "./terminal/plainText";
import type { Terminal } from "./terminal/terminal";

/** Reports why the whole command failed. */
export function failed(
  error: unknown,
  args: readonly string[],
  { changes, terminal }: CommandContext,
): ExitCode {
  const problem = problemOf(error);
  terminal.note(`${problem.why}\n${problem.nextStep}`);
  const isUsage = error instanceof UsageError;
  const isRefused = isRefusal(error) && changes.count === 0;
  return reported(
    isUsage ? EXIT.usage : isRefused ? EXIT.refused : EXIT.failedInPart,
    problem,
    args,
    terminal,
  );
}

/** Commander has printed the error on stderr already. */
export function misused(
  { code, message }: CommanderError,
  args: readonly string[],
  { terminal }: CommandContext,
): ExitCode {
  const why = code === "commander.help" ? "No command is given." : oneLine(message.replace(/^error: /, ""));
  return reported(EXIT.usage, problemOf(new UsageError(why)), args, terminal);
}

/** Prints the report for programs. */
function reported(
  exitCode: ExitCode,
  problem: Problem,
  args: readonly string[],
  terminal: Terminal,
): ExitCode {
  if (args.includes("--json")) {
    const command = args[0]?.startsWith("-") === false ? args[0] : null;
    terminal.json({ command, exitCode, problems: [problem] });
  }
  return exitCode;
}
