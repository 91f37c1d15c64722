import type { InjectedFault, JournalEntry, Violation } from "../../provider/testing";
import type { CommandResult } from "../support/command";
import { faultSpec } from "./faults";
import type { Snapshot, Fixture } from "./fixture";
import type { Fault, Program, StackName, Step } from "./model";
import { changeOutside } from "./outside";

/** A command of the engine that a step ran, and how it ended. */
export interface Action {
  stack: StackName;
  step: Exclude<Step, { kind: "outside" | "foreign" }>;
  ok: boolean;
  output: string;
}

/** A played step: the snapshots before and after it, and what happened. */
export interface Turn {
  /** Counts from 1. */
  number: number;
  step: Step;
  actions: readonly Action[];
  before: Snapshot;
  after: Snapshot;
  journal: readonly JournalEntry[];
  faults: readonly { fault: Fault; hits: number }[];
  /** Requests that no client may send. */
  violations: readonly Violation[];
  /** Fingerprints of keys that this step changed outside of Pulumi. */
  touched: ReadonlySet<string>;
  /** Its end in Unix seconds. */
  endedAtS: number;
}

/** Plays a step on the real engine. */
export async function playStep(step: Step, number: number, fixture: Fixture): Promise<Turn> {
  const { simulator } = fixture;
  const before = fixture.look();
  simulator.clearJournal();
  const touched = new Set<string>();
  const injected = allFaults(step).map((fault) => ({ fault, running: simulator.inject(faultSpec(fault)) }));
  const actions: Action[] = [];
  if (step.kind === "outside") changeOutside(step, before, fixture, touched);
  else if (step.kind === "foreign") touched.add(fixture.addForeign(step.account, step.name));
  else {
    const held = injected.filter(({ fault }) => fault.hold).map(({ running }) => running);
    actions.push(...(await playWith(step, held, fixture)));
  }
  const faults = injected.map(({ fault, running }) => ({ fault, hits: running.hits }));
  simulator.clearFaults();
  fixture.forgetLimits();
  const endedAtS = Math.ceil(simulator.clock.nowMs() / 1_000);
  const journal = simulator.journal.map((entry) => ({ ...entry }));
  const violations = [...simulator.violations];
  const after = fixture.look();
  return { number, step, actions, before, after, journal, violations, faults, touched, endedAtS };
}

function allFaults(step: Step): Fault[] {
  const own = "faults" in step ? (step.faults ?? []) : [];
  return step.kind === "up" && step.meanwhile ? [...own, ...allFaults(step.meanwhile)] : own;
}

async function playWith(
  step: Action["step"],
  held: readonly InjectedFault[],
  fixture: Fixture,
): Promise<Action[]> {
  const meanwhile = step.kind === "up" ? step.meanwhile : undefined;
  if (meanwhile === undefined) return [await run(step, fixture)];
  await fixture.openStack(step.stack ?? "a");
  await fixture.openStack(meanwhile.stack ?? "b");
  const outer = run(step, fixture);
  if (held.length > 0) await Promise.race([Promise.all(held.map((fault) => fault.reached())), outer]);
  const inner = await run({ stack: "b", ...meanwhile }, fixture);
  for (const fault of held) fault.release();
  return [await outer, inner];
}

async function run(step: Action["step"], fixture: Fixture): Promise<Action> {
  const { stack = "a" } = step;
  await fixture.openStack(stack);
  const { exitCode, output } = await command(step, stack, fixture);
  return { stack, step, ok: exitCode === 0, output };
}

/** Returns a resource's URN, or a made-up one if the state does not have it: the engine refuses or ignores that one. */
function urnOf(name: string, stack: StackName, fixture: Fixture): string {
  const found = fixture
    .look()
    .resources.find((resource) => resource.stack === stack && resource.name === name && !resource.isReplaced);
  return found?.urn ?? `urn:pulumi:${stack}::test::test:index:None::${name}`;
}

const NOTHING: Program = { keys: [] };

function command(step: Action["step"], stack: StackName, fixture: Fixture): Promise<CommandResult> {
  const atUrn = (option: string, name: string | undefined): string[] =>
    name === undefined ? [] : [option, urnOf(name, stack, fixture)];
  switch (step.kind) {
    case "up": {
      fixture.programs.set(stack, step.program);
      const options = [
        ...atUrn("--target", step.target),
        ...atUrn("--replace", step.replace),
        ...(step.refresh ? ["--refresh"] : []),
        ...(step.continueOnError ? ["--continue-on-error"] : []),
        ...(step.serial ? ["--parallel", "1"] : []),
      ];
      return fixture.run(["up", "--yes", "--skip-preview", ...options], stack, step.program);
    }
    case "refresh": {
      const options = ["refresh", "--yes", "--skip-preview"];
      if (!step.runProgram) return fixture.command([...options, "--stack", stack], stack);
      return fixture.run([...options, "--run-program"], stack, fixture.programs.get(stack) ?? NOTHING);
    }
    case "destroy":
      return fixture.command(
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
      const urn = urnOf(step.target, stack, fixture);
      const options = ["--yes", "--force", "--target-dependents", "--stack", stack];
      return fixture.command(["state", "delete", urn, ...options], stack);
    }
  }
}
