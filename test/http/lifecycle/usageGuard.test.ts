import { describe, expect, it } from "vitest";
import { emptyWindow } from "../../../provider/api/rateLimit/rateWindow";
import type { WindowStore } from "../../../provider/api/rateLimit/windowStore";
import { DynamicProvider } from "../../../provider/dynamic/dynamicProvider";
import { bareNotFound, edgePage } from "../../../provider/testing";
import { createWorld, PATHS, refusal, rejection, sent, type World } from "../fixture";

const GUARDED = { refuseIfUsedWithin: "1h" };
const COOLDOWN = refusal(429, "Rate limit exceeded. Try again in 180 seconds.");

/** How old the latest lookup of its key was when each removal or toggle arrived, in seconds. */
function agesS({ simulator }: World): number[] {
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
    const world = await createWorld();
    const { id, state } = await world.existing(GUARDED);
    const { name } = state;
    const body = {
      name,
      expires_at: -1,
      allocated_ammount: 10,
      used_ammount: 7.5,
      is_active: true,
      last_used: null,
    };
    world.simulator.inject({ on: { path: PATHS.lookup }, status: 200, body });
    const { message } = await rejection(world.lifecycle.delete(id, state));
    expect(message).toMatch(/does not show when the key was last used/);
    expect(sent(world)).toEqual(["lookup"]);
  });

  it("is made again after a cooldown, in which the key was used", async () => {
    const world = await createWorld();
    const { id, state } = await world.existing(GUARDED);
    world.simulator.inject({ on: { path: PATHS.remove }, ...COOLDOWN });
    const destroy = rejection(world.lifecycle.delete(id, state));
    await world.answered(PATHS.remove, 1);
    world.simulator.account().spend(state.key, 1);
    expect((await destroy).message).toMatch(/was used 3 min ago, and refuseIfUsedWithin is 1h.*Nothing was/s);
    expect(sent(world)).toEqual(["lookup", "remove", "lookup"]);
    expect(world.simulator.account().findKey(state.key)).toBeDefined();
  });

  it.each([2, 3, 5, 10])("is at most 10 s old, many at once under %i requests a minute", async (limit) => {
    const world = await createWorld();
    const keys = [];
    for (let count = 0; count < 20; count++) keys.push(await world.existing({ ...GUARDED, budget: 1 }));
    const account = world.simulator.account();
    world.clock.advance(120_000);
    account.rateLimit = { limit, windowMs: 60_000 };
    world.simulator.clearJournal();
    const destroys = keys.map(({ id, state }) => world.lifecycle.delete(id, state));
    const last = keys.at(-1)!;
    await world.answered(PATHS.remove, 10);
    account.spend(last.state.key, 1);
    const outcomes = await Promise.allSettled(destroys);
    expect(outcomes.filter(({ status }) => status === "rejected")).toMatchObject([
      { reason: { message: expect.stringMatching(/was used .* ago, and refuseIfUsedWithin is 1h/) } },
    ]);
    expect(account.keys().map(({ key }) => key)).toEqual([last.state.key]);
    expect(Math.max(...agesS(world))).toBeLessThanOrEqual(10);
    // At most one lookup in each window comes too early.
    const count = sent(world).length;
    expect(count).toBeLessThanOrEqual(39 + Math.ceil(count / limit));
  });

  it("is at most 10 s old where permits become free one by one", async () => {
    const world = await createWorld();
    const { id, state, inputs } = await world.existing(GUARDED);
    world.clock.advance(120_000);
    world.simulator.account().rateLimit = { limit: 5, windowMs: 60_000 };
    for (let budget = 11; budget <= 15; budget++) {
      world.clock.advance(11_900);
      await world.lifecycle.update(id, state, await world.declare({ ...GUARDED, budget }, inputs));
    }
    world.simulator.clearJournal();
    await world.lifecycle.delete(id, state);
    expect(sent(world)).toEqual(["lookup", "lookup", "remove"]);
    expect(agesS(world)[0]).toBeLessThanOrEqual(10);
  });

  it("is at most 10 s old where several processes share the limit", async () => {
    const shared = emptyWindow();
    const windowStore = (): WindowStore => ({ shared: true, transact: (change) => change(shared) });
    const world = await createWorld({ lifecycle: { windowStore } });
    const keys = [];
    for (let count = 0; count < 10; count++) keys.push(await world.existing({ ...GUARDED, budget: 1 }));
    world.clock.advance(120_000);
    const account = world.simulator.account();
    account.rateLimit = { limit: 5, windowMs: 60_000 };
    world.simulator.clearJournal();
    const { clock, transport, simulator } = world;
    const processes = Array.from({ length: 5 }, (_, at) => {
      const random = () => at / 5;
      const environment = { ELECTRONHUB_API_KEY: account.apiKey, ELECTRONHUB_BASE_URL: simulator.baseUrl };
      const randomBytes = (count: number) => new Uint8Array(count);
      return new DynamicProvider({ clock, random, randomBytes, transport, environment, windowStore });
    });
    const destroys = keys.map(({ id, state }, at) => processes[at % 5]!.delete(id, state));
    await Promise.all(destroys);
    expect(account.keys()).toEqual([]);
    expect(Math.max(...agesS(world))).toBeLessThanOrEqual(10);
    expect(simulator.journal.filter(({ status }) => status === 429)).toEqual([]);
  });

  it("is never believed where no second request fits within 10 s: nothing is sent", async () => {
    const world = await createWorld({ environment: { ELECTRONHUB_RATE_LIMIT: "1/1m" } });
    const { id, state } = await world.existing(GUARDED);
    const { message } = await rejection(world.lifecycle.delete(id, state));
    expect(message).toMatch(/rate limit leaves too little room: each of 5 lookups.*was not sent/);
    expect(message).toMatch(/--parallel 1.*leave refuseIfUsedWithin out/s);
    expect(sent(world)).toEqual(Array.from({ length: 5 }, () => "lookup"));
    expect(world.simulator.account().findKey(state.key)).toBeDefined();
  });

  it("is made again when the API takes long to answer it", async () => {
    const world = await createWorld();
    const { id, state } = await world.existing(GUARDED);
    world.simulator.inject({ on: { path: PATHS.lookup }, latencyMs: 11_000 });
    await world.lifecycle.delete(id, state);
    expect(sent(world)).toEqual(["lookup", "lookup", "remove"]);
  });

  it("is made again before every retry, without an end of its own", async () => {
    const world = await createWorld();
    const { id, state } = await world.existing(GUARDED);
    world.simulator.inject({ on: { path: PATHS.remove }, status: 500, times: Infinity });
    const { message } = await rejection(world.lifecycle.delete(id, state));
    expect(message).toMatch(/It was tried 6 times/);
    expect(sent(world)).toEqual(Array.from({ length: 6 }, () => ["lookup", "remove"]).flat());
    expect(world.clock.slept).toEqual([250, 500, 1_000, 2_000, 4_000]);
  });

  it("keeps a key that is used after a removal without a clear response, and says so", async () => {
    const world = await createWorld();
    const { id, state } = await world.existing(GUARDED);
    world.simulator.inject({ on: { path: PATHS.remove }, cut: "before" });
    const destroy = rejection(world.lifecycle.delete(id, state));
    await world.answered(PATHS.remove, 1);
    world.simulator.account().spend(state.key, 1);
    const { message } = await destroy;
    expect(message).toMatch(/was used .* ago.*An earlier request without a clear response may still take/s);
    expect(message).not.toMatch(/Nothing was removed/);
    expect(sent(world)).toEqual(["lookup", "remove", "lookup"]);
  });

  it("that finds no key after a lost response is done in the API's words, and else only by the list", async () => {
    const world = await createWorld();
    const gone = await world.existing(GUARDED);
    world.simulator.inject({ on: { path: PATHS.remove }, cut: "after" });
    await world.lifecycle.delete(gone.id, gone.state);
    expect(sent(world)).toEqual(["lookup", "remove", "lookup"]);
    for (const fault of [bareNotFound(), edgePage(200)]) {
      const { id, state } = await world.existing(GUARDED);
      world.simulator.inject({ on: { path: PATHS.remove }, status: 500 });
      world.simulator.inject({ on: { path: PATHS.lookup }, skip: 1, ...fault });
      await rejection(world.lifecycle.delete(id, state));
      expect(sent(world).slice(0, 3)).toEqual(["lookup", "remove", "lookup"]);
      expect(world.simulator.account().findKey(state.key)).toBeDefined();
      world.simulator.account().removeKey(state.key);
    }
  });

  it("that was answered is not followed by a removal when the operation is over", async () => {
    const stop = new AbortController();
    const world = await createWorld({ lifecycle: { signal: stop.signal } });
    const { id, state } = await world.existing(GUARDED);
    const held = world.simulator.inject({ on: { path: PATHS.lookup }, hold: true });
    const destroy = rejection(world.lifecycle.delete(id, state));
    await held.reached();
    stop.abort(new Error("the engine is gone"));
    await destroy;
    held.release();
    expect(sent(world)).toEqual(["lookup"]);
  });

  it("gives its permit back when the key is kept", async () => {
    const world = await createWorld();
    const used = await world.existing(GUARDED);
    const other = await world.existing();
    world.clock.advance(120_000);
    world.simulator.account().rateLimit = { limit: 2, windowMs: 60_000 };
    world.simulator.account().spend(used.state.key, 1);
    const startedMs = world.clock.nowMs();
    await rejection(world.lifecycle.delete(used.id, used.state));
    await world.lifecycle.delete(other.id, other.state);
    expect(world.clock.nowMs()).toBe(startedMs);
  });
});

