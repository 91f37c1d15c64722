import type { InjectedFault, JournalEntry, Violation } from "../../provider/testing";
import { EngineFailure } from "../support/engineStack";
import { faultSpec } from "./faults";
import type { Fault, Program, StackName, Step, Up } from "./model";
import { changeOutside } from "./outside";
import type { Snapshot, World } from "./world";

/** A command of the engine that a step ran, and how it ended. */
export interface Action {
  stack: StackName;
  step: Exclude<Step, { kind: "outside" | "foreign" }>;
  ok: boolean;
  output: string;
}

/** A step that was played: what was before, what happened, what is after. */
export interface Turn {
  /** Counts from 1. */
  number: number;
  step: Step;
  actions: readonly Action[];
  before: Snapshot;
  after: Snapshot;
  journal: readonly JournalEntry[];
  faults: readonly { fault: Fault; hits: number }[];
  /** What no client may do. */
  violations: readonly Violation[];
  /** Fingerprints of keys that this step changed outside of Pulumi. */
  touched: ReadonlySet<string>;
  /** Unix seconds at its end. */
  endedAtS: number;
}

/** Plays a step on the real engine. */
export async function playStep(step: Step, number: number, world: World): Promise<Turn> {
  const { simulator } = world;
  const before = world.look();
  simulator.clearJournal();
  const touched = new Set<string>();
  const injected = allFaults(step).map((fault) => ({ fault, running: simulator.inject(faultSpec(fault)) }));
  const actions: Action[] = [];
  if (step.kind === "outside") changeOutside(step, before, world, touched);
  else if (step.kind === "foreign") touched.add(world.addForeign(step.account, step.name));
  else {
    const held = injected.filter(({ fault }) => fault.hold).map(({ running }) => running);
    actions.push(...(await playWith(step, held, world)));
  }
  const faults = injected.map(({ fault, running }) => ({ fault, hits: running.hits }));
  simulator.clearFaults();
  world.forgetLimits();
  const endedAtS = Math.ceil(simulator.clock.nowMs() / 1_000);
  const journal = simulator.journal.map((entry) => ({ ...entry }));
  const violations = [...simulator.violations];
  const after = world.look();
  return { number, step, actions, before, after, journal, violations, faults, touched, endedAtS };
}

function allFaults(step: Step): Fault[] {
  const own = "faults" in step ? (step.faults ?? []) : [];
  return step.kind === "up" && step.meanwhile ? [...own, ...allFaults(step.meanwhile)] : own;
}

async function playWith(
  step: Action["step"],
  held: readonly InjectedFault[],
  world: World,
): Promise<Action[]> {
  const meanwhile = step.kind === "up" ? step.meanwhile : undefined;
  if (meanwhile === undefined) return [await run(step, world)];
  // Each stack is opened before, since the Automation API writes both into the same folder.
  await world.stack(step.stack ?? "a", (step as Up).program);
  await world.stack(meanwhile.stack ?? "b", meanwhile.program);
  const outer = run(step, world);
  if (held.length > 0) await Promise.race([Promise.all(held.map((fault) => fault.reached())), outer]);
  const inner = await run({ stack: "b", ...meanwhile }, world);
  for (const fault of held) fault.release();
  return [await outer, inner];
}

async function run(step: Action["step"], world: World): Promise<Action> {
  const { stack = "a" } = step;
  try {
    const { exitCode = 0, output } = await command(step, stack, world);
    return { stack, step, ok: exitCode === 0, output };
  } catch (error) {
    if (!(error instanceof EngineFailure)) throw error;
    return { stack, step, ok: false, output: error.output };
  }
}

/** What a resource that is not in the state is called: the engine refuses it, or ignores it. */
function urnOf(name: string, stack: StackName, world: World): string {
  const found = world
    .look()
    .resources.find((resource) => resource.stack === stack && resource.name === name && !resource.isReplaced);
  return found?.urn ?? `urn:pulumi:${stack}::test::test:index:None::${name}`;
}

const NOTHING: Program = { keys: [] };

async function command(
  step: Action["step"],
  stackName: StackName,
  world: World,
): Promise<{ exitCode?: number | null; output: string }> {
  const { project } = world;
  switch (step.kind) {
    case "up": {
      const stack = await world.stack(stackName, step.program);
      return stack.up({
        ...(step.refresh ? { refresh: true } : {}),
        ...(step.target === undefined ? {} : { target: [urnOf(step.target, stackName, world)] }),
        ...(step.replace === undefined ? {} : { replace: [urnOf(step.replace, stackName, world)] }),
        ...(step.continueOnError ? { continueOnError: true } : {}),
        ...(step.serial ? { parallel: 1 } : {}),
      });
    }
    case "refresh": {
      if (!step.runProgram) return project.refresh(stackName);
      const stack = await world.stack(stackName, world.programs.get(stackName) ?? NOTHING);
      return stack.refresh({ runProgram: true });
    }
    case "destroy":
      return project.destroy(stackName, [
        ...(step.target === undefined
          ? []
          : ["--target", urnOf(step.target, stackName, world), "--target-dependents"]),
        ...(step.continueOnError ? ["--continue-on-error"] : []),
      ]);
    case "stateDelete":
      return project.pulumi([
        "state",
        "delete",
        urnOf(step.target, stackName, world),
        "--yes",
        "--force",
        "--target-dependents",
        "--stack",
        stackName,
      ]);
  }
}
