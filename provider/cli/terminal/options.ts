import { InvalidArgumentError } from "commander";
import { parseDurationMs } from "../../util/duration";
import { stackMatcher } from "./stackPattern";

/** A duration such as `90s`, `15m`, `24h` or `7d`, in milliseconds. */
export function durationMs(text: string): number {
  const ms = parseDurationMs(text);
  if (ms === undefined) throw new InvalidArgumentError("Write a duration such as 90s, 15m, 24h or 7d.");
  return ms;
}

/** A port: 0 for any that is free. */
export function port(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
    throw new InvalidArgumentError("Write a port from 0 to 65535.");
  return Number(text);
}

export function positiveCount(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new InvalidArgumentError("Write a whole number from 1 to 9999.");
  return Number(text);
}

/** A text, which has something to read; one that is empty is most likely a variable that is not set. */
export function nonEmpty(text: string): string {
  if (/^[\s\p{Z}\p{C}]*$/u.test(text))
    throw new InvalidArgumentError(
      "It is empty. Set the variable that it comes from, or leave the option out.",
    );
  return text;
}

/** A pattern of stacks, of an option that may be given several times. */
export function stackPatterns(text: string, earlier: readonly string[] = []): string[] {
  stackMatcher([text]);
  return [...earlier, text];
}
