import { isWholeKey } from "../../util/keyText";
import { redact } from "../../util/redact";
import { UsageError } from "../problems";

/**
 * Reads whole keys, one per line. Ignores spaces around a key, empty lines, repetitions and a byte order mark.
 *
 * @throws UsageError that names the line and does not repeat it.
 */
export function leakedKeys(text: string): string[] {
  if (text.includes("\0"))
    throw new UsageError(
      "stdin is not UTF-8 text, such as a file that PowerShell wrote as UTF-16: save it as UTF-8. Nothing was sent.",
    );
  const lines = text.split(/\r\n|\r|\n/).map((line) => line.trim());
  const keys = new Set<string>();
  for (const [at, line] of lines.entries()) {
    if (line === "") continue;
    if (!isWholeKey(line))
      throw new UsageError(`Line ${at + 1} on stdin ${faultOf(line)}. Nothing was sent.`);
    keys.add(line);
  }
  if (keys.size === 0) throw new UsageError("stdin is empty: it must have the leaked keys, one per line.");
  return [...keys];
}

function faultOf(line: string): string {
  if (/^pk-[0-9a-f]{16}$/.test(line)) return "is a fingerprint: select it with --fingerprint";
  if (line.startsWith("ek-proxy-"))
    return "is not a whole proxy key: paste all of it, and nothing else on its line";
  if (line.startsWith("ek-dev-")) return "is a DevPass key, which this command cannot revoke";
  if (line.startsWith("ek-")) {
    return "is an API key of an account, not a proxy key: regenerate it on the Electron Hub website";
  }
  return "is not a proxy key (ek-proxy-…)";
}

/** @throws UsageError, which does not repeat the argument, if one looks like a key. */
export function refuseKeysIn(args: readonly string[]): void {
  if (!args.some(looksLikeKey)) return;
  throw new UsageError(
    "An argument looks like a key. Shells keep arguments in their history, and the list of processes shows them: delete this command from the history. Nothing was sent. Pass leaked keys on stdin: `npx pulumi-electronhub revoke < FILE`.",
  );
}

function looksLikeKey(argument: string): boolean {
  return /(?:^|[=,;:\s"'])ek-/i.test(argument) || redact(argument) !== argument;
}
