import type { InjectedFault, JournalEntry, Violation } from "../../provider/testing";
import type { CommandResult } from "../support/command";
import { faultSpec } from "./faults";
import type { Fault, Program, StackName, Step } from "./model";
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
  await world.openStack(step.stack ?? "a");
  await world.openStack(meanwhile.stack ?? "b");
  const outer = run(step, world);
  if (held.length > 0) await Promise.race([Promise.all(held.map((fault) => fault.reached())), outer]);
  const inner = await run({ stack: "b", ...meanwhile }, world);
  for (const fault of held) fault.release();
  return [await outer, inner];
}

async function run(step: Action["step"], world: World): Promise<Action> {
  const { stack = "a" } = step;
  await world.openStack(stack);
  const { exitCode, output } = await command(step, stack, world);
  return { stack, step, ok: exitCode === 0, output };
}

/** What a resource that is not in the state is called: the engine refuses it, or ignores it. */
function urnOf(name: string, stack: StackName, world: World): string {
  const found = world
    .look()
    .resources.find((resource) => resource.stack === stack && resource.name === name && !resource.isReplaced);
  return found?.urn ?? `urn:pulumi:${stack}::test::test:index:None::${name}`;
}

const NOTHING: Program = { keys: [] };

function command(step: Action["step"], stack: StackName, world: World): Promise<CommandResult> {
  const atUrn = (option: string, name: string | undefined): string[] =>
    name === undefined ? [] : [option, urnOf(name, stack, world)];
  switch (step.kind) {
    case "up": {
      world.programs.set(stack, step.program);
      const options = [
        ...atUrn("--target", step.target),
        ...atUrn("--replace", step.replace),
        ...(step.refresh ? ["--refresh"] : []),
        ...(step.continueOnError ? ["--continue-on-error"] : []),
        ...(step.serial ? ["--parallel", "1"] : []),
      ];
      return world.run(["up", "--yes", "--skip-preview", ...options], stack, step.program);
    }
    case "refresh": {
      const options = ["refresh", "--yes", "--skip-preview"];
      if (!step.runProgram) return world.command([...options, "--stack", stack], stack);
      return world.run([...options, "--run-program"], stack, world.programs.get(stack) ?? NOTHING);
    }
    case "destroy":
      return world.command(
        [
          "destroy",
          "--yes",
          "--skip-preview",
          "--stack",
          stack,
          ...atUrn("--target", step.target),
          ...(step.target === undefined ? [] : ["--target-dependents"]),
          ...(step.continueOnError ? ["--continue-on-error"] : []),
        ],
        stack,
      );
    case "stateDelete": {
      const urn = urnOf(step.target, stack, world);
      const options = ["--yes", "--force", "--target-dependents", "--stack", stack];
      return world.command(["state", "delete", urn, ...options], stack);
    }
  }
}
