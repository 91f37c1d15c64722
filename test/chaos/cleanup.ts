import { execFileSync } from "node:child_process";
import type { CommandResult, RunningCommand } from "../support/command";
import { startElectronhubCli } from "../support/electronhubCli";
import { endProcesses, processesIn } from "../support/processes";
import { until, within } from "../support/until";
import { turn, type Watch } from "./moment";
import type { World } from "./world";

/** Milliseconds: far more than a cleanup needs, so that only one that hangs is stopped. */
const LIMIT_MS = 240_000;

/** Runs the cleanup as a CI job would; where the scenario wants it, what was held takes effect meanwhile. */
export async function cleanUp(world: World, watch: Watch): Promise<CommandResult> {
  const { scenario, simulator } = world;
  const before = simulator.journal.length;
  const hasAsked = (requests: number): boolean => simulator.journal.length - before >= requests;
  /** At the first request of the first cleanup: later than `--settle` nothing is promised. */
  const takeEffect = async (running: RunningCommand): Promise<void> => {
    if (!scenario.late) return;
    while (!hasAsked(1) && !hasEnded(running)) await turn();
    watch.release();
  };
  const killAfter = scenario.cleanupKilledAfter;
  if (killAfter !== undefined) {
    const first = start(world);
    await takeEffect(first);
    await until(() => hasEnded(first) || hasAsked(killAfter), LIMIT_MS, 1);
    // Everything that it has started goes too: a machine that is switched off.
    endProcesses(processesIn(world.project.folders.work));
    await first.done;
  }
  const running = start(world);
  await takeEffect(running);
  const result = await within(running.done, LIMIT_MS + 5_000, "The cleanup");
  if (!followInstructions(result)) return result;
  return within(start(world).done, LIMIT_MS + 5_000, "The second cleanup");
}

/** Runs the commands that a refusal prints, as a user would. @returns whether there were any. */
function followInstructions({ exitCode, stdout }: CommandResult): boolean {
  if (exitCode !== 3) return false;
  const { problems = [] } = JSON.parse(stdout) as { problems?: { nextStep: string }[] };
  const lines = problems.flatMap(({ nextStep }) => nextStep.split("\n"));
  const commands = lines.filter((line) => line.startsWith("  "));
  for (const command of commands) execFileSync("/bin/sh", ["-c", command]);
  return commands.length > 0;
}

function hasEnded({ child }: RunningCommand): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function start({ project, stackName, accountEnv }: World): RunningCommand {
  const { work } = project.folders;
  const args = ["cleanup", "--dir", work, "--stack", stackName, "--yes", "--json", "--remove-stack"];
  // The user knows that the run is dead, and so is every cleanup before this one.
  const words = [...args, "--settle", "10s", "--break-locks-older-than", "0s"];
  return startElectronhubCli(project, words, { env: accountEnv, timeoutMs: LIMIT_MS });
}
