import { describe, expect, it } from "vitest";
import { emptyWindow } from "../../../provider/api/rateLimit/windowState";
import type { WindowStore } from "../../../provider/api/rateLimit/windowStore";
import { DynamicProvider } from "../../../provider/dynamic/dynamicProvider";
import { bareNotFound, edgePage } from "../../../provider/testing";
import { createFixture, PATHS, refusal, rejection, sent, type Fixture } from "../fixture";

const GUARDED = { refuseIfUsedWithin: "1h" };
const COOLDOWN = refusal(429, "Rate limit exceeded. Try again in 180 seconds.");

/** How old the latest lookup of its key was when each removal or toggle arrived, in seconds. */
function agesS({ simulator }: Fixture): number[] {
  const lookedMs = new Map<string, number>();
  return simulator.journal.flatMap(({ path, body, atMs }) => {
    const key = String((body as Record<string, unknown> | undefined)?.["proxy_key"]);
    if (path === PATHS.lookup) lookedMs.set(key, atMs);
    if (path !== PATHS.remove && path !== PATHS.toggle) return [];
    return [(atMs - (lookedMs.get(key) ?? -Infinity)) / 1_000];
  });
}

describe("the lookup of refuseIfUsedWithin", () => {
  it("does not take a key that has used credits for one that was never used", async () => {
    const fixture = await createFixture();
    const { id, state } = await fixture.existing(GUARDED);
    const { name } = state;
    const body = {
      name,
      expires_at: -1,
      allocated_ammount: 10,
      used_ammount: 7.5,
      is_active: true,
      last_used: null,
    };
    fixture.simulator.inject({ on: { path: PATHS.lookup }, status: 200, body });
    const { message } = await rejection(fixture.lifecycle.delete(id, state));
    expect(message).toMatch(/does not show when the key was last used/);
    expect(sent(fixture)).toEqual(["lookup"]);
  });

  it("is made again after a cooldown, in which the key was used", async () => {
    const fixture = await createFixture();
    const { id, state } = await fixture.existing(GUARDED);
    fixture.simulator.inject({ on: { path: PATHS.remove }, ...COOLDOWN });
    const destroy = rejection(fixture.lifecycle.delete(id, state));
    await fixture.answered(PATHS.remove, 1);
    fixture.simulator.account().spend(state.key, 1);
    expect((await destroy).message).toMatch(/was used 3 min ago, and refuseIfUsedWithin is 1h.*Nothing was/s);
    expect(sent(fixture)).toEqual(["lookup", "remove", "lookup"]);
    expect(fixture.simulator.account().findKey(state.key)).toBeDefined();
  });

  it.each([2, 3, 5, 10])("is at most 10 s old, many at once under %i requests a minute", async (limit) => {
    const fixture = await createFixture();
    const keys = [];
    for (let count = 0; count < 20; count++) keys.push(await fixture.existing({ ...GUARDED, budget: 1 }));
    const account = fixture.simulator.account();
    fixture.clock.advance(120_000);
    account.rateLimit = { limit, windowMs: 60_000 };
    fixture.simulator.clearJournal();
    const destroys = keys.map(({ id, state }) => fixture.lifecycle.delete(id, state));
    const last = keys.at(-1)!;
    await fixture.answered(PATHS.remove, 10);
    account.spend(last.state.key, 1);
    const outcomes = await Promise.allSettled(destroys);
    expect(outcomes.filter(({ status }) => status === "rejected")).toMatchObject([
      { reason: { message: expect.stringMatching(/was used .* ago, and refuseIfUsedWithin is 1h/) } },
    ]);
    expect(account.keys().map(({ key }) => key)).toEqual([last.state.key]);
    expect(Math.max(...agesS(fixture))).toBeLessThanOrEqual(10);
    // At most one lookup in each window comes too early.
    const count = sent(fixture).length;
    expect(count).toBeLessThanOrEqual(39 + Math.ceil(count / limit));
  });

  it("is at most 10 s old where permits become free one by one", async () => {
    const fixture = await createFixture();
    const { id, state, inputs } = await fixture.existing(GUARDED);
    fixture.clock.advance(120_000);
    fixture.simulator.account().rateLimit = { limit: 5, windowMs: 60_000 };
    for (let budget = 11; budget <= 15; budget++) {
      fixture.clock.advance(11_900);
      await fixture.lifecycle.update(id, state, await fixture.declare({ ...GUARDED, budget }, inputs));
    }
    fixture.simulator.clearJournal();
    await fixture.lifecycle.delete(id, state);
    expect(sent(fixture)).toEqual(["lookup", "lookup", "remove"]);
    expect(agesS(fixture)[0]).toBeLessThanOrEqual(10);
  });

  it("is at most 10 s old where several processes share the limit", async () => {
    const shared = emptyWindow();
    const windowStore = (): WindowStore => ({ shared: true, transact: (change) => change(shared) });
    const fixture = await createFixture({ lifecycle: { windowStore } });
    const keys = [];
    for (let count = 0; count < 10; count++) keys.push(await fixture.existing({ ...GUARDED, budget: 1 }));
    fixture.clock.advance(120_000);
    const account = fixture.simulator.account();
    account.rateLimit = { limit: 5, windowMs: 60_000 };
    fixture.simulator.clearJournal();
    const { clock, transport, simulator } = fixture;
    const processes = Array.from({ length: 5 }, (_, at) => {
      const random = () => at / 5;
      const environment = { ELECTRONHUB_API_KEY: account.apiKey, ELECTRONHUB_BASE_URL: simulator.baseUrl };
      const randomBytes = (count: number) => new Uint8Array(count);
      return new DynamicProvider({ clock, random, randomBytes, transport, environment, windowStore });
    });
    const destroys = keys.map(({ id, state }, at) => processes[at % 5]!.delete(id, state));
    await Promise.all(destroys);
    expect(account.keys()).toEqual([]);
    expect(Math.max(...agesS(fixture))).toBeLessThanOrEqual(10);
    expect(simulator.journal.filter(({ status }) => status === 429)).toEqual([]);
  });

  it("is never believed where no second request fits within 10 s: nothing is sent", async () => {
    const fixture = await createFixture({ environment: { ELECTRONHUB_RATE_LIMIT: "1/1m" } });
    const { id, state } = await fixture.existing(GUARDED);
    const { message } = await rejection(fixture.lifecycle.delete(id, state));
    expect(message).toMatch(/rate limit leaves too little room: each of 5 lookups.*was not sent/);
    expect(message).toMatch(/--parallel 1.*leave refuseIfUsedWithin out/s);
    expect(sent(fixture)).toEqual(Array.from({ length: 5 }, () => "lookup"));
    expect(fixture.simulator.account().findKey(state.key)).toBeDefined();
  });

  it("is made again when the API takes long to answer it", async () => {
    const fixture = await createFixture();
    const { id, state } = await fixture.existing(GUARDED);
    fixture.simulator.inject({ on: { path: PATHS.lookup }, latencyMs: 11_000 });
    await fixture.lifecycle.delete(id, state);
    expect(sent(fixture)).toEqual(["lookup", "lookup", "remove"]);
  });

  it("is made again before every retry, without an end of its own", async () => {
    const fixture = await createFixture();
    const { id, state } = await fixture.existing(GUARDED);
    fixture.simulator.inject({ on: { path: PATHS.remove }, status: 500, times: Infinity });
    const { message } = await rejection(fixture.lifecycle.delete(id, state));
    expect(message).toMatch(/It was tried 6 times/);
    expect(sent(fixture)).toEqual(Array.from({ length: 6 }, () => ["lookup", "remove"]).flat());
    expect(fixture.clock.slept).toEqual([250, 500, 1_000, 2_000, 4_000]);
  });

  it("keeps a key that is used after a removal without a clear response, and says so", async () => {
    const fixture = await createFixture();
    const { id, state } = await fixture.existing(GUARDED);
    fixture.simulator.inject({ on: { path: PATHS.remove }, cut: "before" });
    const destroy = rejection(fixture.lifecycle.delete(id, state));
    await fixture.answered(PATHS.remove, 1);
    fixture.simulator.account().spend(state.key, 1);
    const { message } = await destroy;
    expect(message).toMatch(/was used .* ago.*An earlier request without a clear response may still take/s);
    expect(message).not.toMatch(/Nothing was removed/);
    expect(sent(fixture)).toEqual(["lookup", "remove", "lookup"]);
  });

  it("that finds no key after a lost response is done in the API's words, and else only by the list", async () => {
    const fixture = await createFixture();
    const gone = await fixture.existing(GUARDED);
    fixture.simulator.inject({ on: { path: PATHS.remove }, cut: "after" });
    await fixture.lifecycle.delete(gone.id, gone.state);
    expect(sent(fixture)).toEqual(["lookup", "remove", "lookup"]);
    for (const fault of [bareNotFound(), edgePage(200)]) {
      const { id, state } = await fixture.existing(GUARDED);
      fixture.simulator.inject({ on: { path: PATHS.remove }, status: 500 });
      fixture.simulator.inject({ on: { path: PATHS.lookup }, skip: 1, ...fault });
      await rejection(fixture.lifecycle.delete(id, state));
      expect(sent(fixture).slice(0, 3)).toEqual(["lookup", "remove", "lookup"]);
      expect(fixture.simulator.account().findKey(state.key)).toBeDefined();
      fixture.simulator.account().removeKey(state.key);
    }
  });

  it("that was answered is not followed by a removal when the operation is over", async () => {
    const stop = new AbortController();
    const fixture = await createFixture({ lifecycle: { signal: stop.signal } });
    const { id, state } = await fixture.existing(GUARDED);
    const held = fixture.simulator.inject({ on: { path: PATHS.lookup }, hold: true });
    const destroy = rejection(fixture.lifecycle.delete(id, state));
    await held.reached();
    stop.abort(new Error("the engine is gone"));
    await destroy;
    held.release();
    expect(sent(fixture)).toEqual(["lookup"]);
  });

  it("gives its permit back when the key is kept", async () => {
    const fixture = await createFixture();
    const used = await fixture.existing(GUARDED);
    const other = await fixture.existing();
    fixture.clock.advance(120_000);
    fixture.simulator.account().rateLimit = { limit: 2, windowMs: 60_000 };
    fixture.simulator.account().spend(used.state.key, 1);
    const startedMs = fixture.clock.nowMs();
    await rejection(fixture.lifecycle.delete(used.id, used.state));
    await fixture.lifecycle.delete(other.id, other.state);
    expect(fixture.clock.nowMs()).toBe(startedMs);
  });
});

