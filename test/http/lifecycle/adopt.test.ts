import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { UnsettledKeys } from "../../../provider/lifecycle/unsettledKeys";
import { KeysOfRun } from "../../../provider/lifecycle/keysOfRun";
import { DynamicProvider } from "../../../provider/dynamic/dynamicProvider";
import type { Dependencies } from "../../../provider/lifecycle/accountContext";
import { fingerprintOf } from "../../../provider/lifecycle/schema/state";
import { echoSecrets, edgePage, type OutsideKey } from "../../../provider/testing";
import { createWorld, PATHS, refusal, rejection, sent, type World } from "../fixture";

const MADE_OUTSIDE: OutsideKey = {
  name: "made by hand",
  allocatedAmount: 3,
  limitType: "monthly",
  modelWhitelist: ["o3"],
  ipWhitelist: ["10.0.0.0/8"],
};

/** A world with a key that somebody made by hand, and the inputs that take it over. */
async function handMade(args: Record<string, unknown> = {}, outside: Partial<OutsideKey> = {}) {
  const world = await createWorld();
  const account = world.simulator.account();
  const { key } = account.addKey({ ...MADE_OUTSIDE, ...outside });
  const inputs = await world.declare({ adopt: key, ...args });
  return { world, account, key, inputs, adopt: () => world.lifecycle.create(inputs) };
}

function bodies({ simulator }: World): unknown[] {
  return simulator.journal.map(({ body }) => body);
}

