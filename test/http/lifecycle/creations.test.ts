import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { nameHashOf, readCreations } from "../../../provider/lifecycle/creations/journalReader";
import { creationJournal } from "../../../provider/lifecycle/creations/journal";
import { EngineGoneError } from "../../../provider/lifecycle/run/engineLiveness";
import { fingerprintOf } from "../../../provider/lifecycle/schema/state";
import type { FaultSpec } from "../../../provider/testing";
import { NO_DISK, tinyDisk } from "../../unit/tinyDisk";
import {
  createFixture,
  PATHS,
  refusal,
  rejection,
  savedFailure,
  sent,
  type FixtureOptions,
} from "../fixture";

const on = { path: PATHS.create };
const STACK = "organization/shop/dev";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "creations-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** A fixture that notes its creations. */
async function notingFixture(lifecycle: FixtureOptions["lifecycle"] = {}) {
  const creations = creationJournal({
    folder,
    onTrouble: (reason) => {
      throw new Error(reason);
    },
  });
  const link = { alive: true };
  const engine = { isAlive: () => Promise.resolve(link.alive) };
  const abort = new AbortController();
  const fixture = await createFixture({
    lifecycle: { creations, engine, signal: abort.signal, ...lifecycle },
  });
  const declare = (args: Record<string, unknown> = {}) => fixture.declare({ __stack: STACK, ...args });
  return { ...fixture, declare, link, abort };
}

const open = () => readCreations(folder);
/** Which creations are delivered, once the responses have left the process. */
async function deliveries() {
  for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
  return open().map((noted) => noted.delivered);
}
const files = () => readdir(folder);

/** What must be open for the key of these inputs. */
const noteOf = (inputs: Record<string, unknown>) => ({
  stack: STACK,
  account: expect.stringMatching(/^[0-9a-f]{32}$/),
  nameHash: nameHashOf(String(inputs["__createdAs"])),
});

describe("a creation is noted", () => {
  it("before its request goes out, and is delivered with its result", async () => {
    const fixture = await notingFixture();
    const inputs = await fixture.declare();
    const held = fixture.simulator.inject({ on, hold: true, applied: true });
    const created = fixture.lifecycle.create(inputs);
    await held.reached();
    expect(open()).toMatchObject([{ ...noteOf(inputs), startedMs: fixture.clock.nowMs() }]);
    held.release();
    await created;
    expect(await deliveries()).toEqual([true]);
  });

  it("and is not delivered while the engine has not taken the lines about it, which its result awaits", async () => {
    let take: () => void = () => {};
    const taken = new Promise<void>((resolve) => (take = resolve));
    const fixture = await notingFixture({ reported: () => taken });
    const created = fixture.lifecycle.create(await fixture.declare());
    while (open().every(({ fingerprint }) => fingerprint === undefined)) await new Promise(setImmediate);
    expect(await deliveries()).toEqual([false]);
    take();
    await created;
    expect(await deliveries()).toEqual([true]);
  });

  it("under its generated name, even if a name is chosen, and for the account that check recorded", async () => {
    const fixture = await notingFixture();
    const inputs = await fixture.declare({ name: "billing" });
    await fixture.lifecycle.create(inputs);
    expect(inputs["__createdAs"]).not.toBe("billing");
    expect(open()).toMatchObject([{ ...noteOf(inputs), account: inputs["__account"] }]);
  });

  it("without a stack where the program names none", async () => {
    const fixture = await notingFixture();
    await fixture.lifecycle.create(await fixture.declare({ __stack: undefined }));
    expect(open().map(({ stack }) => stack)).toEqual([undefined]);
  });

  it("with the key's fingerprint before its name is changed", async () => {
    const fixture = await notingFixture();
    const update = fixture.simulator.inject({ on: { path: PATHS.update }, hold: true });
    const created = fixture.lifecycle.create(await fixture.declare({ name: "billing" }));
    await update.reached();
    const [key] = fixture.simulator.account().keys();
    expect(open().map(({ fingerprint }) => fingerprint)).toEqual([fingerprintOf(key?.key ?? "")]);
    update.release();
    await created;
  });

  it("with the fingerprint of a key that the list has shown after a lost response", async () => {
    const fixture = await notingFixture();
    fixture.simulator.inject({ on, cut: "after" });
    const { id } = await fixture.lifecycle.create(await fixture.declare());
    expect(open().map(({ fingerprint }) => fingerprint)).toEqual([id]);
  });

  it("not while it waits for its turn", async () => {
    const fixture = await notingFixture();
    // The first request of all goes alone, to learn the limit.
    const held = fixture.simulator.inject({ on, hold: true });
    const inputs = await fixture.declare();
    const creations = [fixture.lifecycle.create(inputs), fixture.lifecycle.create(await fixture.declare())];
    await held.reached();
    expect(open()).toMatchObject([noteOf(inputs)]);
    held.release();
    await Promise.all(creations);
    expect(await deliveries()).toEqual([true, true]);
  });

  it("once for all its tries", async () => {
    const fixture = await notingFixture();
    fixture.simulator.inject({ on, cut: "before" });
    await fixture.lifecycle.create(await fixture.declare());
    expect(await deliveries()).toEqual([true]);
  });

  it("only where a key may be made: never an adoption or another verb", async () => {
    const fixture = await notingFixture();
    const { key } = fixture.simulator.account().addKey({ name: "theirs", allocatedAmount: 10 });
    const inputs = await fixture.declare({ adopt: key });
    const { id, outs } = await fixture.lifecycle.create(inputs);
    await fixture.lifecycle.update(id, outs as Record<string, unknown>, { ...inputs, budget: 20 });
    await fixture.lifecycle.delete(id, outs as Record<string, unknown>);
    expect(await files()).toEqual([]);
  });
});

