import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fingerprintOf } from "../../provider/lifecycle/schema/state";
import type { SimulatedKey } from "../../provider/testing";
import { LIST, program, REMOVE } from "../engine/fixture";
import { until } from "../support/until";
import { mutations, useCli } from "./fixture";
import { outcomes, type Report } from "./reports";

const cli = useCli();

const REMOVE_CI = ["--name-prefix", "ci-", "--remove", "--yes"];

function orphans(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return cli.report(["orphans", ...args], { env: { ...cli.accountEnv(), ...env } });
}

function addKeys(...names: readonly string[]): SimulatedKey[] {
  return names.map((name) => cli.simulator.account().addKey({ name }));
}

/** A stack with a key, so that the backend is the account's. */
async function anchored(): Promise<void> {
  await (await cli.stack("anchor", program({ own: { name: "own" } }))).up();
  cli.takeRequests();
}

describe("a real removal of orphans", () => {
  it.each([
    ["names no key", []],
    ["names keys only by their use", ["--unused-for", "30d"]],
    ["names what is no fingerprint", ["--fingerprint", "pk-12"]],
  ])("that %s is wrong usage", async (_, args) => {
    const [key] = addKeys("ci-1");
    const { exitCode, stderr } = await cli.run(["orphans", "--remove", "--yes", ...args], {
      env: cli.accountEnv(),
    });
    expect(exitCode).toBe(2);
    expect(stderr).toContain("--fingerprint");
    expect(cli.takeRequests()).toEqual([]);
    expect(cli.names()).toEqual([key?.name]);
  });

  it("of single keys takes these only, and says why it leaves the others", async () => {
    await anchored();
    const [own] = cli.simulator.account().keys();
    const [wanted, other] = addKeys("wanted", "other");
    const named = [wanted, own].flatMap((key) => ["--fingerprint", fingerprintOf(key?.key ?? "")]);
    const absent = "pk-0123456789abcdef";

    const shown = await orphans([...named, "--fingerprint", absent]);
    expect(shown.exitCode).toBe(1);
    expect(outcomes(shown.orphans)).toEqual({ wanted: "would-remove" });
    const done = await orphans([...named, "--fingerprint", absent, "--remove", "--yes"]);
    expect(done.exitCode).toBe(1);
    expect(outcomes(done.orphans)).toEqual({ wanted: "removed" });
    for (const { problems } of [shown, done]) {
      expect(problems.map(({ why }) => why)).toEqual([
        expect.stringMatching(/^Stack \S*anchor has key "own" \(pk-[0-9a-f]{16}\) in its state\.$/),
        `The account's list shows no key with fingerprint ${absent}.`,
      ]);
    }
    expect(cli.names()).toEqual([other?.name, "own"]);
    expect(await orphans(["--fingerprint", absent, "--remove", "--yes"])).toMatchObject({ exitCode: 3 });
  });
});

describe("a backend whose stacks have no key of the account", () => {
  it("is most likely the wrong one: nothing is removed, and no removal is advised", async () => {
    await anchored();
    addKeys("ci-1", "ci-2");
    const empty = join(cli.project.folders.root, "empty-backend");
    await mkdir(empty, { recursive: true });
    const env = { PULUMI_BACKEND_URL: `file://${empty}` };
    const refused = await orphans(REMOVE_CI, env);
    expect(refused).toMatchObject({ exitCode: 3, dryRun: false, stackCount: 0 });
    expect(outcomes(refused.orphans)).toEqual({ "ci-1": "unknown", "ci-2": "unknown" });
    expect(refused.problems).toMatchObject([{ why: expect.stringMatching(/most likely another backend/) }]);
    const shown = await cli.run(["orphans"], { env: { ...cli.accountEnv(), ...env } });
    expect(shown.exitCode).toBe(1);
    expect(shown.stdout).toMatch(/most likely another backend, or another account/);
    expect(shown.stdout).not.toContain("--yes");
    expect(mutations(cli.takeRequests())).toEqual([]);
    expect(cli.names()).toEqual(["ci-1", "ci-2", "own"]);
  });

  it("is refused with stacks too, even a removal of a single key", async () => {
    await cli.project.pulumi(["stack", "init", "bare"]);
    const [key] = addKeys("ci-1");
    const named = ["--fingerprint", fingerprintOf(key?.key ?? "")];
    const refused = await orphans([...named, "--remove", "--yes"]);
    expect(refused).toMatchObject({ exitCode: 3, stackCount: 1, orphans: [{ outcome: "unknown" }] });
    expect(cli.takeRequests()).toEqual([LIST]);
    expect(cli.names()).toEqual(["ci-1"]);
  });
});