describe("an adoption", () => {
  it("looks the key up, brings it to what is declared, and makes none", async () => {
    const { world, account, key, inputs, adopt } = await handMade({ models: ["b", "a"] });
    const { balance } = account;
    const { id, outs } = await adopt();
    expect(sent(world)).toEqual(["lookup", "update"]);
    expect(bodies(world)).toEqual([
      { proxy_key: key },
      {
        proxy_key: key,
        name: "made by hand",
        allocated_ammount: 10,
        limit_type: "daily",
        expires_at: -1,
        model_whitelist: ["a", "b"],
        ip_whitelist: [],
      },
    ]);
    expect(account.balance).toBe(balance - 7);
    expect(id).toBe(fingerprintOf(key));
    expect(outs).toEqual({
      name: "made by hand",
      budget: 10,
      budgetWindow: "daily",
      expiresAt: "never",
      models: ["a", "b"],
      allowedIps: "any",
      enabled: true,
      adopt: key,
      onDestroy: "remove",
      key,
      fingerprint: id,
      createdAt: "2026-01-01T00:00:00Z",
      usedBudget: 0,
      server: world.simulator.baseUrl.replace("/v1", ""),
      stateVersion: 1,
    });
    await expect(world.lifecycle.diff(id, outs as never, inputs)).resolves.toMatchObject({ changes: false });
  });

  it("may give it another name, and keeps what it has used", async () => {
    const { account, adopt } = await handMade({ name: "ours" }, { usedAmount: 2 });
    await expect(adopt()).resolves.toMatchObject({ outs: { name: "ours", usedBudget: 2 } });
    expect(account.keys()).toMatchObject([{ name: "ours", usedAmount: 2, allocatedAmount: 10 }]);
  });

  it.each([
    { enabled: true, isActive: true, calls: ["lookup", "update"] },
    { enabled: true, isActive: false, calls: ["lookup", "update", "toggle"] },
    { enabled: false, isActive: true, calls: ["lookup", "update", "toggle"] },
    { enabled: false, isActive: false, calls: ["lookup", "update"] },
  ])("toggles it only where that is needed: %j", async ({ enabled, isActive, calls }) => {
    const { world, account, adopt } = await handMade({ enabled }, { isActive });
    await expect(adopt()).resolves.toMatchObject({ outs: { enabled } });
    expect(sent(world)).toEqual(calls);
    expect(account.keys()).toMatchObject([{ isActive: enabled }]);
  });

  it("refuses a key whose own name cannot be sent, before anything is changed", async () => {
    const { world, adopt } = await handMade({}, { name: "x".repeat(26) });
    const { message } = await rejection(adopt());
    expect(message).toMatch(/^Cannot adopt proxy key \(pk-.*a name that the API does not take.*\nGive it a/);
    expect(sent(world)).toEqual(["lookup"]);
  });
});

describe("a refusal", () => {
  it("for a key that is not there says what to look at", async () => {
    const { world, account, key, adopt } = await handMade();
    account.removeKey(key);
    const { message } = await rejection(adopt());
    expect(message).toMatch(
      /^Cannot adopt proxy key \(pk-[0-9a-f]{16}\): The key to adopt is not there\. .*\(HTTP 404/,
    );
    expect(message).toMatch(/\nCheck that it is whole, not removed, and of the account/);
    expect(sent(world)).toEqual(["lookup"]);
  });

  it("for a key of another account says whose it is", async () => {
    const { world, account, key, adopt } = await handMade({ name: "ours" });
    account.removeKey(key);
    world.simulator.addAccount({ name: "other" }).addKey({ name: "theirs", key });
    const { message } = await rejection(adopt());
    expect(message).toMatch(
      /^Cannot adopt proxy key "ours" \(pk-.*\): The key is owned by another account .*\(HTTP 403/,
    );
    expect(message).toMatch(/\nUse the API key of the account that owns it/);
    expect(sent(world)).toEqual(["lookup"]);
  });

  it("by an edge in front of the API is not taken for a missing key", async () => {
    const { world, adopt } = await handMade();
    world.simulator.inject({ on: { path: PATHS.lookup }, ...edgePage(404) });
    const { message } = await rejection(adopt());
    expect(message).not.toContain("The key to adopt is not there");
  });

  it.each([PATHS.lookup, PATHS.update, PATHS.toggle])("never repeats the key (%s)", async (path) => {
    const { world, key, adopt } = await handMade({ enabled: false });
    world.simulator.inject({ on: { path }, ...echoSecrets(403) });
    const { message } = await rejection(adopt());
    const core = key.replace("ek-proxy-", "");
    for (const part of [core.slice(0, 12), Buffer.from(key).toString("hex").slice(20, 40)]) {
      expect(message).not.toContain(part);
    }
    expect(message).toContain(fingerprintOf(key));
  });
});

describe("half-way", () => {
  it.each([PATHS.update, PATHS.toggle])("a failure of %s records nothing and loses nothing", async (path) => {
    const { world, account, key, adopt } = await handMade({ enabled: false });
    world.simulator.inject({ on: { path }, ...refusal(403, "Your plan is paused") });
    const error = await rejection(adopt());
    // With an id the host would take it for a resource that has to be saved.
    expect(error).not.toHaveProperty("id");
    expect(account.keys()).toMatchObject([{ key, isActive: true }]);

    world.simulator.clearJournal();
    await expect(adopt()).resolves.toMatchObject({ id: fingerprintOf(key), outs: { enabled: false } });
    expect(sent(world)).toEqual(["lookup", "update", "toggle"]);
  });

  it.each([
    { path: PATHS.update, calls: ["lookup", "update", "update", "toggle"] },
    { path: PATHS.toggle, calls: ["lookup", "update", "toggle", "lookup"] },
  ])("an answer of $path that is lost is settled at once", async ({ path, calls }) => {
    const { world, account, adopt } = await handMade({ enabled: false });
    world.simulator.inject({ on: { path }, cut: "after" });
    await adopt();
    expect(sent(world)).toEqual(calls);
    expect(account.keys()).toMatchObject([{ isActive: false }]);
  });
});

describe("one key for two resources", () => {
  it("is refused by check to the second, and by create to both", async () => {
    const { world, key, inputs, adopt } = await handMade();
    const { failures } = await world.lifecycle.check({}, { budget: 10, adopt: key, __resourceName: "other" });
    expect(failures).toMatchObject([
      {
        property: "",
        reason: expect.stringMatching(/another resource of this program has or adopts as well/),
      },
    ]);
    expect(JSON.stringify(failures)).not.toContain(key);
    expect((await rejection(adopt())).message).toMatch(/Declare each key in one resource only/);
    await expect(world.lifecycle.create(inputs)).rejects.toThrow();
    expect(sent(world)).toEqual([]);
  });

  it("is refused for a key that this run has created", async () => {
    const world = await createWorld();
    const { state } = await world.existing();
    const { failures } = await world.lifecycle.check({}, { budget: 10, adopt: state.key });
    expect(failures).toMatchObject([{ reason: expect.stringMatching(/has or adopts as well/) }]);
    expect(sent(world)).toEqual([]);
  });

  it("is refused for a key that another declared resource keeps", async () => {
    const { world, key } = await handMade();
    const later = laterRun(world);
    const holder = (await later.check({ budget: 10 }, { budget: 10, __resourceName: "holder" })).inputs ?? {};
    await later.diff(fingerprintOf(key), { ...holder, key }, holder);
    const { failures } = await later.check({}, { budget: 10, adopt: key });
    expect(failures).toMatchObject([{ reason: expect.stringMatching(/has or adopts as well/) }]);
    expect(sent(world)).toEqual([]);
  });

  it("is refused by the comparison of the resource that keeps the key, if that comes second", async () => {
    const { world, key, inputs } = await handMade();
    const holder = await world.declare({ __resourceName: "holder" }, { budget: 10 });
    const compared = world.lifecycle.diff(fingerprintOf(key), { ...holder, key }, holder);
    expect((await rejection(compared)).message).toMatch(/in one resource only/);
    expect((await rejection(world.lifecycle.create(inputs))).message).toMatch(/in one resource only/);
    expect(sent(world)).toEqual([]);
  });

  it("is not refused for a key of a resource that only a refresh has compared", async () => {
    const { world, key, adopt } = await handMade();
    await world.lifecycle.diff(fingerprintOf(key), { budget: 3, key }, { budget: 3 });
    await expect(adopt()).resolves.toMatchObject({ id: fingerprintOf(key) });
  });
});

describe("the deletion of the resource that had the key before", () => {
  const before = (key: string) => ({ key, name: "old" });

  it("removes nothing in the run that adopts it", async () => {
    const { world, account, key, adopt } = await handMade();
    await adopt();
    world.simulator.clearJournal();
    await world.lifecycle.delete(fingerprintOf(key), before(key));
    expect(sent(world)).toEqual([]);
    expect(account.keys()).toMatchObject([{ key }]);
  });

  it("removes nothing in a later run, with or without `adopt` in the program", async () => {
    for (const declared of [{ adopt: true }, {}]) {
      const { world, account, key, inputs, adopt } = await handMade();
      const { outs } = await adopt();
      const later = laterRun(world);
      const news = { budget: 10, __resourceName: "after", ...("adopt" in declared ? { adopt: key } : {}) };
      const checked = (await later.check(inputs, news)).inputs;
      await later.diff(fingerprintOf(key), outs as never, checked as never);
      world.simulator.clearJournal();
      await later.delete(fingerprintOf(key), { ...outs, adopt: undefined });
      expect(sent(world)).toEqual([]);
      expect(account.keys()).toMatchObject([{ key }]);
    }
  });

  it("removes nothing when the same resource adopted the key again, in a run that then failed", async () => {
    const { world, account, key, inputs, adopt } = await handMade();
    const first = await adopt();
    const second = await adopt();
    const later = laterRun(world);
    const { inputs: checked } = await later.check(inputs, { budget: 10, __resourceName: "web" });
    await later.diff(second.id, second.outs as never, checked as never);
    world.simulator.clearJournal();
    await later.delete(first.id, first.outs as never);
    expect(sent(world)).toEqual([]);
    expect(account.keys()).toMatchObject([{ key }]);
  });

  it("removes the key when a destroy deletes both, in which nothing is checked", async () => {
    const { world, account, key, adopt } = await handMade();
    const { id, outs } = await adopt();
    const later = laterRun(world);
    await later.delete(id, before(key));
    await later.delete(id, outs as never);
    expect(account.keys()).toEqual([]);
  });

  it("is refused while the adoption has failed, or has not begun", async () => {
    for (const fails of [true, false]) {
      const { world, account, key, adopt } = await handMade();
      world.simulator.inject({ on: { path: PATHS.update }, ...refusal(403, "Your plan is paused") });
      if (fails) await rejection(adopt());
      world.simulator.clearJournal();
      const removal = world.lifecycle.delete(fingerprintOf(key), before(key));
      expect((await rejection(removal)).message).toMatch(
        /^Cannot remove proxy key "old" .*adopts this key, and the adoption (?:failed|has not begun)\.\nNothing was removed\./,
      );
      expect(sent(world)).toEqual([]);
      expect(account.keys()).toMatchObject([{ key }]);
    }
  });
});

describe("a resource that has the key", () => {
  const NARROW = { budget: 3, models: ["o3"], allowedIps: ["10.0.0.0/8"], budgetWindow: "monthly" };
  const WIDE = { budget: 900, models: "all", budgetWindow: "daily" };
  const asHeld = { name: "made by hand", allocatedAmount: 3, modelWhitelist: ["o3"], limitType: "monthly" };

  /** The next run, with a program that declares the first resource alone; its comparison with the state. */
  async function reverted(world: World, key: string, dependencies: Partial<Dependencies> = {}) {
    const later = laterRun(world, dependencies);
    const olds = { ...NARROW, name: "made by hand", expiresAt: "never", enabled: true, onDestroy: "remove" };
    const { inputs = {} } = await later.check(olds, { ...NARROW, __resourceName: "first" });
    const id = fingerprintOf(key);
    const compared = await later.diff(id, { ...olds, key }, inputs);
    world.simulator.clearJournal();
    return { later, id, olds: { ...olds, key }, inputs, compared };
  }

  it("gets its settings back when the resource that adopted its key is dropped", async () => {
    const { world, account, key, adopt } = await handMade(WIDE);
    const { outs } = await adopt();
    expect(account.keys()).toMatchObject([{ allocatedAmount: 900, modelWhitelist: [] }]);
    const { later, id } = await reverted(world, key);
    await later.delete(id, outs as never);
    expect(sent(world)).toEqual(["update", "lookup"]);
    expect(account.keys()).toMatchObject([asHeld]);
  });

  it("and the dropped one stays in the state while that fails", async () => {
    const { world, key, adopt } = await handMade(WIDE);
    const { outs } = await adopt();
    const { later, id } = await reverted(world, key);
    world.simulator.inject({ on: { path: PATHS.update }, ...refusal(403, "Your plan is paused") });
    expect((await rejection(later.delete(id, outs as never))).message).toMatch(/^Cannot remove proxy key/);
  });

  it("sends everything after an adoption that failed half-way, although its state shows no change", async () => {
    const folder = mkdtempSync(join(tmpdir(), "adoptions-"));
    const { world, account, key, inputs } = await handMade({ ...WIDE, enabled: false });
    world.simulator.inject({ on: { path: PATHS.toggle }, ...refusal(403, "Your plan is paused") });
    const adopting = laterRun(world, { unsettledKeys: new UnsettledKeys(folder) });
    await rejection(adopting.create(inputs));
    const unsettledKeys = new UnsettledKeys(folder);
    const { later, id, olds, inputs: news, compared } = await reverted(world, key, { unsettledKeys });
    expect(compared).toMatchObject({ changes: true, replaces: [] });
    await later.update(id, olds, news);
    expect(account.keys()).toMatchObject([asHeld]);
    expect(unsettledKeys.isOpen(id)).toBe(false);
    expect((await reverted(world, key, { unsettledKeys })).compared).toMatchObject({ changes: false });
  });

  it("keeps the key when a second resource of the same key, such as an imported one, is dropped", async () => {
    const { world, account, key } = await handMade();
    const { later, id, olds } = await reverted(world, key);
    await later.delete(id, olds);
    expect(sent(world)).toEqual([]);
    expect(account.keys()).toMatchObject([{ key }]);
  });
});

it("an adoption that other providers of the run could not know of is refused before anything is sent", async () => {
  const { world, inputs } = await handMade();
  const file = join(mkdtempSync(join(tmpdir(), "runs-")), "file");
  writeFileSync(file, "");
  const later = laterRun(world, { keysOfRun: new KeysOfRun({ file: join(file, "run.jsonl") }) });
  await later.check({}, { budget: 10, adopt: inputs["adopt"], __resourceName: "after" });
  expect((await rejection(later.create(inputs))).message).toMatch(
    /cannot know that the key is adopted.*(?:ENOTDIR|EEXIST).*\nNothing was sent\./,
  );
  expect(sent(world)).toEqual([]);
});

/** Another plugin process on the same account. */
function laterRun(
  { simulator, clock, transport }: World,
  dependencies: Partial<Dependencies> = {},
): DynamicProvider {
  return new DynamicProvider({
    ...dependencies,
    clock,
    random: () => 0.5,
    randomBytes: (count) => Buffer.alloc(count, 9),
    transport,
    environment: {
      ELECTRONHUB_API_KEY: simulator.account().apiKey,
      ELECTRONHUB_BASE_URL: simulator.baseUrl,
    },
  });
}
