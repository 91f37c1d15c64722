import { adoptionsNeverWiden } from "./adoption";
import * as engine from "./engine";
import * as existence from "./existence";
import type { Evidence, Rule } from "./rule";
import { publishedKeysStayValid } from "./rotation";
import * as settings from "./settings";

export interface Finding {
  rule: string;
  /** The step; 0: the destroy at the end. */
  step: number;
  text: string;
}

const RULES: Readonly<Record<string, Rule>> = {
  adoptionsNeverWiden,
  ...existence,
  ...settings,
  publishedKeysStayValid,
  ...engine,
};

/** Checks a step against every rule. */
export function judge(evidence: Evidence): Finding[] {
  return Object.entries(RULES).flatMap(([rule, check]) =>
    check(evidence).map((text) => ({ rule, step: evidence.number, text })),
  );
}
