import { describe, expect, it } from "vitest";
import { PATHS, refusal } from "../fixture";
import { revocation, OF_ACCOUNTS } from "./fixture";

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

  it("are never enabled, also if responses are lost and another program toggles", async () => {
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
