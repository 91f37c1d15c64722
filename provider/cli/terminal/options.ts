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

/** A text; one that is empty is most likely a variable that is not set. */
export function nonEmpty(text: string): string {
  if (text === "") throw new InvalidArgumentError("It must not be empty.");
  return text;
}

/** For an option that may be given several times. */
export function collected(text: string, earlier: readonly string[] = []): string[] {
  return [...earlier, nonEmpty(text)];
}

/**
 * Whether a stack fits one of the patterns (https://github.com/micromatch/picomatch). One without a slash is about the
 * stack's own name, one with slashes about as many parts of `organization/project/stack`, from the end.
 *
 * @param project of stacks that are listed by their own name alone.
 */
export function stackMatcher(patterns: readonly string[], project?: string): (stack: string) => boolean {
  const matchers = patterns.map((pattern) => ({
    parts: pattern.split("/").length,
    matches: picomatch(pattern, { dot: true }),
  }));
  return (stack) => {
    const parts = partsOf(stack, project);
    // One form only: what leaves out `prod` would fit `organization/project/prod` as a whole.
    return matchers.some(({ matches, parts: count }) => matches(parts.slice(-count).join("/")));
  };
}

/** A self-managed backend has no organizations, and calls its only one so. */
function partsOf(stack: string, project: string | undefined): string[] {
  const parts = stack.split("/");
  if (parts.length > 1 || project === undefined) return parts;
  return ["organization", project, stack];
}
