import type { Random } from "../chaos/random";
import { endpointsFor, randomFaults } from "./faults";
import {
  OUTSIDE_CHANGES,
  type Endpoint,
  type Fault,
  type Program,
  type StackName,
  type Step,
  type Up,
} from "./model";
import { Mutation, type View } from "./mutate";

/** What the next step depends on. */
export interface Situation {
  /** By stack: what it declares, its resources, whether its last command failed and what its last good program was. */
  stacks: Readonly<Record<StackName, StackSituation>>;
}

export interface StackSituation extends View {
  program: Program;
  lastGood: Program | undefined;
  hasFailed: boolean;
  /** Why the last command was rightly refused. */
  excuse: string | undefined;
  /** Names of the resources in the state. */
  resources: readonly string[];
}

/** Chooses the next step. */
export function nextStep(random: Random, { stacks }: Situation, newName: () => string): Step {
  const stack: StackName = random.chance(0.85) ? "a" : "b";
  const own = stacks[stack];
  const on = stack === "a" ? {} : { stack };
  const { program, resources } = own;
  if (own.excuse !== undefined && random.chance(0.75)) return { ...on, ...wayOut(random, own) };
  if (own.hasFailed && random.chance(0.75)) return { ...on, ...heal(random, own) };
  const faultsAt = (likely: readonly Endpoint[]): { faults?: Fault[] } =>
    random.chance(0.5) ? { faults: randomFaults(random, likely) } : {};
  const roll = random.integer(0, 99);
  if (roll < 62 || resources.length === 0) {
    const next = new Mutation(random, program, own, newName).apply(random.pick([0, 1, 1, 1, 2, 2, 3]));
    if (next.rotating !== undefined) next.rotating.nowH += random.pick([0, 1, 12, 25, 73, 100]);
    const faults = faultsAt(endpointsFor(program, next));
    const up: Up = { kind: "up", ...on, program: next, ...faults, ...upOptions(random, resources) };
    return random.chance(0.12) ? beside(random, up, stack) : up;
  }
  if (roll < 70)
    return {
      kind: "refresh",
      ...on,
      ...faultsAt(["list"]),
      ...(random.chance(0.5) ? { runProgram: true } : {}),
    };
  const target = random.pick(resources);
  const goOn = random.chance(0.3) ? { continueOnError: true } : {};
  if (roll < 76) return { kind: "destroy", ...on, target, ...faultsAt(["remove"]), ...goOn };
  if (roll < 80) return { kind: "destroy", ...on, ...faultsAt(["remove"]), ...goOn };
  if (roll < 84) return { kind: "stateDelete", ...on, target };
  if (roll < 88)
    return {
      kind: "foreign",
      account: random.pick(["main", "main", "team"]),
      name: random.pick(["alpha", "beta", "gamma"]),
    };
  return { kind: "outside", ...on, target, what: random.pick([...OUTSIDE_CHANGES, "remove"] as const) };
}

function upOptions(random: Random, resources: readonly string[]): Partial<Up> {
  const options: Partial<Up> = {};
  if (random.chance(0.15)) options.refresh = true;
  if (random.chance(0.2)) options.continueOnError = true;
  if (random.chance(0.5)) options.serial = true;
  if (resources.length > 0 && random.chance(0.07)) options.target = random.pick(resources);
  else if (resources.length > 0 && random.chance(0.1)) options.replace = random.pick(resources);
  return options;
}

/** Runs the same program in another stack of the project during a request of this one. */
function beside(random: Random, up: Up, stack: StackName): Up {
  const { target: _, replace: __, refresh: ___, ...outer } = up;
  const other: StackName = stack === "a" ? "b" : "a";
  const inner: Program = { keys: structuredClone(up.program.keys) };
  for (const key of inner.keys) {
    delete key.adopt;
    delete key.alias;
  }
  const held: Fault = { kind: random.pick(["cutBefore", "cutAfter", "500"]), at: "create", hold: true };
  return {
    ...outer,
    faults: random.chance(0.75) ? [held] : [],
    meanwhile: { kind: "up", stack: other, program: inner },
  };
}

/** Chooses the step after a failure: the same program again, or the previous one. */
function heal(random: Random, { program, lastGood }: StackSituation): Step {
  const refresh = random.chance(0.3) ? { refresh: true } : {};
  if (lastGood === undefined || random.chance(0.5)) {
    const next = structuredClone(program);
    // Users often drop `adopt` once the adoption seems to have worked.
    if (random.chance(0.2)) for (const key of next.keys) delete key.adopt;
    if (next.rotating !== undefined) next.rotating.nowH += random.pick([0, 1, 12, 25, 80]);
    return { kind: "up", program: next, ...refresh };
  }
  const reverted = structuredClone(lastGood);
  if (reverted.rotating !== undefined)
    reverted.rotating.nowH =
      Math.max(reverted.rotating.nowH, program.rotating?.nowH ?? 0) + random.pick([0, 1, 25]);
  return { kind: "up", program: reverted, ...refresh };
}

/** Chooses what a user does after an explained failure. */
function wayOut(random: Random, { program, excuse, resources }: StackSituation): Step {
  if (excuse === "gone" || excuse === "expired") return { kind: "refresh" };
  if (excuse === "used" && resources.length > 0)
    return { kind: "outside", what: "age", target: random.pick(resources) };
  const next = structuredClone(program);
  for (const key of next.keys) {
    if (excuse === "protected") delete key.protect;
    else if (random.chance(0.8)) delete key.adopt;
  }
  return { kind: "up", program: next };
}