describe("the note ends", () => {
  it.each([
    ["an invalid request", refusal(400, "budget is wrong")],
    ["the cap on keys", refusal(403, "You have reached the maximum number of proxy keys")],
    ["an API key that is not accepted", refusal(401, "Invalid API key")],
  ])("at once with a clear refusal: %s", async (_, fault) => {
    const fixture = await notingFixture();
    fixture.simulator.inject({ on, ...fault });
    await rejection(fixture.lifecycle.create(await fixture.declare()));
    expect(await files()).toEqual([]);
  });

  it("when the engine is gone before a second try, and the first was refused", async () => {
    const fixture = await notingFixture();
    fixture.simulator.inject({ on, ...refusal(429, "Busy"), headers: { "retry-after": "2" } });
    fixture.link.alive = false;
    await rejection(fixture.lifecycle.create(await fixture.declare()));
    expect(await files()).toEqual([]);
  });

  it("with a failure that saves the key", async () => {
    const fixture = await notingFixture();
    fixture.simulator.inject({ on: { path: PATHS.update }, ...refusal(403, "Your plan is paused") });
    await savedFailure(fixture.lifecycle.create(await fixture.declare({ budgetWindow: "weekly" })));
    expect(await deliveries()).toEqual([true]);
  });
});

describe("a note", () => {
  it("that a full disk does not take keeps the request from going out, and its place is free again", async ({
    skip,
  }) => {
    const disk = tinyDisk(folder) ?? skip(NO_DISK);
    try {
      const fixture = await createFixture({
        lifecycle: { creations: creationJournal({ folder, onTrouble: () => {} }) },
        simulator: { accounts: [{ name: "main", rateLimit: { limit: 1, windowMs: 60_000 } }] },
      });
      disk.fill();
      const inputs = await fixture.declare();
      const refused = await rejection(fixture.lifecycle.create(inputs));
      expect(refused.message).toMatch(/The disk is full[^]*Nothing was sent\. Make room/);
      expect(sent(fixture)).toEqual([]);
      disk.makeRoom();
      await fixture.lifecycle.create(inputs);
      expect(sent(fixture)).toEqual(["create"]);
      expect(fixture.clock.slept).toEqual([]);
    } finally {
      disk.dispose();
    }
  });
});

describe("the note stays", () => {
  it.each<[string, FaultSpec[]]>([
    ["no try ever got a clear answer", [{ on, status: 500, times: Infinity }]],
    [
      "the list fails",
      [
        { on, cut: "after" },
        { on: { path: PATHS.list }, ...refusal(401, "Invalid API key") },
      ],
    ],
    [
      "a refusal follows an unclear answer",
      [
        { on, cut: "before" },
        { on, ...refusal(400, "wrong") },
      ],
    ],
  ])("where %s", async (_, faults) => {
    const fixture = await notingFixture();
    for (const fault of faults) fixture.simulator.inject(fault);
    const inputs = await fixture.declare();
    await rejection(fixture.lifecycle.create(inputs));
    expect(await deliveries()).toEqual([false]);
    expect(open()).toMatchObject([noteOf(inputs)]);
  });

  it("where the engine goes while it is being found out whether an unclear try made a key", async () => {
    const fixture = await notingFixture();
    const cut = fixture.simulator.inject({ on, hold: true, cut: "after" });
    const inputs = await fixture.declare();
    const failed = rejection(fixture.lifecycle.create(inputs));
    await cut.reached();
    fixture.link.alive = false;
    fixture.abort.abort(new EngineGoneError());
    cut.release();
    expect((await failed).message).toContain("no longer responds");
    expect(await deliveries()).toEqual([false]);
    expect(open()).toMatchObject([noteOf(inputs)]);
    expect(fixture.simulator.account().keys()).toMatchObject([{ name: inputs["__createdAs"] }]);
  });
});