describe("keys that the account lists without their secrets", () => {
  it("are unknown to `orphans`, and `cleanup` removes those of its stack with the engine's proof", async () => {
    await anchored();
    addKeys("ci-1");
    cli.simulator.dialect.listKeys = "omitted";
    const shown = await cli.run(["orphans"], { env: cli.accountEnv() });
    expect(shown.exitCode).toBe(1);
    expect(shown.stdout).toMatch(/Whether a stack has 2 keys is unknown\./);
    expect(shown.stdout).not.toContain("--yes");
    const refused = await orphans(REMOVE_CI);
    expect(refused).toMatchObject({ exitCode: 3, orphans: [{ name: "ci-1", outcome: "unknown" }] });
    expect(mutations(cli.takeRequests())).toEqual([]);

    const cleaned = await cli.report(["cleanup", "--stack", "*", "--yes"]);
    expect(cleaned).toMatchObject({ exitCode: 0, creditsReturned: 0 });
    expect(cleaned.stacks[0]?.keys).toMatchObject([{ name: "own", outcome: "removed", unusedCredits: null }]);
    expect(cli.names()).toEqual(["ci-1"]);
  });
});

/** A removal reads the states again when they were read longer ago. */
const FRESH_MS = 500;

describe("a key that a stack takes over while its removal waits", () => {
  it("stays", async () => {
    await anchored();
    const [, second] = addKeys("ci-1", "ci-2");
    const held = cli.simulator.inject({ on: { path: "/auth/proxy/remove", keyName: "ci-1" }, hold: true });
    const running = cli.start(["orphans", ...REMOVE_CI, "--json"], { env: cli.accountEnv() });
    await held.reached();
    const readMs = Date.now();
    const taker = await cli.stack("taker", program({ taken: { adopt: second?.key ?? "", name: "ci-2" } }));
    await taker.up();
    await until(() => Date.now() > readMs + FRESH_MS, 2 * FRESH_MS);
    held.release();
    const { exitCode, stdout } = await running.done;
    expect(exitCode).toBe(0);
    const report = JSON.parse(stdout) as Report;
    expect(outcomes(report.orphans)).toEqual({ "ci-1": "removed", "ci-2": "kept" });
    expect(report.orphans[1]?.why).toMatch(/^Stack \S*taker has key "ci-2"/);
    expect(cli.names()).toEqual(["ci-2", "own"]);
    cli.takeRequests();
    await cli.expectNoChange(taker);
  });

  it("stays although it moves to another stack while the states are read", async () => {
    await anchored();
    await (await cli.stack("from", program({ moved: { name: "ci-moved" } }))).up();
    await (await cli.stack("into", program({ other: { name: "other" } }))).up();
    cli.takeRequests();
    const urn = `urn:pulumi:from::${cli.project.name}::pulumi-nodejs:dynamic/electronhub:ProxyKey::moved`;
    // Once the state of `into` was read for the first time, and before that of `from` is, the key moves there.
    const [isRead, isMoved] = ["read", "moved"].map((name) => join(cli.project.folders.root, name));
    const env = await cli.withPulumi(
      `case "$*" in
*"stack export"*into*) "$PULUMI" "$@"; code=$?; mkdir -p "${isRead}"; exit $code;;
*"stack export"*from*)
  if [ ! -d "${isMoved}" ]; then
    until [ -d "${isRead}" ]; do sleep 0.05; done
    "$PULUMI" state move --yes --source from --dest into "${urn}" >&2
    mkdir "${isMoved}"
  fi;;
esac`,
    );
    const report = await orphans(REMOVE_CI, env);
    expect(report).toMatchObject({ exitCode: 0, orphans: [] });
    expect(Object.keys(await cli.keysInState("into")).toSorted()).toEqual(["moved", "other"]);
    expect(cli.takeRequests()).toEqual([LIST]);
    expect(cli.names()).toContain("ci-moved");
  });

  it("stays although the cleanup of the stack that lost it sends its removal again", async () => {
    await cli.crashedUp("crashed", program({ made: {} }));
    const [lost] = cli.simulator.account().keys();
    const held = cli.simulator.inject({
      on: { path: "/auth/proxy/remove", keyName: lost?.name ?? "" },
      status: 503,
      headers: { "retry-after": "3" },
      hold: true,
    });
    const running = cli.start(["cleanup", "--stack", "crashed", "--yes", "--json"]);
    await held.reached();
    await (await cli.stack("taker", program({ taken: { adopt: lost?.key ?? "", name: "taken" } }))).up();
    cli.takeRequests();
    held.release();
    const { exitCode, stdout } = await running.done;
    expect(exitCode).toBe(1);
    const [key] = (JSON.parse(stdout) as Report).stacks[0]?.keys ?? [];
    expect(key).toMatchObject({ outcome: "failed", why: expect.stringMatching(/^Stack \S*taker has key /) });
    expect(mutations(cli.takeRequests())).toEqual([]);
    expect(cli.names()).toEqual(["taken"]);
  });
});

