import { chmod, mkdir } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { fingerprintOf } from "../../../provider/lifecycle/schema/fingerprint";
import { PATHS, refusal } from "../fixture";
import { revocation } from "./fixture";

const OF_ACCOUNTS = { simulator: { accounts: [{ name: "main" }, { name: "other" }] } };

describe("a leaked key on stdin", () => {
  it("is looked up, disabled and verified by three requests, then removed, with the list as proof", async () => {
    const scene = await revocation();
    const { key } = scene.simulator
      .account()
      .addKey({ name: "bot", allocatedAmount: 25, usedAmount: 5, modelWhitelist: ["gpt-4o"] });
    scene.simulator.account().addKey({ name: "other" });
    const receipt = await scene.revoke(["--yes"], key);
    expect(scene.sentSince()).toEqual(["lookup", "toggle", "lookup", "remove", "list"]);
    const instant = expect.stringMatching(/^2026-01-01T00:00:\d\d\.\d{3}Z$/);
    expect(receipt).toMatchObject({
      command: "revoke",
      dryRun: false,
      exitCode: 0,
      creditsReturned: 20,
      keys: [
        {
          name: "bot",
          fingerprint: fingerprintOf(key),
          outcome: "removed",
          wasEnabled: true,
          budget: 25,
          usedBudget: 5,
          disabledAt: instant,
          removedAt: instant,
          provenAt: instant,
          settings: { name: "bot", budget: 25, models: ["gpt-4o"], enabled: true },
          problems: [],
        },
      ],
      notLookedUp: [
        expect.stringMatching(/^The stacks could not be looked up: There is no folder \/nowhere/),
      ],
    });
    expect(await scene.audited()).toMatchObject([
      { action: "disable", outcome: "disabled", name: "bot", fingerprint: fingerprintOf(key), requests: 3 },
      { action: "delete", outcome: "removed", name: "bot", settings: { budget: 25, enabled: true } },
    ]);
    expect(scene.simulator.account().keys()).toMatchObject([{ name: "other", isActive: true }]);
  });

  it("that is disabled already costs one request and no toggle", async () => {
    const scene = await revocation();
    const { key } = scene.simulator.account().addKey({ name: "bot", isActive: false });
    const receipt = await scene.revoke(["--disable-only", "--yes"], key);
    expect(scene.sentSince()).toEqual(["lookup"]);
    expect(receipt).toMatchObject({
      exitCode: 0,
      keys: [{ outcome: "disabled", wasEnabled: false, disabledAt: null }],
    });
    expect(await scene.audited()).toMatchObject([{ action: "disable", outcome: "already disabled" }]);
  });

  it("that is gone already is done, with the list as proof", async () => {
    const scene = await revocation();
    const { key } = scene.simulator.account().addKey({ name: "bot" });
    scene.simulator.account().removeKey(key);
    const receipt = await scene.revoke(["--yes"], key);
    expect(scene.sentSince()).toEqual(["lookup", "list"]);
    expect(receipt).toMatchObject({
      exitCode: 0,
      creditsReturned: 0,
      keys: [{ outcome: "already-gone", provenAt: expect.any(String), problems: [] }],
    });
  });

  it.each([
    ["its first half", (key: string) => key.slice(0, 24)],
    ["its last half", (key: string) => `ek-proxy-${key.slice(24)}`],
    ["with the full stop of a sentence", (key: string) => `${key}.`],
    ["in upper case", (key: string) => key.toUpperCase().replace("EK-PROXY-", "ek-proxy-")],
    ["pasted twice", (key: string) => `${key}/${key}`],
  ])("that is not copied exactly is not reported as removed: %s", async (_, copied) => {
    const scene = await revocation();
    const { key } = scene.simulator.account().addKey({ name: "bot" });
    const meant = fingerprintOf(key);
    for (const args of [["--yes"], ["--yes", "--disable-only"], []]) {
      expect(await scene.revoke(args, copied(key))).toMatchObject({
        exitCode: args.length === 0 ? 1 : 3,
        keys: [
          {
            outcome: "unknown",
            provenAt: null,
            problems: [
              {
                why: expect.stringContaining(`"bot" (${meant})`),
                nextStep: expect.stringContaining(`--fingerprint ${meant}`),
              },
            ],
          },
        ],
      });
    }
    expect(scene.simulator.account().keys()).toMatchObject([{ isActive: true }]);
  });

  it("is not reported as disabled while that is not verified", async () => {
    const scene = await revocation();
    const { key } = scene.simulator.account().addKey({ name: "bot" });
    scene.simulator.inject({
      on: { path: PATHS.lookup },
      skip: 1,
      times: Infinity,
      ...refusal(500, "broken"),
    });
    expect(await scene.revoke(["--yes", "--disable-only"], key)).toMatchObject({
      exitCode: 1,
      keys: [{ outcome: "failed", disabledAt: null }],
    });
  });

  it("is only shown by a dry run", async () => {
    const scene = await revocation(OF_ACCOUNTS);
    const { key } = scene.simulator.account().addKey({ name: "bot" });
    const receipt = await scene.revoke([], key);
    expect(receipt).toMatchObject({
      dryRun: true,
      exitCode: 0,
      keys: [{ name: "bot", outcome: "would-revoke" }],
    });
    expect(scene.sentSince()).toEqual(["lookup"]);
    const foreign = scene.simulator.account("other").addKey({ name: "theirs" });
    expect(await scene.revoke([], foreign.key)).toMatchObject({
      exitCode: 1,
      keys: [{ outcome: "foreign" }],
    });
    expect(await scene.audited()).toEqual([]);
  });
});

