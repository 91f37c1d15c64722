import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { KeysOfRun } from "../../../provider/lifecycle/run/keysOfRun";
import { fingerprintOf } from "../../../provider/lifecycle/schema/state";
import { echoSecrets, edgePage } from "../../../provider/testing";
import { createFixture, PATHS, refusal, rejection, sent, type Fixture } from "../fixture";
import { handMade, laterRun } from "./adoptFixture";

function bodies({ simulator }: Fixture): unknown[] {
  return simulator.journal.map(({ body }) => body);
}

describe("an adoption", () => {
  it("looks the key up, brings it to what is declared, and makes none", async () => {
    const { fixture, account, key, inputs, adopt } = await handMade({ models: ["b", "a"] });
    const { balance } = account;
    const { id, outs } = await adopt();
    expect(sent(fixture)).toEqual(["lookup", "update"]);
    expect(bodies(fixture)).toEqual([
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
      server: fixture.simulator.baseUrl.replace("/v1", ""),
      stateVersion: 1,
      __account: inputs["__account"],
      __createdAs: expect.stringMatching(/^adopted-/),
    });
    await expect(fixture.lifecycle.diff(id, outs as never, inputs)).resolves.toMatchObject({
      changes: false,
    });
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
    const { fixture, account, adopt } = await handMade({ enabled }, { isActive });
    await expect(adopt()).resolves.toMatchObject({ outs: { enabled } });
    expect(sent(fixture)).toEqual(calls);
    expect(account.keys()).toMatchObject([{ isActive: enabled }]);
  });

  it("refuses a key whose own name cannot be sent, before anything is changed", async () => {
    const { fixture, adopt } = await handMade({}, { name: "x".repeat(26) });
    const { message } = await rejection(adopt());
    expect(message).toMatch(/^Cannot adopt proxy key \(pk-.*a name that the API does not take.*\nGive it a/);
    expect(sent(fixture)).toEqual(["lookup"]);
  });
});

describe("a refusal", () => {
  it("for a key that is not there says what to look at", async () => {
    const { fixture, account, key, adopt } = await handMade();
    account.removeKey(key);
    const { message } = await rejection(adopt());
    expect(message).toMatch(
      /^Cannot adopt proxy key \(pk-[0-9a-f]{16}\): The key to adopt does not exist\. .*\(HTTP 404/,
    );
    expect(message).toMatch(/\nCheck that it is complete, not removed, and belongs to the account/);
    expect(sent(fixture)).toEqual(["lookup"]);
  });

  it("for a key of another account says whose it is", async () => {
    const { fixture, account, key, adopt } = await handMade({ name: "ours" });
    account.removeKey(key);
    fixture.simulator.addAccount({ name: "other" }).addKey({ name: "theirs", key });
    const { message } = await rejection(adopt());
    expect(message).toMatch(
      /^Cannot adopt proxy key "ours" \(pk-.*\): The key is owned by another account .*\(HTTP 403/,
    );
    expect(message).toMatch(/\nUse the API key of the account that owns it/);
    expect(sent(fixture)).toEqual(["lookup"]);
  });

  it("by an edge in front of the API is not taken for a missing key", async () => {
    const { fixture, adopt } = await handMade();
    fixture.simulator.inject({ on: { path: PATHS.lookup }, ...edgePage(404) });
    const { message } = await rejection(adopt());
    expect(message).not.toContain("The key to adopt does not exist");
  });

  it.each([PATHS.lookup, PATHS.update, PATHS.toggle])("never repeats the key (%s)", async (path) => {
    const { fixture, key, adopt } = await handMade({ enabled: false });
    fixture.simulator.inject({ on: { path }, ...echoSecrets(403) });
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
    const { fixture, account, key, adopt } = await handMade({ enabled: false });
    fixture.simulator.inject({ on: { path }, ...refusal(403, "Your plan is paused") });
    const error = await rejection(adopt());
    // With an id the host would take it for a resource that has to be saved.
    expect(error).not.toHaveProperty("id");
    expect(account.keys()).toMatchObject([{ key, isActive: true }]);

    fixture.simulator.clearJournal();
    await expect(adopt()).resolves.toMatchObject({ id: fingerprintOf(key), outs: { enabled: false } });
    expect(sent(fixture)).toEqual(["lookup", "update", "toggle"]);
  });

  it.each([
    { path: PATHS.update, calls: ["lookup", "update", "update", "toggle"] },
    { path: PATHS.toggle, calls: ["lookup", "update", "toggle", "lookup"] },
  ])("an answer of $path that is lost is settled at once", async ({ path, calls }) => {
    const { fixture, account, adopt } = await handMade({ enabled: false });
    fixture.simulator.inject({ on: { path }, cut: "after" });
    await adopt();
    expect(sent(fixture)).toEqual(calls);
    expect(account.keys()).toMatchObject([{ isActive: false }]);
  });
});

describe("one key for two resources", () => {
  it("is refused by check to the second, and by create to both", async () => {
    const { fixture, key, inputs, adopt } = await handMade();
    const { failures } = await fixture.lifecycle.check(
      {},
      { budget: 10, adopt: key, __resourceName: "other" },
    );
    expect(failures).toMatchObject([
      {
        property: "",
        reason: expect.stringMatching(/another resource of this program has or adopts as well/),
      },
    ]);
    expect(JSON.stringify(failures)).not.toContain(key);
    expect((await rejection(adopt())).message).toMatch(/Declare each key in one resource only/);
    await expect(fixture.lifecycle.create(inputs)).rejects.toThrow();
    expect(sent(fixture)).toEqual([]);
  });

  it("is refused for a key that this run has created", async () => {
    const fixture = await createFixture();
    const { state } = await fixture.existing();
    const { failures } = await fixture.lifecycle.check({}, { budget: 10, adopt: state.key });
    expect(failures).toMatchObject([{ reason: expect.stringMatching(/has or adopts as well/) }]);
    expect(sent(fixture)).toEqual([]);
  });

  it("is refused for a key that another declared resource keeps", async () => {
    const { fixture, key } = await handMade();
    const later = laterRun(fixture);
    const holder = (await later.check({ budget: 10 }, { budget: 10, __resourceName: "holder" })).inputs ?? {};
    await later.diff(fingerprintOf(key), { ...holder, key }, holder);
    const { failures } = await later.check({}, { budget: 10, adopt: key });
    expect(failures).toMatchObject([{ reason: expect.stringMatching(/has or adopts as well/) }]);
    expect(sent(fixture)).toEqual([]);
  });

  it("is refused by the comparison of the resource that keeps the key, if that comes second", async () => {
    const { fixture, key, inputs } = await handMade();
    const holder = await fixture.declare({ __resourceName: "holder" }, { budget: 10 });
    const compared = fixture.lifecycle.diff(fingerprintOf(key), { ...holder, key }, holder);
    expect((await rejection(compared)).message).toMatch(/in one resource only/);
    expect((await rejection(fixture.lifecycle.create(inputs))).message).toMatch(/in one resource only/);
    expect(sent(fixture)).toEqual([]);
  });

  it("is not refused for a key of a resource that only a refresh has compared", async () => {
    const { fixture, key, adopt } = await handMade();
    await fixture.lifecycle.diff(fingerprintOf(key), { budget: 3, key }, { budget: 3 });
    await expect(adopt()).resolves.toMatchObject({ id: fingerprintOf(key) });
  });
});

it("an adoption that other providers of the run could not know of is refused before anything is sent", async () => {
  const { fixture, inputs } = await handMade();
  const file = join(mkdtempSync(join(tmpdir(), "runs-")), "file");
  writeFileSync(file, "");
  const later = laterRun(fixture, { keysOfRun: new KeysOfRun({ file: join(file, "run.jsonl") }) });
  await later.check({}, { budget: 10, adopt: inputs["adopt"], __resourceName: "after" });
  expect((await rejection(later.create(inputs))).message).toMatch(
    /cannot know that the key is adopted.*(?:ENOTDIR|EEXIST).*\nNothing was sent\./,
  );
  expect(sent(fixture)).toEqual([]);
});