describe("onDestroy: disable with refuseIfUsedWithin", () => {
  it("looks once for both, and again after a cooldown", async () => {
    const world = await createWorld();
    const { id, state } = await world.existing({ ...GUARDED, onDestroy: "disable" });
    world.simulator.inject({ on: { path: PATHS.toggle }, ...COOLDOWN });
    const destroy = rejection(world.lifecycle.delete(id, state));
    await world.answered(PATHS.toggle, 1);
    world.simulator.account().spend(state.key, 1);
    expect((await destroy).message).toMatch(/was used 3 min ago/);
    expect(sent(world)).toEqual(["lookup", "toggle", "lookup"]);
    expect(world.simulator.account().findKey(state.key)).toMatchObject({ isActive: true });
  });

  it("is never done by a lookup of more than 10 s before", async () => {
    const world = await createWorld({ environment: { ELECTRONHUB_RATE_LIMIT: "1/1m" } });
    const { id, state } = await world.existing({ ...GUARDED, onDestroy: "disable" });
    const { message } = await rejection(world.lifecycle.delete(id, state));
    expect(message).toMatch(/rate limit leaves too little room.*toggle request.*was not sent/);
    expect(world.simulator.account().findKey(state.key)).toMatchObject({ isActive: true });
  });

  it("is done when the key was used before the toggle that disabled it", async () => {
    const world = await createWorld();
    const { id, state } = await world.existing({ ...GUARDED, onDestroy: "disable" });
    world.simulator.inject({ on: { path: PATHS.toggle }, cut: "after" });
    const destroy = world.lifecycle.delete(id, state);
    await world.answered(PATHS.toggle, 1);
    world.simulator.account().updateKey(state.key, { lastUsedUnixS: world.clock.nowMs() / 1_000 });
    await destroy;
    expect(sent(world)).toEqual(["lookup", "toggle", "lookup"]);
  });
});