describe("onDestroy: disable with refuseIfUsedWithin", () => {
  it("looks once for both, and again after a cooldown", async () => {
    const fixture = await createFixture();
    const { id, state } = await fixture.existing({ ...GUARDED, onDestroy: "disable" });
    fixture.simulator.inject({ on: { path: PATHS.toggle }, ...COOLDOWN });
    const destroy = rejection(fixture.lifecycle.delete(id, state));
    await fixture.answered(PATHS.toggle, 1);
    fixture.simulator.account().spend(state.key, 1);
    expect((await destroy).message).toMatch(/was used 3 min ago/);
    expect(sent(fixture)).toEqual(["lookup", "toggle", "lookup"]);
    expect(fixture.simulator.account().findKey(state.key)).toMatchObject({ isActive: true });
  });

  it("is never done by a lookup of more than 10 s before", async () => {
    const fixture = await createFixture({ environment: { ELECTRONHUB_RATE_LIMIT: "1/1m" } });
    const { id, state } = await fixture.existing({ ...GUARDED, onDestroy: "disable" });
    const { message } = await rejection(fixture.lifecycle.delete(id, state));
    expect(message).toMatch(/rate limit leaves too little room.*toggle request.*was not sent/);
    expect(fixture.simulator.account().findKey(state.key)).toMatchObject({ isActive: true });
  });

  it("is done when the key was used before the toggle that disabled it", async () => {
    const fixture = await createFixture();
    const { id, state } = await fixture.existing({ ...GUARDED, onDestroy: "disable" });
    fixture.simulator.inject({ on: { path: PATHS.toggle }, cut: "after" });
    const destroy = fixture.lifecycle.delete(id, state);
    await fixture.answered(PATHS.toggle, 1);
    fixture.simulator.account().updateKey(state.key, { lastUsedUnixS: fixture.clock.nowMs() / 1_000 });
    await destroy;
    expect(sent(fixture)).toEqual(["lookup", "toggle", "lookup"]);
  });
});
