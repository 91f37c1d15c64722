import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startSimulator, type Simulator } from "../../provider/testing";
import type { RunningCommand } from "../support/command";
import { startElectronhubCli } from "../support/electronhubCli";
import { createEngineProject, type EngineProject, type StackConfig } from "../support/engine";
import { findPostgres, startPostgres, type PostgresServer } from "../support/postgres";
import { descendantsOf, endProcesses } from "../support/processes";
import { allReached, program } from "./fixture";

const found = findPostgres();
// Where the checks of a change run, a missing server is a failure and no excuse.
const isRequired = process.env["PULUMI_ELECTRONHUB_REQUIRE_POSTGRES"] === "1";
const isSkipped = "missing" in found && !isRequired;
const remark = isSkipped ? ` (skipped: ${found.missing})` : "";

describe.skipIf(isSkipped)(`a state in PostgreSQL${remark}`, () => {
  let postgres: PostgresServer | undefined;
  let project: EngineProject;
  let simulator: Simulator;

  beforeAll(async () => {
    postgres = await startPostgres();
    project = await createEngineProject({ backendUrl: postgres.url });
    simulator = await startSimulator();
  });
  afterEach(() => simulator.clearFaults());
  afterAll(async () => {
    await project?.dispose();
    await simulator?.close();
    await postgres?.stop();
  });

  function config(): StackConfig {
    return {
      "electronhub:apiKey": { value: simulator.account().apiKey, secret: true },
      "electronhub:baseUrl": { value: simulator.baseUrl },
    };
  }

  function cleanup(stack: string, ...more: readonly string[]): RunningCommand {
    const args = ["cleanup", "--dir", project.folders.work, "--stack", stack, "--yes", "--json"];
    return startElectronhubCli(project, [...args, "--remove-stack", "--settle", "10s", ...more], {
      env: { ELECTRONHUB_API_KEY: simulator.account().apiKey, ELECTRONHUB_BASE_URL: simulator.baseUrl },
    });
  }

  async function stackNames(): Promise<string[]> {
    const { stdout } = await project.pulumi(["stack", "ls", "--json"]);
    return (JSON.parse(stdout) as { name: string }[]).map(({ name }) => name).toSorted();
  }

  it("an up that was killed in the middle of its creations leaves nothing after a cleanup, and its neighbour is untouched", async () => {
    const account = simulator.account();
    await (await project.stack("neighbour", program({ bot: {}, other: {} }), { config: config() })).up();
    const before = { balance: account.balance, keys: account.keys() };
    const neighbour = await project.exportState("neighbour");

    const stack = await project.stack("killed", program({ bot: {}, second: {}, third: {}, fourth: {} }), {
      config: config(),
    });
    const held = simulator.inject({
      on: { path: "/auth/proxy/create" },
      skip: 1,
      times: Infinity,
      hold: true,
    });
    const up = stack.up().catch((error: unknown) => error);
    await allReached([held], up);
    const cli = descendantsOf(process.pid).find(({ commandLine }) =>
      commandLine.includes(" --stack killed "),
    );
    expect(cli).toBeDefined();
    const orphans = descendantsOf(cli?.pid ?? 0);
    try {
      process.kill(cli?.pid ?? 0, "SIGKILL");
      expect(await up).toBeInstanceOf(Error);
      held.remove();

      expect(await cleanup("killed", "--break-locks-older-than", "0s").done).toMatchObject({ exitCode: 0 });
      expect({ balance: account.balance, keys: account.keys() }).toEqual(before);
      expect(await stackNames()).toEqual(["neighbour"]);
      expect(simulator.violations).toEqual([]);
      expect(await project.exportState("neighbour")).toEqual(neighbour);
    } finally {
      endProcesses(orphans);
    }
    expect(await cleanup("neighbour").done).toMatchObject({ exitCode: 0 });
  });

  it("a cleanup is refused while another one holds the stack, and says who does", async () => {
    await (await project.stack("contested", program({ bot: {}, second: {} }), { config: config() })).up();
    const held = simulator.inject({ on: { path: "/auth/proxy/remove" }, hold: true });
    const first = cleanup("contested");
    await allReached([held], first.done);

    const second = await cleanup("contested").done;
    expect(second).toMatchObject({ exitCode: 3 });
    expect(second.output).toMatch(/pid \d+/);
    expect(simulator.account().keys().length).toBeGreaterThan(0);

    held.release();
    expect(await first.done).toMatchObject({ exitCode: 0 });
    expect(simulator.account().keys()).toEqual([]);
    expect(await stackNames()).toEqual([]);
  });
});
