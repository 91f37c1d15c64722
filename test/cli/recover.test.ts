import { readFile, writeFile } from "node:fs/promises";
import { expect, describe, it } from "vitest";
import { fingerprintOf } from "../../provider/lifecycle/schema/fingerprint";
import { endProcesses } from "../support/processes";
import { LIST, program, REMOVE, times } from "../engine/fixture";
import { ended, mutations } from "./fixture";
import { outcomesByResource } from "./reports";
import { useRecover } from "./recoverFixture";

const { cli, remembered, crashed } = useRecover();

describe("keys that a killed run has made", () => {
  it("are shown, then removed with the operations that were interrupted; everything else stays", async () => {
    await crashed("killed", ["one", "two"]);
    // Another machine than the one that ran it.
    await cli.forgetCreations();
    const before = await cli.project.exportState("killed");
    expect(before.deployment.pending_operations).toHaveLength(2);

    const shown = await cli.report(["recover", "--stack", "killed"]);
    expect(shown).toMatchObject({ command: "recover", dryRun: true, exitCode: 0, cleared: 0, problems: [] });
    expect(outcomesByResource(shown.keys)).toEqual({ one: "would-remove", two: "would-remove" });
    expect(cli.takeRequests()).toEqual([LIST]);
    expect(await cli.project.exportState("killed")).toEqual(before);
    const dryRun = await cli.run(["recover", "--stack", "killed", "--dry-run"]);
    expect(dryRun.stdout).toMatch(/^killed: 2 lost keys found; nothing was changed; add --yes to remove /m);
    expect([mutations(cli.takeRequests()), cli.names()]).toEqual([
      [],
      [expect.any(String), expect.any(String), "zero"],
    ]);

    const { balance } = cli.simulator.account();
    const done = await cli.run(["recover", "--stack", "killed", "--yes"]);
    expect(done).toMatchObject({ exitCode: 0 });
    expect(done.stderr).toMatch(/breaking a lock: \S+@\S+ \(pid \d+\) since \S+, \d+ s ago\./);
    expect(done.stdout).toMatch(
      /^killed: 2 lost keys found; 2 interrupted creations cleared, 20 credits returned\.$/m,
    );
    expect(cli.simulator.account().balance).toBe(balance + 20);
    expect(mutations(cli.takeRequests())).toEqual(times(2, REMOVE));
    expect(cli.names()).toEqual(["zero"]);
    const after = await cli.project.exportState("killed");
    expect(after.deployment.pending_operations ?? []).toEqual([]);
    expect(after.deployment.resources?.map(({ urn, id }) => [urn, id])).toEqual(
      before.deployment.resources?.map(({ urn, id }) => [urn, id]),
    );

    expect(await cli.report(["recover", "--stack", "killed", "--yes"])).toMatchObject({
      exitCode: 0,
      keys: [],
      cleared: 0,
    });
  });

  it("are found on another machine by their exact names, also where the run had a saved plan", async () => {
    const twin = cli.simulator.account().addKey({ name: "one-aaaaaaa", allocatedAmount: 10 });
    await cli.crashedUp("planned", program({ one: {}, two: {} }), { creations: 2, planned: true });
    await cli.forgetCreations();
    const made = cli.names().filter((name) => name !== twin.name);
    const done = await cli.report(["recover", "--stack", "planned", "--yes"]);
    expect(done).toMatchObject({ exitCode: 0, cleared: 2, problems: [] });
    expect(done.keys.map(({ name }) => name).toSorted()).toEqual(made);
    expect(outcomesByResource(done.keys)).toEqual({ one: "removed", two: "removed" });
    expect(cli.names()).toEqual([twin.name]);
  });

  it("to replace another one are removed: the one that is in use stays, and is replaced later", async () => {
    const bot = (rotationTrigger: number) => program({ bot: { rotationTrigger } });
    const first = await cli.stack("replacing", bot(1));
    await first.up();
    const { bot: old } = await cli.secretKeys("replacing");
    const stack = await cli.crashedUp("replacing", bot(2));
    const made = cli.simulator
      .account()
      .keys()
      .find(({ key }) => key !== old);

    expect(await cli.report(["recover", "--stack", "replacing", "--yes"])).toMatchObject({
      exitCode: 0,
      cleared: 1,
      keys: [{ name: made?.name, resource: "bot", outcome: "removed" }],
    });
    expect(await cli.secretKeys("replacing")).toEqual({ bot: old });
    await stack.up();
    expect(cli.names()).toHaveLength(1);
    expect(await cli.secretKeys("replacing")).not.toEqual({ bot: old });
    cli.takeRequests();
    await cli.expectNoChange(stack);
  });

  it("are removed by the next command when the one before was killed after it had removed them", async () => {
    await crashed("twice", ["one", "two"]);
    const last = cli.simulator.inject({
      on: { path: "/auth/proxy/remove" },
      skip: 1,
      hold: true,
      applied: true,
    });
    const first = cli.start(["recover", "--stack", "twice", "--yes"]);
    await last.reached();
    first.kill("SIGKILL");
    await first.done;
    last.release();
    expect(cli.names()).toEqual(["zero"]);
    expect(await cli.project.pendingOperations("twice")).toHaveLength(2);

    const second = await cli.report(["recover", "--stack", "twice", "--yes"]);
    expect(second).toMatchObject({ exitCode: 0, keys: [], cleared: 2, problems: [] });
    expect(await cli.project.pendingOperations("twice")).toEqual([]);
    expect(remembered()).toEqual([]);
  });

  it("are removed although the engine saved their ids with the operations", async () => {
    await crashed("answered", ["one", "two"]);
    await cli.forgetCreations();
    const keys = cli.simulator.account().keys();
    await cli.editCheckpoint("answered", ({ pending_operations: operations = [] }) => {
      for (const { resource } of operations) {
        const { __createdAs: createdAs } = resource.inputs as { __createdAs?: string };
        const made = keys.find(({ name }) => name === createdAs);
        resource.id = fingerprintOf(made!.key);
      }
    });
    const report = await cli.report(["recover", "--stack", "answered", "--yes"]);
    expect(report).toMatchObject({ exitCode: 0, cleared: 2, problems: [] });
    expect(outcomesByResource(report.keys)).toEqual({ one: "removed", two: "removed" });
    expect(cli.names()).toEqual(["zero"]);
  });

  it("are reported although another run has taken the stack meanwhile", async () => {
    await crashed("overtaken", ["one"]);
    const held = cli.simulator.inject({ on: { path: "/auth/proxy/remove" }, hold: true });
    const running = cli.start(["recover", "--stack", "overtaken", "--yes", "--json"]);
    await held.reached();
    const list = cli.simulator.inject({ on: { path: "/auth/proxy", method: "GET" }, hold: true });
    const refresh = cli.project.refresh("overtaken", ["--skip-pending-creates"]);
    await list.reached();
    held.release();
    const { exitCode, stdout, output } = await running.done;
    list.release();
    await refresh;
    expect(exitCode, output).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      keys: [{ resource: "one", outcome: "removed" }],
      creditsReturned: 10,
      problems: [{ why: expect.stringMatching(/^Another run has begun to work on stack overtaken/) }],
    });
  });
});

