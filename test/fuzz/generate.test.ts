import { expect, it } from "vitest";
import { seededRandom } from "../chaos/random";
import { nextStep, type Situation, type StackSituation } from "./generate";
import type { KeySpec, Step } from "./model";

const program = {
  keys: [
    { resource: "k0", settings: { name: "alpha" } },
    { resource: "k1", settings: { expiresAt: "2031-01-01T00:00:00Z" } },
  ],
};

const healthy: StackSituation = {
  program,
  lastGood: program,
  hasFailed: false,
  excuse: undefined,
  resources: ["k0", "k1"],
  held: [{ label: "k0#1", resource: "k0", account: "main" }],
  strangers: [{ label: "legacy", account: "main" }],
};

function stepsFrom(own: Partial<StackSituation>): Step[] {
  const situation: Situation = { stacks: { a: { ...healthy, ...own }, b: { ...healthy, ...own } } };
  return Array.from({ length: 600 }, (_, seed) => {
    let names = 2;
    return nextStep(seededRandom(seed), situation, () => `k${names++}`);
  });
}

const usual = stepsFrom({});
const ups = usual.filter((step) => step.kind === "up");

/** The steps whose program has such a key. */
function withKey(isSuch: (key: KeySpec) => boolean): number {
  return ups.filter((step) => step.program.keys.some(isSuch)).length;
}

it("a seed always gives the same step", () => {
  expect(stepsFrom({})).toEqual(usual);
});

it("seeds reach every kind of step, and of change", () => {
  const reached = {
    ...Object.fromEntries(
      (["up", "refresh", "destroy", "stateDelete", "outside", "foreign"] as const).map((kind) => [
        kind,
        usual.filter((step) => step.kind === kind).length,
      ]),
    ),
    faults: ups.filter(({ faults }) => faults !== undefined).length,
    twoStacks: ups.filter(({ meanwhile }) => meanwhile !== undefined).length,
    held: ups.filter(({ faults }) => faults?.some(({ hold }) => hold)).length,
    rotation: ups.filter((step) => step.program.rotating !== undefined).length,
    explicitProvider: withKey(({ account }) => account === "main"),
    otherAccount: withKey(({ account }) => account === "team"),
    adoption: withKey(({ adopt }) => adopt === "legacy"),
    move: ups.filter(
      ({ program: { keys } }) =>
        keys.some(({ adopt }) => adopt === "k0#1") && keys.every(({ resource }) => resource !== "k0"),
    ).length,
    adoptionOfAHeldKey: ups.filter(
      ({ program: { keys } }) =>
        keys.some(({ adopt }) => adopt === "k0#1") && keys.some(({ resource }) => resource === "k0"),
    ).length,
    expiresAtToExpiresIn: withKey(({ resource, settings }) => resource === "k1" && "expiresIn" in settings),
  };
  expect(Object.entries(reached).filter(([, count]) => count === 0)).toEqual([]);
});

it("a failure is often followed by the same program, or by the one from before", () => {
  const tried = { keys: [{ resource: "k9", settings: {} }] };
  const after = stepsFrom({ hasFailed: true, program: tried });
  const programs = after.flatMap((step) => (step.kind === "up" ? [JSON.stringify(step.program)] : []));
  expect(programs.filter((text) => text === JSON.stringify(tried)).length).toBeGreaterThan(100);
  expect(programs.filter((text) => text === JSON.stringify(program)).length).toBeGreaterThan(100);
});
