import { endProcesses, type OwnedProcess } from "../support/processes";
import { until } from "../support/until";
import type { Fixture } from "./fixture";
import type { Watch } from "./moment";
import { pluginsOf, type Operation } from "./operation";
import type { Scenario } from "./scenario";

/** The engine responds to a signal, and ends after a second one, within this time. */
const SIGNAL_LIMIT_MS = 20_000;

/** Injects the scenario's cut connections. Call it before the command starts. */
export function arrangeCuts({ crash, cuts }: Scenario, { simulator }: Fixture): void {
  if (crash !== "cutBefore" && crash !== "cutAfter") return;
  simulator.inject({
    ...(cuts.path === undefined ? {} : { on: { path: cuts.path } }),
    cut: crash === "cutBefore" ? "before" : "after",
    skip: cuts.skip,
    times: cuts.times,
  });
}

/** Whether the crash waits for the scenario's moment. Cuts do not. */
export function hasMoment({ crash }: Scenario): boolean {
  return crash !== "cutBefore" && crash !== "cutAfter";
}

/** Performs the crash, and waits until the command has ended. */
export async function crashNow(fixture: Fixture, operation: Operation, watch: Watch): Promise<void> {
  const { scenario, disk } = fixture;
  const cli = await operation.cli();
  if (cli === undefined) return;
  const releaseUnlessLate = (): void => {
    if (!scenario.late) watch.release();
  };
  switch (scenario.crash) {
    case "killEngine":
      endProcesses([cli]);
      releaseUnlessLate();
      break;
    case "killPlugin":
      endProcesses(pluginsOf(cli));
      releaseUnlessLate();
      break;
    case "killBoth":
      endProcesses([cli, ...pluginsOf(cli)]);
      releaseUnlessLate();
      break;
    case "interrupt":
      await interrupt(cli, operation);
      watch.release();
      break;
    case "interruptTwice":
      await interrupt(cli, operation);
      signal(cli, "SIGINT");
      if (await until(operation.isDone, SIGNAL_LIMIT_MS)) releaseUnlessLate();
      else watch.release();
      break;
    case "fullDisk":
    case "unwritableBackend":
      disk.fail();
      watch.release();
      await afterTheDisk(fixture, operation);
      break;
    case "cutBefore":
    case "cutAfter":
      break;
  }
  await operation.done;
  disk.repair();
}

async function interrupt(cli: OwnedProcess, operation: Operation): Promise<void> {
  signal(cli, "SIGINT");
  await until(() => operation.isDone() || /cancelling/i.test(operation.output()), SIGNAL_LIMIT_MS);
}

function signal({ pid }: OwnedProcess, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has exited.
  }
}

/** While the engine tries to save, for about half a minute: waits, repairs the disk, or kills all processes. */
async function afterTheDisk({ scenario, simulator, disk }: Fixture, operation: Operation): Promise<void> {
  const { outcome } = scenario.disk;
  if (outcome === "wait") return;
  const isQuiet = (): boolean =>
    simulator.journal.every(({ status, fault }) => status !== undefined || fault?.startsWith("cut"));
  await until(() => operation.isDone() || isQuiet(), SIGNAL_LIMIT_MS);
  if (outcome === "heal") {
    disk.repair();
    return;
  }
  const cli = await operation.cli();
  if (cli !== undefined) endProcesses([cli, ...pluginsOf(cli)]);
}
