import type { Sequence, Step } from "./model";
import { playSequence, type Outcome } from "./run";

/** Drops steps, resources, faults and settings while the same rule breaks. Each try plays the whole sequence. */
export async function shrink(outcome: Outcome, mostTries = 60): Promise<Outcome> {
  const rules = new Set(outcome.findings.map(({ rule }) => rule));
  let best = outcome;
  let tries = 0;
  for (let at = 0; tries < mostTries;) {
    const smaller = smallerSequences(best.sequence)[at];
    if (smaller === undefined) break;
    tries += 1;
    const tried = await playSequence(smaller);
    if (tried.findings.some(({ rule }) => rules.has(rule))) {
      // The candidates before `at` were tried, and are needed.
      best = {
        ...tried,
        sequence: { ...smaller, steps: smaller.steps.slice(0, tried.sequence.steps.length) },
      };
      continue;
    }
    at += 1;
  }
  return best;
}

function smallerSequences(sequence: Sequence): Sequence[] {
  const { steps } = sequence;
  const without = steps.map((_, at) => steps.toSpliced(at, 1));
  const withSmaller = steps.flatMap((step, at) =>
    smallerSteps(step).map((smaller) => steps.with(at, smaller)),
  );
  const usual = sequence.seed ? [{ ...sequence, seed: 0 }] : [];
  const fewer = (some: Step[]): Sequence => ({ ...sequence, steps: some });
  return [...usual, ...without.map(fewer), ...withSmaller.map(fewer)];
}

const OPTIONS = [
  "adopt",
  "triggerFrom",
  "account",
  "alias",
  "protect",
  "retain",
  "deleteBeforeReplace",
  "ignoreChanges",
  "replaceOnChanges",
] as const;

function smallerSteps(step: Step): Step[] {
  const smaller: Step[] = [];
  const faults = "faults" in step ? (step.faults ?? []) : [];
  for (const at of faults.keys()) smaller.push({ ...step, faults: faults.toSpliced(at, 1) } as Step);
  if (step.kind !== "up") return smaller;
  const { program, meanwhile, ...rest } = step;
  if (meanwhile !== undefined) smaller.push({ program, ...rest });
  for (const at of program.keys.keys())
    smaller.push({ ...step, program: { ...program, keys: program.keys.toSpliced(at, 1) } });
  if (program.rotating !== undefined) smaller.push({ ...step, program: { keys: program.keys } });
  for (const [at, key] of program.keys.entries()) {
    for (const setting of Object.keys(key.settings)) {
      const { [setting as keyof typeof key.settings]: _, ...settings } = key.settings;
      smaller.push({ ...step, program: { ...program, keys: program.keys.with(at, { ...key, settings }) } });
    }
    for (const option of OPTIONS) {
      const { [option]: value, ...others } = key;
      if (value === undefined) continue;
      smaller.push({ ...step, program: { ...program, keys: program.keys.with(at, others) } });
    }
  }
  for (const option of ["refresh", "target", "replace", "continueOnError", "serial"] as const) {
    const { [option]: value, ...others } = step;
    if (value !== undefined) smaller.push(others);
  }
  return smaller;
}
