import type { StackSummary } from "@pulumi/pulumi/automation";
import { isExactPattern, stackMatcher } from "../terminal/stackPattern";
import { shortName } from "../pulumi/names";

/** Selects stacks for `cleanup`. */
export interface StackFilter {
  /** Patterns. Default: every stack of the project. */
  stack?: readonly string[];
  except?: readonly string[];
  /** A duration in milliseconds. */
  olderThan?: number;
  includeProduction?: boolean;
}

export interface Selection {
  stacks: readonly StackSummary[];
  /** Matches only wildcards, and the name looks like production. Left alone. */
  leftOut: readonly string[];
  /** The number of matching stacks that were updated too recently. */
  youngCount: number;
  /** Patterns of `--stack` that match no stack, perhaps because it was cleaned up before. */
  unmatched: readonly string[];
  /** Patterns of `--except` that match no stack. */
  uselessExceptions: readonly string[];
}

/** @param project the project of stacks that are listed without it. */
export function selectStacks(
  listed: readonly StackSummary[],
  filter: StackFilter,
  { project, nowMs }: { project: string; nowMs: number },
): Selection {
  const { stack: patterns = ["*"], except = [], includeProduction = false } = filter;
  const isNamed = stackMatcher(patterns.filter(isExactPattern), project);
  const isChosen = stackMatcher(patterns, project);
  const isExcepted = stackMatcher(except, project);
  const matching = listed.filter(({ name }) => isChosen(name) && !isExcepted(name));
  const old = matching.filter((summary) => isOld(summary, filter, nowMs));
  const isLeftOut = ({ name }: StackSummary) =>
    !includeProduction && looksLikeProduction(name) && !isNamed(name);
  const matchesNone = (pattern: string) => !listed.some(({ name }) => stackMatcher([pattern], project)(name));
  return {
    stacks: old.filter((summary) => !isLeftOut(summary)),
    leftOut: old.filter(isLeftOut).map(({ name }) => name),
    youngCount: matching.filter((summary) => !isLeftOut(summary) && !old.includes(summary)).length,
    unmatched: (filter.stack ?? []).filter(matchesNone),
    uselessExceptions: except.filter(matchesNone),
  };
}

/** Wildcards do not match these names, so that a pattern for throw-away stacks never reaches them by accident. */
function looksLikeProduction(stack: string): boolean {
  return /^(?:prod.*|live|main)$/i.test(shortName(stack));
}

/** A stack that was never updated has no resources, and may have just been created. */
function isOld({ lastUpdate }: StackSummary, { olderThan }: StackFilter, nowMs: number): boolean {
  return olderThan === undefined || (lastUpdate !== undefined && nowMs - Date.parse(lastUpdate) > olderThan);
}