describe("several keys", () => {
  it("of which one is another account's and one is gone are each reported, and the others revoked", async () => {
    const scene = await revocation(OF_ACCOUNTS);
    const account = scene.simulator.account();
    const [one, two, gone] = ["one", "two", "gone"].map((name) => account.addKey({ name }).key);
    account.removeKey(gone ?? "");
    const theirs = scene.simulator.account("other").addKey({ name: "theirs" });
    const receipt = await scene.revoke(["--yes"], one ?? "", theirs.key, gone ?? "", two ?? "");
    expect(receipt).toMatchObject({
      exitCode: 1,
      keys: [
        { name: "one", outcome: "removed", problems: [] },
        { outcome: "foreign", problems: [{ why: expect.stringMatching(/another account/) }] },
        { outcome: "already-gone", problems: [] },
        { name: "two", outcome: "removed", problems: [] },
      ],
    });
    expect(scene.simulator.account("other").keys()).toMatchObject([{ isActive: true }]);
    expect(account.keys()).toEqual([]);
  });

  it("are all disabled before any is removed: 100 keys with a limit of 10, as fast as lists and toggles can be", async () => {
    const scene = await revocation({
      simulator: { accounts: [{ name: "main", rateLimit: { limit: 10, windowMs: 60_000 }, keyCap: 200 }] },
    });
    const account = scene.simulator.account();
    const keys = Array.from({ length: 100 }, (_, at) => account.addKey({ name: `bot-${at}` }).key);
    const startedMs = scene.clock.nowMs();
    const receipt = await scene.revoke(["--yes"], ...keys);
    expect(receipt.exitCode).toBe(0);
    expect(
      receipt.keys.every(({ outcome, problems }) => outcome === "removed" && problems.length === 0),
    ).toBe(true);
    const { journal } = scene.simulator;
    expect(journal.some(({ status }) => status === 429)).toBe(false);
    const at = (path: string) =>
      journal.filter((entry) => entry.path === path).map(({ atMs }) => atMs - startedMs);
    const toggles = at(PATHS.toggle);
    const removals = at(PATHS.remove);
    expect([toggles.length, removals.length]).toEqual([100, 100]);
    const paths = journal.map(({ path }) => path);
    expect(paths.lastIndexOf(PATHS.toggle)).toBeLessThan(paths.indexOf(PATHS.remove));
    // Each window has one list, which shows what is enabled and verifies what was toggled, and nine toggles.
    const windows = Math.ceil(100 / 9);
    const disabledMs = Math.max(...toggles);
    expect(disabledMs).toBeLessThan((windows - 1) * 61_000);
    const lookups = at(PATHS.lookup).length;
    process.stdout.write(
      `100 keys, 10 requests per 60 s: disabled after ${Math.round(disabledMs / 1_000)} s (optimum ${(windows - 1) * 60} s), ${lookups} lookups, ${at(PATHS.list).length} lists; removed after ${Math.round(Math.max(...removals) / 1_000)} s.\n`,
    );
  });

  it("of other accounts do not delay those of this account", async () => {
    const scene = await revocation({
      simulator: {
        accounts: [
          { name: "main", rateLimit: { limit: 10, windowMs: 60_000 } },
          { name: "other", keyCap: 40 },
        ],
      },
    });
    const [main, other] = [scene.simulator.account(), scene.simulator.account("other")];
    const theirs = Array.from({ length: 40 }, (_, at) => other.addKey({ name: `theirs-${at}` }).key);
    const ours = ["one", "two"].map((name) => main.addKey({ name }).key);
    const receipt = await scene.revoke(["--yes", "--disable-only"], ...theirs, ...ours);
    expect(receipt.keys.map(({ outcome }) => outcome)).toEqual([
      ...theirs.map(() => "foreign"),
      "disabled",
      "disabled",
    ]);
    expect(scene.sentSince().slice(0, 4)).toEqual(["list", "toggle", "toggle", "list"]);
  });

  it("are disabled by lookups while the list fails", async () => {
    const scene = await revocation();
    const account = scene.simulator.account();
    const keys = ["one", "two"].map((name) => account.addKey({ name }).key);
    scene.simulator.inject({
      on: { method: "GET", path: PATHS.list },
      times: Infinity,
      ...refusal(500, "broken"),
    });
    const receipt = await scene.revoke(["--yes", "--disable-only"], ...keys);
    expect(receipt).toMatchObject({ exitCode: 0, keys: [{ outcome: "disabled" }, { outcome: "disabled" }] });
    expect(account.keys().map(({ isActive }) => isActive)).toEqual([false, false]);
    const removed = await scene.revoke(["--yes"], ...keys);
    expect(removed).toMatchObject({
      exitCode: 1,
      keys: [
        { outcome: "removed", provenAt: null, problems: [{ why: expect.stringMatching(/not proven/) }] },
        {},
      ],
    });
    expect(account.keys()).toEqual([]);
  });

  it("are never enabled, whatever becomes of the responses and whoever else toggles", async () => {
    const scene = await revocation();
    const account = scene.simulator.account();
    const keys = ["cut", "late", "flipped", "plain", "off"].map((name) => account.addKey({ name }).key);
    account.disableKey("off");
    scene.simulator.inject({ on: { path: PATHS.toggle, keyName: "cut" }, cut: "after" });
    scene.simulator.inject({ on: { path: PATHS.toggle, keyName: "late" }, cut: "before" });
    const flip = () => {
      account.updateKey("flipped", { isActive: true });
      return { message: "Proxy key status updated", status: true };
    };
    scene.simulator.inject({ on: { path: PATHS.toggle, keyName: "flipped" }, status: 200, body: flip });
    const receipt = await scene.revoke(["--disable-only", "--yes"], ...keys);
    expect(receipt.exitCode).toBe(0);
    expect(account.keys().map(({ name, isActive }) => [name, isActive])).toEqual(
      ["cut", "late", "flipped", "plain", "off"].map((name) => [name, false]),
    );
  });
});

