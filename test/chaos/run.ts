import type { CommandResult } from "../support/command";
import { within } from "../support/until";
import { aftermathOf, type Aftermath } from "./aftermath";
import { cleanUp } from "./cleanup";
import { arrangeCuts, crashNow, hasMoment } from "./crash";
import { brokenPromises, keysOfOthers, remember } from "./invariant";
import { watchFor, type Watch } from "./moment";
import { startOperation } from "./operation";
import type { Scenario } from "./scenario";
import { createWorld, type World } from "./world";

/** Milliseconds: a full disk alone keeps the engine busy for half a minute at each attempt to save. */
const COMMAND_LIMIT_MS = 300_000;

/** What became of a scenario. */
export interface Outcome {
  scenario: Scenario;
  /** What was promised and is not so; empty: all is well. */
  broken: readonly string[];
  aftermath: Aftermath | undefined;
  /** Whether the moment came before the command had ended; a crash that did not happen proves little. */
  crashed: boolean;
  remark: string | undefined;
  cleanup: CommandResult | undefined;
  /** What the engine printed. */
  transcript: string;
  /** Where the project is, when it was kept. */
  folder: string | undefined;
}

/** Plays one scenario: what was there before, the command, the crash, the cleanup, and what must hold then. */
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
  let world: World | undefined;
  try {
    world = await createWorld(scenario);
    outcome.remark = world.disk.remark;
    await world.begin();
    const before = remember(world);
    world.noteSecrets();
    if (scenario.verb !== "up") {
      await (await world.stack("before")).up();
      world.noteSecrets();
    }
    arrangeCuts(scenario, world);
    const watch = watchFor(scenario, world);
    outcome.crashed = await within(breakOperation(world, watch), COMMAND_LIMIT_MS, "The engine's command");
    if (outcome.crashed && scenario.torn) world.tearCheckpoint();
    world.noteSecrets();
    outcome.aftermath = aftermathOf(world, keysOfOthers(before));
    outcome.cleanup = await cleanUp(world, watch);
    world.noteSecrets();
    outcome.broken = await brokenPromises(world, before, outcome.cleanup);
  } catch (error) {
    outcome.broken = [`the run itself failed: ${error instanceof Error ? error.message : String(error)}`];
  } finally {
    const keep = outcome.broken.length > 0 && process.env["KEEP_SCRATCH"] === "1";
    if (keep) outcome.folder = world?.project.folders.root;
    outcome.transcript = world?.project.transcript ?? "";
    await world?.dispose(keep);
  }
  return outcome;
}

/** Runs the command and breaks it. @returns whether the moment came. */
async function breakOperation(world: World, watch: Watch): Promise<boolean> {
  const { scenario } = world;
  const operation = await startOperation(world);
  if (!hasMoment(scenario)) {
    // What the moment would hold is not what is cut.
    watch.release();
    await operation.done;
    world.simulator.clearFaults();
    return true;
  }
  const arrived = await watch.arrived(operation);
  if (arrived) await crashNow(world, operation, watch);
  else {
    watch.release();
    await operation.done;
  }
  return arrived;
}
