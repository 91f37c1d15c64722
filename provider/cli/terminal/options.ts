import { InvalidArgumentError, Option } from "commander";
import { HOW_TO_WRITE_A_RATE, parseRateLimit } from "../../api/rateLimit/rateText";
import { labelsFault, type Labels } from "../../lifecycle/labels";
import { parseDurationMs } from "../../util/duration";
import { UsageError } from "../problems";
import { stackMatcher } from "./stackPattern";

/** Parses a duration such as `90s`, `15m`, `24h` or `7d`. */
export function durationMs(text: string): number {
  const ms = parseDurationMs(text);
  if (ms === undefined) throw new InvalidArgumentError("Write a duration such as 90s, 15m, 24h or 7d.");
  return ms;
}

/** Parses a port. 0: any free port. */
export function port(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
    throw new InvalidArgumentError("Write a port from 0 to 65535.");
  return Number(text);
}

export function positiveCount(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new InvalidArgumentError("Write a whole number from 1 to 9999.");
  return Number(text);
}

/** Parses requests per time, such as `10/60s`. */
export function rate(text: string): { limit: number; windowMs: number } {
  const limit = parseRateLimit(text);
  if (limit === undefined) throw new InvalidArgumentError(HOW_TO_WRITE_A_RATE);
  return limit;
}

/** Parses a repeatable `name=value`. @throws UsageError, which does not repeat the text: it may hold a key. */
export function labels(text: string, earlier: Labels = {}): Labels {
  const at = text.indexOf("=");
  if (at === -1) throw new UsageError("--label takes name=value, such as owner=team-a.");
  const [name, value] = [text.slice(0, at), text.slice(at + 1)];
  const fault = labelsFault({ [name]: value });
  if (fault !== undefined) throw new UsageError(`--label ${fault}.`);
  if (Object.hasOwn(earlier, name) && earlier[name] !== value)
    throw new UsageError(`--label names ${JSON.stringify(name)} twice, and a key has one value of it.`);
  return { ...earlier, [name]: value };
}

/** Parses a SHA-256 in hexadecimal, as `audit --verify` prints it. */
export function lineHash(text: string): string {
  if (!/^[0-9a-f]{64}$/i.test(text))
    throw new InvalidArgumentError("Write the 64 hexadecimal digits that `audit --verify` printed.");
  return text.toLowerCase();
}

/** Refuses an empty text, which is most likely an unset variable. */
export function nonEmpty(text: string): string {
  if (/^[\s\p{Z}\p{C}]*$/u.test(text))
    throw new InvalidArgumentError("It is empty. Set its variable, or leave the option out.");
  return text;
}

/** Parses a pattern of a repeatable option. */
export function stackPatterns(text: string, earlier: readonly string[] = []): string[] {
  stackMatcher([text]);
  return [...earlier, text];
}

/** Makes an option refuse an empty value. */
export function refuseEmpty(option: Option): void {
  if (option.isBoolean()) return;
  const { parseArg: parse } = option;
  option.argParser((text: string, earlier: unknown) => {
    const value = nonEmpty(text);
    return parse === undefined ? value : parse(value, earlier);
  });
}

export function dirOption(): Option {
  return new Option(
    "--dir <folder>",
    "a folder of the project: its Pulumi.yaml is there or in a parent folder",
  ).default(".", "this folder");
}

export function accountOption(): Option {
  return new Option(
    "--stack <name>",
    "the stack whose settings to use, completed by the environment (default: the selected stack)",
  );
}

export function jsonOption(): Option {
  return new Option("--json", "print the report as JSON on stdout");
}

export function dryRunOption(): Option {
  return new Option("--dry-run", "only show what would be done, as without --yes").conflicts("yes");
}

export function settleOption(): Option {
  return new Option("--settle <duration>", "how long to wait for requests still in flight from a crashed run")
    .argParser(durationMs)
    .default(15_000, "15s");
}

export function breakLocksOption(): Option {
  return new Option(
    "--break-locks-older-than <duration>",
    "treat a stack's locks as abandoned if all are older, such as 6h: longer than any run takes (default: never)",
  ).argParser(durationMs);
}