describe("an account that cannot be asked", () => {
  it("leaves a dry run without a result, and does not make removals look undone", async () => {
    await anchored();
    const refusal = cli.simulator.inject({
      on: { path: "/auth/proxy" },
      times: Infinity,
      status: 401,
      body: { error: { message: "Invalid API key", type: "error", param: null, code: 401 } },
    });
    const shown = await cli.run(["cleanup"]);
    expect(shown.exitCode).toBe(3);
    expect(shown.stdout).toMatch(/^Nothing was changed\.$/m);
    expect(shown.stdout).not.toContain("0 keys");
    refusal.remove();

    // Only the list before the removal fails.
    cli.simulator.inject({ on: { path: "/auth/proxy" }, status: 401, body: { detail: "Invalid API key" } });
    cli.takeRequests();
    const cleaned = await cli.report(["cleanup", "--stack", "*", "--yes"]);
    expect(cleaned).toMatchObject({ exitCode: 0, stacks: [{ outcome: "cleaned" }] });
    expect(cleaned.stacks[0]?.keys).toMatchObject([{ outcome: "removed", unusedCredits: null }]);
    expect(mutations(cli.takeRequests())).toEqual([REMOVE]);
  });
});

describe("the server's clock", () => {
  it("decides how long a key was unused, however far this machine's is ahead", async () => {
    await anchored();
    const nowS = Math.floor(Date.now() / 1_000);
    const [own] = cli.simulator.account().keys();
    const serverNowS = nowS - 7_200;
    const entry = (name: string, key: string) => ({
      name,
      key,
      expires_at: -1,
      allocated_ammount: 1,
      is_active: true,
      created_at: serverNowS - 86_400,
      last_used: serverNowS - 60,
    });
    const [used] = addKeys("ci-used");
    const list = [entry("own", own?.key ?? ""), entry("ci-used", used?.key ?? "")];
    for (const date of [new Date(serverNowS * 1_000).toUTCString(), "no date"]) {
      cli.simulator.inject({ on: { path: "/auth/proxy" }, status: 200, body: list, headers: { date } });
      const report = await orphans([...REMOVE_CI, "--unused-for", "1h"]);
      expect(report.orphans).toEqual([]);
      expect(report.exitCode).toBe(date === "no date" ? 3 : 0);
    }
    expect(mutations(cli.takeRequests())).toEqual([]);
    expect(cli.names()).toEqual(["ci-used", "own"]);
  });
});

describe("options of Pulumi in the environment", () => {
  it("neither hide stacks, whose keys would look like orphans, nor write the keys to a file", async () => {
    await anchored();
    await (await cli.stack("hidden", program({ live: { name: "ci-live" } }))).up();
    await cli.project.pulumi(["stack", "tag", "set", "team", "a", "--stack", "anchor"]);
    // Another machine, whose journal does not have the key.
    await cli.forgetCreations();
    const leak = join(cli.project.folders.root, "export.json");
    const done = await orphans(REMOVE_CI, { PULUMI_OPTION_TAG: "team=a", PULUMI_OPTION_FILE: leak });
    expect(done).toMatchObject({ exitCode: 0, stackCount: 2, orphans: [] });
    expect(cli.names()).toEqual(["ci-live", "own"]);
    expect(existsSync(leak)).toBe(false);
  });
});
