import { leavesOutRestriction } from "../restrictions";
import { adoptersOf, wasTracked, type Rule } from "./rule";

/** A key of no stack is unchanged after an `up` whose only adopter leaves one of its restrictions out. */
export const adoptionsNeverWiden: Rule = (evidence) =>
  evidence.actions.flatMap(({ step }) => {
    if (step.kind !== "up" || evidence.actions.length > 1) return [];
    return [...evidence.before.keys.values()].flatMap((key) => {
      const { fingerprint } = key;
      if (wasTracked(evidence, fingerprint) || evidence.touched.has(fingerprint)) return [];
      const [adopter, ...others] = adoptersOf(step.program, evidence.labelOf(fingerprint));
      if (adopter === undefined || others.length > 0 || !leavesOutRestriction(adopter, key)) return [];
      return JSON.stringify(evidence.after.keys.get(fingerprint)) === JSON.stringify(key)
        ? []
        : [`${evidence.nameOf(fingerprint)} was adopted although the program leaves a restriction out`];
    });
  });
