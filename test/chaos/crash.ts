import { endProcesses, type OwnedProcess } from "../support/processes";
import { until } from "../support/until";
import type { Watch } from "./moment";
import { pluginsOf, type Operation } from "./operation";
import type { Scenario } from "./scenario";
import type { World } from "./world";

/** Milliseconds in which the engine says that it has heard the signal. */
const HEARD_LIMIT_MS = 20_000;

/** Connections that end: to be arranged before the command starts. */
export function arrangeCuts({ crash, cuts }: Scenario, { simulator }: World): void {
  if (crash !== "cutBefore" && crash !== "cutAfter") return;
  simulator.inject({
    ...(cuts.path === undefined ? {} : { on: { path: cuts.path } }),
    cut: crash === "cutBefore" ? "before" : "after",
    skip: cuts.skip,
    times: cuts.times,
  });
}

/** Whether the crash happens at the scenario's moment; cuts happen by themselves. */
export function hasMoment({ crash }: Scenario): boolean {
  return crash !== "cutBefore" && crash !== "cutAfter";
}

/** Breaks what the scenario breaks, now, and sees to it that the command can end. */
export async function crashNow(world: World, operation: Operation, watch: Watch): Promise<void> {
  const { scenario, disk } = world;
  const cli = await operation.cli();
  if (cli === undefined) return;
  const letGo = (): void => {
    if (!scenario.late) watch.release();
  };
  switch (scenario.crash) {
    case "killEngine":
      endProcesses([cli]);
      letGo();
      break;
    case "killPlugin":
      endProcesses(pluginsOf(cli));
      letGo();
      break;
    case "killBoth":
      endProcesses([cli, ...pluginsOf(cli)]);
      letGo();
      break;
    case "interrupt":
      await interrupt(cli, operation);
      watch.release();
      break;
    case "interruptTwice":
      await interrupt(cli, operation);
      signal(cli, "SIGINT");
      if (await until(operation.isDone, HEARD_LIMIT_MS)) letGo();
      else watch.release();
      break;
    case "fullDisk":
    case "unwritableBackend":
      disk.fail();
      watch.release();
      await afterTheDisk(world, operation);
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
  await until(() => operation.isDone() || /cancelling/i.test(operation.output()), HEARD_LIMIT_MS);
}

function signal({ pid }: OwnedProcess, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It came to its end in between.
  }
}

/** The engine tries to save for about half a minute; what happens in that time is the scenario's. */
async function afterTheDisk({ scenario, simulator, disk }: World, operation: Operation): Promise<void> {
  const { outcome } = scenario.disk;
  if (outcome === "wait") return;
  const isQuiet = (): boolean =>
    simulator.journal.every(({ status, fault }) => status !== undefined || fault?.startsWith("cut"));
  await until(() => operation.isDone() || isQuiet(), HEARD_LIMIT_MS);
  if (outcome === "heal") {
    disk.repair();
    return;
  }
  const cli = await operation.cli();
  if (cli !== undefined) endProcesses([cli, ...pluginsOf(cli)]);
}
