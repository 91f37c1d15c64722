import { InvalidArgumentError } from "commander";
import picomatch from "picomatch";
import { parseDurationMs } from "../../api/duration";

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

/** For an option that may be given several times. */
export function collected(text: string, earlier: readonly string[] = []): string[] {
  if (text === "") throw new InvalidArgumentError("It must not be empty.");
  return [...earlier, text];
}

/**
 * Whether a stack's name fits one of the patterns (https://github.com/micromatch/picomatch). A name that is qualified, as
 * `organization/project/stack`, fits by its last part too.
 */
export function stackMatcher(patterns: readonly string[]): (stack: string) => boolean {
  const matchers = patterns.map((pattern) => picomatch(pattern, { dot: true }));
  return (stack) => {
    const last = stack.slice(stack.lastIndexOf("/") + 1);
    return matchers.some((matches) => matches(stack) || matches(last));
  };
}
