import { errorField } from "../../util/errno";
import { quotable } from "../../util/redact";

/** Whether a command of the CLI failed, as the Automation API tells it. */
export function isCommandFailure(error: unknown): boolean {
  return errorField(error, "commandResult") !== undefined;
}

/**
 * What the CLI says of a failure: its lines that begin with `error:`, and the points below them. Never the whole message,
 * which holds everything that the command printed, a state with its secrets perhaps.
 */
export function cliErrorText(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  if (!isCommandFailure(error)) return quotable(text, [], 2_000);
  const said: string[] = [];
  let isSaying = false;
  for (const line of text.split("\n")) {
    const [, begun] = /^\s*(?:stderr: )?error: (.+)$/.exec(line) ?? [];
    if (begun !== undefined) said.push(begun.trim());
    else if (isSaying && /^\s+\* /.test(line)) said.push(line.trim().slice(2));
    isSaying = begun !== undefined || (isSaying && /^\s+\* |^\s*$/.test(line));
  }
  const unique = [...new Set(said)].filter((line) => line !== "update failed");
  if (unique.length > 0) return quotable(unique.join("; "), [], 2_000);
  const [how = "it did not say why"] = /exit code \d+|killed with \w+|was terminated/.exec(text) ?? [];
  return `the command ended without a word (${how})`;
}
