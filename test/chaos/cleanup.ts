import { execFileSync } from "node:child_process";
import type { CommandResult, RunningCommand } from "../support/command";
import { startElectronhubCli } from "../support/electronhubCli";
import { endProcesses, processesIn } from "../support/processes";
import { until, within } from "../support/until";
import type { Fixture } from "./fixture";
import { turn, type Watch } from "./moment";

/** Far more than a cleanup needs: only one that hangs is stopped. */
const LIMIT_MS = 240_000;

/** Runs the cleanup as a CI job would. In a late scenario, the held request takes effect meanwhile. */
export async function cleanUp(fixture: Fixture, watch: Watch): Promise<CommandResult> {
  const { scenario, simulator } = fixture;
  const before = simulator.journal.length;
  const hasAsked = (requests: number): boolean => simulator.journal.length - before >= requests;
  /** Releases the held request at the first request of the first cleanup: `--settle` covers no later effect. */
  const takeEffect = async (running: RunningCommand): Promise<void> => {
    if (!scenario.late) return;
    while (!hasAsked(1) && !hasEnded(running)) await turn();
    watch.release();
  };
  const killAfter = scenario.cleanupKilledAfter;
  if (killAfter !== undefined) {
    const first = start(fixture);
    await takeEffect(first);
    await until(() => hasEnded(first) || hasAsked(killAfter), LIMIT_MS, 1);
    // Its children too, as when a machine is switched off.
    endProcesses(processesIn(fixture.project.folders.work));
    await first.done;
  }
  const running = start(fixture);
  await takeEffect(running);
  const result = await within(running.done, LIMIT_MS + 5_000, "The cleanup");
  if (!followInstructions(result)) return result;
  return within(start(fixture).done, LIMIT_MS + 5_000, "The second cleanup");
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

function start({ project, stackName, accountEnv }: Fixture): RunningCommand {
  const { work } = project.folders;
  const args = ["cleanup", "--dir", work, "--stack", stackName, "--yes", "--json", "--remove-stack"];
  // The run and every earlier cleanup have ended, so their locks are stale at any age.
  const words = [...args, "--settle", "10s", "--break-locks-older-than", "0s"];
  return startElectronhubCli(project, words, { env: accountEnv, timeoutMs: LIMIT_MS });
}
