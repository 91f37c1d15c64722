import type { CommandResult } from "../support/command";
import { within } from "../support/until";
import { aftermathOf, type Aftermath } from "./aftermath";
import { cleanUp } from "./cleanup";
import { arrangeCuts, crashNow, hasMoment } from "./crash";
import { createFixture, type Fixture } from "./fixture";
import { brokenPromises, keysOfOthers, remember } from "./invariant";
import { watchFor, type Watch } from "./moment";
import { startOperation } from "./operation";
import type { Scenario } from "./scenario";

/** With a full disk, each attempt of the engine to save takes half a minute. */
const COMMAND_LIMIT_MS = 300_000;

/** The result of a scenario. */
export interface Outcome {
  scenario: Scenario;
  /** The broken promises. Empty: the scenario passed. */
  broken: readonly string[];
  aftermath: Aftermath | undefined;
  /** Whether the crash happened. Otherwise the command ended before its moment, and the run proves little. */
  crashed: boolean;
  remark: string | undefined;
  cleanup: CommandResult | undefined;
  /** The engine's output. */
  transcript: string;
  /** The project's folder, if it was kept. */
  folder: string | undefined;
}

/** Plays one scenario: prepares accounts and stacks, breaks the command, cleans up, and checks the invariant. */
export async function runScenario(scenario: Scenario): Promise<Outcome> {
  const outcome: Outcome = {
    scenario,
    broken: [],
    aftermath: undefined,
    crashed: false,
    remark: undefined,
    cleanup: undefined,
    transcript: "",
    folder: undefined,
  };
  let fixture: Fixture | undefined;
  try {
    fixture = await createFixture(scenario);
    outcome.remark = fixture.disk.remark;
    await fixture.begin();
    const before = remember(fixture);
    fixture.noteSecrets();
    if (scenario.verb !== "up") {
      await (await fixture.stack("before")).up();
      fixture.noteSecrets();
    }
    arrangeCuts(scenario, fixture);
    const watch = watchFor(scenario, fixture);
    outcome.crashed = await within(breakOperation(fixture, watch), COMMAND_LIMIT_MS, "The engine's command");
    if (outcome.crashed && scenario.torn) fixture.tearCheckpoint();
    fixture.noteSecrets();
    outcome.aftermath = aftermathOf(fixture, keysOfOthers(before));
    outcome.cleanup = await cleanUp(fixture, watch);
    fixture.noteSecrets();
    outcome.broken = await brokenPromises(fixture, before, outcome.cleanup);
  } catch (error) {
    outcome.broken = [`the run itself failed: ${error instanceof Error ? error.message : String(error)}`];
  } finally {
    const keep = outcome.broken.length > 0 && process.env["KEEP_SCRATCH"] === "1";
    if (keep) outcome.folder = fixture?.project.folders.root;
    outcome.transcript = fixture?.project.transcript ?? "";
    await fixture?.dispose(keep);
  }
  return outcome;
}

/** Runs the command and breaks it. @returns whether the crash happened. */
async function breakOperation(fixture: Fixture, watch: Watch): Promise<boolean> {
  const { scenario } = fixture;
  const operation = await startOperation(fixture);
  if (!hasMoment(scenario)) {
    // The cuts are the crash: the moment's hold is not needed.
    watch.release();
    await operation.done;
    fixture.simulator.clearFaults();
    return true;
  }
  const arrived = await watch.arrived(operation);
  if (arrived) await crashNow(fixture, operation, watch);
  else {
    watch.release();
    await operation.done;
  }
  return arrived;
}
