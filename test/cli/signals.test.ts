import { describe, expect, it } from "vitest";
import { declare } from "../engine/fixture";
import type { InjectedFault } from "../../provider/testing";
import type { RunningCommand } from "../support/command";
import { useCli } from "./fixture";
import { outcomesByResource, type Report } from "./reports";

const cli = useCli();

const CANCELLING = /the engine finishes what is in progress/;

/** A cleanup in a process group of its own, while the API holds up the removal of two of its three keys. */
async function removalsUnderWay(stack: string): Promise<{ running: RunningCommand; held: InjectedFault }> {
  const made = await cli.stack(stack, async () => {
    const last = declare("last", { budget: 10 });
    for (const name of ["left", "right"]) declare(name, { budget: 10 }, { dependsOn: last });
  });
  await made.up();
  const held = cli.simulator.inject({ on: { path: "/auth/proxy/remove" }, times: Infinity, hold: true });
  const running = cli.start(["cleanup", "--stack", "*", "--yes", "--remove-stack", "--json"], {
    detached: true,
  });
  await held.reached(2);
  return { running, held };
}

function signalGroup({ child }: RunningCommand, signal: NodeJS.Signals): void {
  if (child.pid !== undefined) process.kill(-child.pid, signal);
}

function engineOf(running: RunningCommand): number {
  const engine = running.descendants().find(({ commandLine }) => /pulumi destroy /.test(commandLine));
  if (engine === undefined) throw new Error("There is no engine.");
  return engine.pid;
}

/** What the command reports, and what is left where, once the API goes on. */
async function endOf(running: RunningCommand, held: InjectedFault): Promise<unknown> {
  held.remove();
  const { exitCode, stdout } = await running.done;
  const [{ stack, outcome, keys, creditsReturned } = NO_REPORT] = (JSON.parse(stdout) as Report).stacks;
  const { deployment } = await cli.project.exportState(stack);
  const inState = (deployment.resources ?? []).filter(({ type }) => type.endsWith(":ProxyKey"));
  return {
    exitCode,
    outcome,
    creditsReturned,
    keys: outcomesByResource(keys),
    onAccount: cli.names().map((name) => name.split("-", 1)[0]),
    inState: inState.length,
    pending: deployment.pending_operations?.length ?? 0,
    // The next one finds nothing to repair.
    next: (await cli.report(["cleanup", "--stack", "*", "--yes", "--remove-stack"])).exitCode,
  };
}

const NO_REPORT = { stack: "?", outcome: "?", keys: [], creditsReturned: 0 };

/** The removals under way were ended, and no other was begun. */
const GRACEFUL = {
  exitCode: 1,
  outcome: "failed",
  creditsReturned: 20,
  keys: { left: "removed", right: "removed", last: "failed" },
  onAccount: ["last"],
  inState: 1,
  pending: 0,
  next: 0,
};

describe("removals under way are ended, and nothing new is begun", () => {
  it.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)(
    "when %s reaches the command and its whole process group, as `timeout` does",
    async (signal) => {
      const { running, held } = await removalsUnderWay(`group-${signal.toLowerCase()}`);
      running.kill(signal);
      signalGroup(running, signal);
      await running.waitForOutput(CANCELLING);
      expect(await endOf(running, held)).toEqual(GRACEFUL);
    },
  );

  it("when SIGTERM reaches the command alone", async () => {
    const { running, held } = await removalsUnderWay("alone");
    running.kill("SIGTERM");
    await running.waitForOutput(CANCELLING);
    expect(await endOf(running, held)).toEqual(GRACEFUL);
  });

  it("when SIGTERM reaches the command and the engine, as systemd does", async () => {
    const { running, held } = await removalsUnderWay("unit");
    process.kill(engineOf(running), "SIGTERM");
    await running.waitForOutput(CANCELLING);
    running.kill("SIGTERM");
    await running.waitForOutput(/^SIGTERM: /m);
    expect(await endOf(running, held)).toEqual(GRACEFUL);
  });
});
