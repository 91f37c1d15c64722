import { InvalidArgumentError } from "commander";

/**
 * Whether a stack matches one of the patterns. A pattern is `stack`, `organization/stack` or `organization/project/stack`, as
 * Pulumi writes stacks; a missing part matches anything. `*` matches any characters of a part, `?` one, `[a-z]` one of several:
 * git forbids these in branch names, so no branch is a pattern. Other characters match themselves.
 *
 * @param project the project of stacks that are listed without it.
 * @throws InvalidArgumentError for an invalid pattern.
 */
export function stackMatcher(patterns: readonly string[], project?: string): (stack: string) => boolean {
  const parsed = patterns.map(parsePattern);
  return (stack) => {
    const parts = fullNameOf(stack, project);
    return parsed.some((pattern) => pattern.every((part, at) => fits(part, parts[at] ?? "")));
  };
}

/** Whether the pattern names its stack without wildcards. */
export function isExactPattern(pattern: string): boolean {
  return !/[*?[][^/]*$/.test(pattern);
}

const HOW_TO_WRITE_A_PATTERN =
  "Write a stack, organization/stack or organization/project/stack; * stands for any characters, ? for one, [a-z] for one of these.";

const ANY_RUN = Symbol("*");

/** Matches one character, or any number of characters. */
type Token = typeof ANY_RUN | ((character: string) => boolean);

/** The patterns of an organization, a project and a stack. */
function parsePattern(pattern: string): Token[][] {
  const parts = pattern.split("/");
  const [stack = "", ...outer] = parts.toReversed();
  if (parts.length > 3 || parts.includes("")) throw new InvalidArgumentError(HOW_TO_WRITE_A_PATTERN);
  const [project = "*", organization = "*"] = outer.length === 1 ? ["*", ...outer] : outer;
  return [organization, project, stack].map(parsePart);
}

function parsePart(part: string): Token[] {
  const tokens: Token[] = [];
  // Matches a class, or else a single character.
  for (const [text] of part.matchAll(/\[[^\]]*\]|[^]/gu)) {
    if (text === "*") tokens.push(ANY_RUN);
    else if (text === "?") tokens.push(() => true);
    else if (text.startsWith("[")) tokens.push(parseClass(text));
    else tokens.push((character) => character === text);
  }
  return tokens;
}

function parseClass(text: string): Token {
  const members = text.slice(1, -1);
  if (text === "[" || members === "") throw new InvalidArgumentError(HOW_TO_WRITE_A_PATTERN);
  if (/^[!^]/.test(members)) throw new InvalidArgumentError("A class cannot be negated: use --except.");
  const ranges = [...members.matchAll(/([^])-([^])|([^])/gu)].map(
    ([, from, to, single = ""]) => [from ?? single, to ?? single] as const,
  );
  if (ranges.some(([from, to]) => codeOf(from) > codeOf(to)))
    throw new InvalidArgumentError(HOW_TO_WRITE_A_PATTERN);
  return (character) =>
    ranges.some(([from, to]) => codeOf(from) <= codeOf(character) && codeOf(character) <= codeOf(to));
}

function codeOf(character: string): number {
  return character.codePointAt(0) ?? 0;
}

/** Follows all paths through the tokens at once, so that many stars take no longer. */
function fits(tokens: readonly Token[], text: string): boolean {
  let reached = new Set<number>();
  const reach = (at: number) => {
    reached.add(at);
    if (tokens[at] === ANY_RUN) reach(at + 1);
  };
  reach(0);
  for (const character of text) {
    const before = reached;
    reached = new Set();
    for (const at of before) {
      const token = tokens[at];
      if (token === ANY_RUN) reach(at);
      else if (token?.(character) === true) reach(at + 1);
    }
  }
  return reached.has(tokens.length);
}

/** Self-managed backends have a single organization, named `organization`. */
function fullNameOf(stack: string, project: string | undefined): string[] {
  const parts = stack.split("/");
  if (parts.length === 1 && project !== undefined) return ["organization", project, stack];
  return parts.length === 2 ? [parts[0] ?? "", project ?? "", parts[1] ?? ""] : ["", "", ...parts].slice(-3);
}
