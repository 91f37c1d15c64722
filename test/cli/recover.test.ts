import { readFile, writeFile } from "node:fs/promises";
import { expect, describe, it } from "vitest";
import { creationsFolder } from "../../provider/config";
import { readCreations } from "../../provider/lifecycle/creations/journalReader";
import { endProcesses } from "../support/processes";
import { LIST, program, REMOVE, times } from "../engine/fixture";
import { ended, mutations, outcomesByResource, useCli } from "./fixture";

const cli = useCli();

/** What this machine remembers of creations in flight. */
function remembered() {
  return readCreations(creationsFolder({ XDG_CACHE_HOME: cli.project.folders.cache }));
}

/** A stack with one key, whose next run was killed after it had made these as well. */
async function crashed(name: string, lost: readonly string[], args: Parameters<typeof program>[0] = {}) {
  const first = await cli.stack(name, program({ zero: { name: "zero" } }));
  await first.up();
  const all = { zero: { name: "zero" }, ...Object.fromEntries(lost.map((key) => [key, {}])), ...args };
  return cli.crashedUp(name, program(all), { creations: lost.length + Object.keys(args).length });
}

describe("keys that a killed run has made", () => {
  it("are shown, then removed with the operations that were interrupted; everything else stays", async () => {
    await crashed("killed", ["one", "two"]);
    // Another machine than the one that ran it.
    await cli.forgetCreations();
    const before = await cli.project.exportState("killed");
    expect(before.deployment.pending_operations).toHaveLength(2);

    const shown = await cli.report(["recover", "--stack", "killed", "--dry-run"]);
    expect(shown).toMatchObject({ command: "recover", dryRun: true, exitCode: 0, cleared: 0, problems: [] });
    expect(outcomesByResource(shown.keys)).toEqual({ one: "would-remove", two: "would-remove" });
    expect(cli.takeRequests()).toEqual([LIST]);
    expect(await cli.project.exportState("killed")).toEqual(before);

    const { balance } = cli.simulator.account();
    const done = await cli.run(["recover", "--stack", "killed"]);
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

    expect(await cli.report(["recover", "--stack", "killed"])).toMatchObject({
      exitCode: 0,
      keys: [],
      cleared: 0,
    });
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

    expect(await cli.report(["recover", "--stack", "replacing"])).toMatchObject({
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
    const first = cli.start(["recover", "--stack", "twice"]);
    await last.reached();
    first.kill("SIGKILL");
    await first.done;
    last.release();
    expect(cli.names()).toEqual(["zero"]);
    expect(await cli.project.pendingOperations("twice")).toHaveLength(2);

    const second = await cli.report(["recover", "--stack", "twice"]);
    expect(second).toMatchObject({ exitCode: 0, keys: [], cleared: 2, problems: [] });
    expect(await cli.project.pendingOperations("twice")).toEqual([]);
    expect(remembered()).toEqual([]);
  });

  it("are told of although another run has taken the stack meanwhile", async () => {
    await crashed("overtaken", ["one"]);
    const held = cli.simulator.inject({ on: { path: "/auth/proxy/remove" }, hold: true });
    const running = cli.start(["recover", "--stack", "overtaken", "--json"]);
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
  it("is found by what this machine remembers", async () => {
    const { plugin, up, held } = await cli.upInFlight("journal", program({ bot: {} }));
    endProcesses(plugin);
    expect(await up).toBeInstanceOf(Error);
    held.remove();
    await ended(plugin);
    expect(await cli.project.pendingOperations("journal")).toEqual([]);
    const [name] = cli.names();

    const done = await cli.report(["recover", "--stack", "journal"]);
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
      const done = await cli.run(["recover", "--stack", "here"], { env: elsewhere });
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
    expect(await cli.report(["recover", "--stack", "here"])).toMatchObject({
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
    expect(await cli.report(["recover", "--stack", "unknown"])).toMatchObject({
      exitCode: 1,
      keys: [],
      problems: [{ why: expect.stringContaining("perhaps of another backend") }],
    });
    expect([cli.names(), remembered().length]).toEqual([keys, 1]);
  });
});

describe("a key that got its chosen name before its run was killed", () => {
  it("is found by what this machine remembers; any other one reports it and clears nothing", async () => {
    await cli.crashedUp("renamed", program({ bot: { name: "billing" } }), {
      on: { path: "/auth/proxy/update" },
    });
    expect(cli.names()).toEqual(["billing"]);
    const otherMachine = { XDG_CACHE_HOME: cli.project.folders.temporary };
    const reported = await cli.report(["recover", "--stack", "renamed"], { env: otherMachine });
    expect(reported).toMatchObject({
      exitCode: 1,
      keys: [],
      cleared: 0,
      problems: [{ why: expect.stringMatching(/one of that name \(pk-[0-9a-f]{16}\) that no stack knows/) }],
    });
    expect(cli.names()).toEqual(["billing"]);
    expect(await cli.report(["recover", "--stack", "renamed"])).toMatchObject({
      exitCode: 0,
      keys: [{ name: "billing", resource: "bot", outcome: "removed" }],
      cleared: 1,
    });
    expect([cli.names(), remembered()]).toEqual([[], []]);
  });
});

describe("the account of a stack whose state has no key", () => {
  it("has to be proven before an interrupted creation counts as nothing", async () => {
    await cli.crashedUp("proof", program({ bot: { name: "billing" } }));
    await cli.forgetCreations();
    // As where the API key came from the environment.
    await cli.editCheckpoint("proof", ({ resources }) => {
      for (const resource of resources) {
        if (resource["type"] === "pulumi:providers:pulumi-nodejs") resource["inputs"] = {};
      }
    });
    for (const key of ["apiKey", "baseUrl"]) {
      const args = ["config", "rm", `electronhub:${key}`, "--stack", "proof"];
      expect(await cli.project.pulumi(args)).toMatchObject({ exitCode: 0 });
    }
    const { apiKey } = cli.simulator.addAccount({ name: "wrong" });
    const wrong = { ...cli.accountEnv(), ELECTRONHUB_API_KEY: apiKey };
    const keys = cli.names();

    const refused = await cli.report(["recover", "--stack", "proof"], { env: wrong });
    expect(refused).toMatchObject({
      exitCode: 1,
      keys: [],
      cleared: 0,
      problems: [
        {
          why: expect.stringMatching(
            /key "billing" \(resource bot\).*SHA-256 begins with [0-9a-f]{16}\).*nothing proves/,
          ),
          nextStep: expect.stringContaining("`pulumi refresh --clear-pending-creates --stack proof`"),
        },
      ],
    });
    const cleanup = ["cleanup", "--stack", "proof", "--yes", "--remove-stack"];
    expect(await cli.report(cleanup, { env: wrong })).toMatchObject({
      exitCode: 1,
      stacks: [{ outcome: "failed", problems: [{ why: expect.stringContaining("nothing proves") }] }],
    });
    expect(await cli.project.pendingOperations("proof")).toHaveLength(1);
    expect(cli.names()).toEqual(keys);

    const done = await cli.report(["recover", "--stack", "proof"], { env: cli.accountEnv() });
    expect(done).toMatchObject({ exitCode: 0, keys: [{ outcome: "removed" }], cleared: 1 });
    expect(cli.names()).toEqual([]);
  });

  it("is proven by the interrupted creation itself, on any machine, also where it made no key", async () => {
    await cli.crashedUp("nothing", program({ bot: {} }));
    await cli.forgetCreations();
    for (const { key } of cli.simulator.account().keys()) cli.simulator.account().removeKey(key);
    expect(await cli.report(["recover", "--stack", "nothing"])).toMatchObject({
      exitCode: 0,
      keys: [],
      cleared: 1,
    });
  });
});

describe("what may be somebody else's", () => {
  it("is reported and stays, with every interrupted operation: a key that was used", async () => {
    const account = cli.simulator.account();
    await crashed("explicit", ["used", "solo"]);
    await cli.forgetCreations();
    const used = cli.names().find((name) => name.startsWith("used-")) ?? "";
    account.spend(used, 1);

    const first = await cli.report(["recover", "--stack", "explicit"]);
    expect(first).toMatchObject({
      exitCode: 1,
      cleared: 0,
      keys: [{ resource: "solo", outcome: "removed" }],
      problems: [
        {
          why: expect.stringMatching(new RegExp(`"${used}".* has been used since, so an application has it`)),
        },
      ],
    });
    expect(cli.names()).toEqual([used, "zero"].toSorted());
    expect(await cli.project.pendingOperations("explicit")).toHaveLength(2);

    account.removeKey(used);
    expect(await cli.report(["recover", "--stack", "explicit"])).toMatchObject({ exitCode: 0, cleared: 2 });
    expect(cli.names()).toEqual(["zero"]);
  });

  it("and an interrupted creation of another provider keep the state as it is", async () => {
    await crashed("foreign", ["one"]);
    const bucket = "urn:pulumi:foreign::test::aws:s3/bucket:Bucket::files";
    await cli.editCheckpoint("foreign", ({ pending_operations: operations = [] }) => {
      const resource = { urn: bucket, custom: true, type: "aws:s3/bucket:Bucket" };
      operations.push({ type: "creating", resource });
    });
    const report = await cli.report(["recover", "--stack", "foreign"]);
    expect(report).toMatchObject({
      exitCode: 1,
      cleared: 0,
      keys: [{ resource: "one", outcome: "removed" }],
    });
    expect(report.problems).toEqual([
      { why: expect.stringContaining(bucket), nextStep: expect.stringContaining("pulumi refresh") },
    ]);
    expect(await cli.project.pendingOperations("foreign")).toHaveLength(2);
  });
});

it("a stack is named, or selected", async () => {
  expect(await cli.report(["recover", "--stack", "nothing"])).toMatchObject({
    exitCode: 3,
    problems: [{ why: expect.stringMatching(/no stack nothing/) }],
  });
  expect(await cli.report(["recover"])).toMatchObject({
    exitCode: 3,
    problems: [{ why: "No stack is selected.", nextStep: "Name one with --stack." }],
  });
  await cli.stack("selected", program({}));
  expect(await cli.run(["recover"])).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/^selected: no key was lost; 0 interrupted creations cleared/),
  });
});