describe("a removal that fails", () => {
  it("leaves the key disabled, and the message says so", async () => {
    const scene = await revocation();
    const { key } = scene.simulator.account().addKey({ name: "bot" });
    scene.simulator.inject({ on: { path: PATHS.remove }, times: Infinity, ...refusal(403, "No permission") });
    const receipt = await scene.revoke(["--yes"], key);
    expect(receipt).toMatchObject({
      exitCode: 1,
      keys: [
        {
          outcome: "failed",
          removedAt: null,
          problems: [{ why: expect.stringMatching(/it stays disabled\.$/) }],
        },
      ],
    });
    expect(receipt.keys[0]?.disabledAt).not.toBeNull();
    expect(scene.simulator.account().findKey(key)?.isActive).toBe(false);
  });

  it("is not tried while the audit log cannot be written: the key is disabled all the same", async () => {
    const scene = await revocation();
    const { key } = scene.simulator.account().addKey({ name: "bot" });
    await mkdir(scene.auditLog);
    await chmod(scene.auditLog, 0o700);
    const receipt = await scene.revoke(["--yes"], key);
    expect(receipt).toMatchObject({ exitCode: 1, keys: [{ outcome: "failed", removedAt: null }] });
    expect(JSON.stringify(receipt.keys[0]?.problems)).toMatch(/audit log .* cannot be written/);
    expect(scene.sentSince()).toEqual(["lookup", "toggle", "lookup"]);
    expect(scene.simulator.account().findKey(key)?.isActive).toBe(false);
  });

  it("of an interrupted command is the next command's", async () => {
    const scene = await revocation();
    const account = scene.simulator.account();
    const keys = Array.from({ length: 20 }, (_, at) => account.addKey({ name: `bot-${at}` }).key);
    const held = scene.simulator.inject({
      on: { path: PATHS.remove },
      times: Infinity,
      hold: true,
      applied: true,
    });
    scene.clock.held = 16;
    const running = scene.revoke(["--yes"], ...keys);
    await held.reached(16);
    scene.stop.abort(new Error("stopped"));
    scene.clock.held = 0;
    held.remove();
    const receipt = await running;
    expect(receipt.exitCode).toBe(1);
    expect(account.keys().map(({ isActive }) => isActive)).toEqual([false, false, false, false]);
    scene.stop = new AbortController();
    const again = await scene.revoke(["--yes"], ...keys);
    expect(again.exitCode).toBe(0);
    expect(account.keys()).toEqual([]);
  });
});

