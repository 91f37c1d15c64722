import { expect } from "vitest";
import * as checking from "../../provider/lifecycle/check";
import * as comparing from "../../provider/lifecycle/diff";
import { parseDeclared, type Properties } from "../../provider/lifecycle/schema/inputs";
import { parseStored } from "../../provider/lifecycle/schema/state";

/** The pure verbs on properties as an engine passes them. */

export function check(stored: Properties, declared: Properties, context: checking.CheckContext) {
  return checking.check(parseStored(stored), declared, context);
}

export function diff(stored: Properties, declared: Properties) {
  const { changed, ...result } = comparing.diff(parseStored(stored), parseDeclared(declared));
  expect(result.changes || changed.length === 0).toBe(true);
  return result;
}

export function changedInputs(stored: Properties, declared: Properties) {
  return comparing.changedInputs(parseStored(stored), parseDeclared(declared));
}
