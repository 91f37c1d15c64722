import { CommanderError } from "commander";
import type { CommandContext } from "./commandContext";
import { EXIT, Refusal, UsageError, isRefusal, problemOf, type ExitCode } from "./problems";
import { oneLine } from "./terminal/plainText";

/** Reports why the whole command failed. */
export function failed(
  error: unknown,
  args: readonly string[],
  { changes, terminal }: CommandContext,
): ExitCode {
  const isMisuse = error instanceof CommanderError;
  const problem = problemOf(isMisuse ? new UsageError(misuseOf(error)) : error);
  const isUsage = isMisuse || error instanceof UsageError;
  const isRefused = isRefusal(error) && changes.count === 0;
  const exitCode = isUsage ? EXIT.usage : isRefused ? EXIT.refused : EXIT.failedInPart;
  // Commander has printed its own errors on stderr.
  if (!isMisuse) {
    const commands = error instanceof Refusal ? error.commands : [];
    const lines = problem.nextStep.split("\n");
    terminal.note(
      problem.why,
      ...lines.map((line) => (commands.includes(line.trim()) ? { copy: line } : line)),
    );
  }
  if (args.includes("--json")) {
    const command = args[0]?.startsWith("-") === false ? args[0] : null;
    terminal.json({ command, exitCode, problems: [problem] });
  }
  return exitCode;
}

function misuseOf({ code, message }: CommanderError): string {
  return code === "commander.help"
    ? "No command is given."
    : oneLine(withoutArguments(message).replace(/^error: /, ""));
}

/** Does not repeat arguments that no command takes: one may be a part of a key. */
export function withoutArguments(message: string): string {
  return message.replace(/(too many arguments .* but got \d+): [^]*?\.(?=\s*$)/, "$1.");
}