describe("keys by an option", () => {
  it("are those with a fingerprint or a prefix; two lists and a toggle disable one", async () => {
    const scene = await revocation();
    const account = scene.simulator.account();
    const { key } = account.addKey({ name: "ci-1" });
    for (const name of ["ci-2", "prod"]) account.addKey({ name });
    await scene.revoke(["--yes", "--disable-only", "--fingerprint", fingerprintOf(key)]);
    expect(scene.sentSince()).toEqual(["list", "toggle", "list"]);
    const receipt = await scene.revoke(["--yes", "--name-prefix", "ci-"]);
    expect(receipt.keys).toMatchObject([
      { name: "ci-1", outcome: "removed", wasEnabled: true, disabledAt: null, settings: { enabled: true } },
      { name: "ci-2", outcome: "removed", wasEnabled: true, disabledAt: expect.any(String) },
    ]);
    expect(account.keys().map(({ name }) => name)).toEqual(["prod"]);
    expect(await scene.revoke(["--yes", "--name-prefix", "ci-"])).toMatchObject({ exitCode: 0, keys: [] });
  });

  it("that the list does not show are unknown, unless this machine remembers that it was about to remove them", async () => {
    const scene = await revocation();
    const { key } = scene.simulator.account().addKey({ name: "bot" });
    const fingerprint = fingerprintOf(key);
    const cut = scene.simulator.inject({ on: { path: PATHS.remove }, cut: "after", times: Infinity });
    await scene.revoke(["--yes", "--fingerprint", fingerprint]);
    cut.remove();
    const again = await scene.revoke(["--yes", "--fingerprint", fingerprint]);
    expect(again).toMatchObject({
      exitCode: 0,
      keys: [{ name: "bot", outcome: "already-gone", settings: { name: "bot" }, problems: [] }],
    });
    const unknown = await scene.revoke(["--yes", "--fingerprint", "pk-0123456789abcdef"]);
    expect(unknown).toMatchObject({ exitCode: 3, keys: [{ outcome: "unknown" }] });
  });

  it("whose secret the list hides cannot be disabled, and a removal is proven by a lookup", async () => {
    const scene = await revocation();
    const { key } = scene.simulator.account().addKey({ name: "ci-1" });
    scene.simulator.account().addKey({ name: "ci-2" });
    scene.simulator.dialect.listKeys = "omitted";
    expect(await scene.revoke(["--yes", "--name-prefix", "ci-"])).toMatchObject({
      exitCode: 3,
      keys: [
        {
          outcome: "failed",
          fingerprint: null,
          problems: [{ why: expect.stringMatching(/secret of key "ci-1"/) }],
        },
        {},
      ],
    });
    scene.sentSince();
    expect(await scene.revoke(["--yes"], key)).toMatchObject({ exitCode: 0, keys: [{ outcome: "removed" }] });
    expect(scene.sentSince()).toEqual(["lookup", "toggle", "lookup", "remove", "list", "lookup"]);
  });
});