describe("a key whose plugin alone was killed", () => {
  it("is found by this machine's journal", async () => {
    const { plugin, up, held } = await cli.upInFlight("journal", program({ bot: {} }));
    endProcesses(plugin);
    expect(await up).toBeInstanceOf(Error);
    held.remove();
    await ended(plugin);
    expect(await cli.project.pendingOperations("journal")).toEqual([]);
    const [name] = cli.names();

    const done = await cli.report(["recover", "--stack", "journal", "--yes"]);
    expect(done).toMatchObject({ exitCode: 0, keys: [{ name, resource: null, outcome: "removed" }] });
    expect([cli.names(), remembered()]).toEqual([[], []]);
  });

  it("is left alone by commands on a stack of the same name in another backend, also while its run is at work", async () => {
    const { plugin, up, held } = await cli.upInFlight("here", program({ bot: {} }));
    const elsewhere = {
      PULUMI_BACKEND_URL: `file://${cli.project.folders.temporary}`,
      ...cli.accountEnv(),
    };
    expect(await cli.project.pulumi(["stack", "init", "here"], { env: elsewhere })).toMatchObject({
      exitCode: 0,
    });
    const [name] = cli.names();
    const nothingElsewhere = async () => {
      const done = await cli.run(["recover", "--stack", "here", "--yes"], { env: elsewhere });
      expect(done).toMatchObject({
        exitCode: 0,
        stdout: expect.stringMatching(/^here: no key was lost/),
        stderr: expect.stringContaining("1 creation of a stack of this name in another backend"),
      });
      expect([cli.names(), remembered().length]).toEqual([[name], 1]);
    };
    await nothingElsewhere();

    endProcesses(plugin);
    await up;
    held.remove();
    await ended(plugin);
    await nothingElsewhere();
    expect(await cli.report(["recover", "--stack", "here", "--yes"])).toMatchObject({
      exitCode: 0,
      keys: [{ name, outcome: "removed" }],
    });
  });

  it("is reported, and stays, where it is not known which backend its stack is in", async () => {
    const { plugin, up, held } = await cli.upInFlight("unknown", program({ bot: {} }));
    endProcesses(plugin);
    await up;
    held.remove();
    await ended(plugin);
    const [note] = remembered();
    const text = await readFile(note?.file ?? "", "utf8");
    await writeFile(note?.file ?? "", text.replace(/,?"backend":"[0-9a-f]{32}"/, ""));
    const keys = cli.names();
    expect(await cli.report(["recover", "--stack", "unknown", "--yes"])).toMatchObject({
      exitCode: 1,
      keys: [],
      problems: [{ why: expect.stringContaining("perhaps of another backend") }],
    });
    expect([cli.names(), remembered().length]).toEqual([keys, 1]);
  });
});

it("a stack is named, or selected", async () => {
  expect(await cli.report(["recover", "--stack", "nothing", "--yes"])).toMatchObject({
    exitCode: 3,
    problems: [{ why: expect.stringMatching(/no stack nothing/) }],
  });
  expect(await cli.report(["recover"])).toMatchObject({
    exitCode: 3,
    problems: [{ why: "No stack is selected.", nextStep: "Name one with --stack." }],
  });
  await cli.stack("selected", program({}));
  await cli.project.pulumi(["stack", "select", "selected"]);
  for (const [args, done] of [
    [["recover"], "nothing was changed"],
    [["recover", "--yes"], "0 interrupted creations cleared, 0 credits returned"],
  ] as const)
    expect(await cli.run(args)).toMatchObject({
      exitCode: 0,
      stdout: `selected: no key was lost; ${done}.\n`,
    });
});
