import { errorField } from "../../util/errno";
import { quotable } from "../../util/redact";

/** Whether the error is the Automation API's error for a failed CLI command. */
export function isCommandFailure(error: unknown): boolean {
  return errorField(error, "commandResult") !== undefined;
}

/**
 * Extracts the reason from a CLI failure: the lines that begin with `error:`, and the list items below them. Never returns the
 * whole message: it contains the command's output, perhaps a state with its secrets.
 */
export function cliErrorText(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  if (!isCommandFailure(error)) return quotable(text, [], 2_000);
  const reasons: string[] = [];
  let isInReason = false;
  for (const line of text.split("\n")) {
    const [, reason] = /^\s*(?:stderr: )?error: (.+)$/.exec(line) ?? [];
    if (reason !== undefined) reasons.push(reason.trim());
    else if (isInReason && /^\s+\* /.test(line)) reasons.push(line.trim().slice(2));
    isInReason = reason !== undefined || (isInReason && /^\s+\* |^\s*$/.test(line));
  }
  const unique = [...new Set(reasons)].filter((line) => line !== "update failed");
  if (unique.length > 0) return quotable(unique.join("; "), [], 2_000);
  const [how = "no exit code"] = /exit code \d+|killed with \w+|was terminated/.exec(text) ?? [];
  return `the command printed no error (${how})`;
}
