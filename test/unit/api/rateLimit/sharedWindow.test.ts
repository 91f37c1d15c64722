import { describe, expect, it } from "vitest";
import { RateLimiter } from "../../../../provider/api/rateLimit/rateLimiter";
import { emptyWindow, type WindowState } from "../../../../provider/api/rateLimit/windowState";
import { sharedWindowStore } from "../../../../provider/api/rateLimit/sharedWindow";
import { memoryStore } from "../../../../provider/api/rateLimit/windowStore";
import { parseWindow, windowText } from "../../../../provider/api/rateLimit/windowText";
import { VirtualClock } from "../../../support/virtualClock";
import { MemoryServer } from "./memoryCell";
import { machine } from "./sharedRun";

describe("a step", () => {
  const setUp = () => {
    const clock = new VirtualClock();
    const server = new MemoryServer({ clock });
    return { ...machine(server, clock), server };
  };

  it("is repeated on the newer state if another machine has written meanwhile", async () => {
    const { server, store } = setUp();
    const seen: number[] = [];
    const step = store.transact((state) => {
      seen.push(state.cooldownUntilMs);
      if (seen.length === 1) server.text = windowText({ ...emptyWindow(), cooldownUntilMs: 100 });
      return (state.cooldownUntilMs += 1);
    });
    expect(await step).toBe(101);
    expect(seen).toEqual([0, 100]);
    expect(parseWindow(server.text ?? "")?.cooldownUntilMs).toBe(101);
  });

  it("is taken once if the server loses the value in the middle of it", async () => {
    const { server, store } = setUp();
    const add = (state: WindowState) => (state.cooldownUntilMs += 1);
    await store.transact(add);
    let calls = 0;
    const step = store.transact((state) => {
      if (++calls === 1) server.text = undefined;
      return add(state);
    });
    expect({ value: await step, calls }).toEqual({ value: 2, calls: 2 });
    expect(parseWindow(server.text ?? "")?.cooldownUntilMs).toBe(2);
  });

  it("restores what the machine knows if the server has lost the value", async () => {
    const { server, store } = setUp();
    await store.transact((state) => (state.limit = 7));
    server.text = undefined;
    expect(await store.transact((state) => state.limit)).toBe(7);
    expect(parseWindow(server.text ?? "")?.limit).toBe(7);
  });

  it("restores what each machine knows, whichever of them is the first", async () => {
    const { clock, server, store } = setUp();
    const other = machine(server, new VirtualClock()).store;
    const sentMs = clock.nowMs();
    const endedMs = sentMs;
    const start = (id: string) => (state: WindowState) => void state.entries.push({ id, sentMs });
    const end = (state: WindowState) => state.entries.forEach((entry) => (entry.endedMs ??= endedMs));
    await store.transact(start("one"));
    await other.transact(start("two"));
    await other.transact(end);
    server.text = undefined;
    await store.transact(start("three"));
    await other.transact(() => {});
    expect(parseWindow(server.text ?? "")?.entries).toEqual([
      { id: "two", sentMs, endedMs },
      { id: "one", sentMs, endedMs },
      { id: "three", sentMs },
    ]);
  });

  it("is taken once if the reply to its write is lost", async () => {
    const { server, store } = setUp();
    await store.transact((state) => (state.limit = 7));
    server.losesReply = true;
    expect(await store.transact((state) => (state.cooldownUntilMs += 1))).toBe(1);
    expect(await store.transact((state) => state.cooldownUntilMs)).toBe(1);
    expect(server.counts.conflicts).toBe(0);
  });

  it("leaves no request of a lost write behind if another machine has written since", async () => {
    const { clock, server, store } = setUp();
    const sentMs = clock.nowMs();
    let calls = 0;
    server.losesReply = true;
    server.beforeRepetition = () => {
      const state = parseWindow(server.text ?? "") ?? emptyWindow();
      server.text = windowText({ ...state, entries: [...state.entries, { id: "other", sentMs }] });
    };
    await store.transact((state) => void state.entries.push({ id: `own-${++calls}`, sentMs }));
    const ids = parseWindow(server.text ?? "")?.entries.map(({ id }) => id);
    expect({ ids, calls }).toEqual({ ids: ["other", "own-2"], calls: 2 });
  });

  it("that changes nothing writes nothing", async () => {
    const { server, store } = setUp();
    await store.transact((state) => (state.limit = 7));
    const { requests } = server.counts;
    await store.transact((state) => state.limit);
    expect(server.counts.requests - requests).toBe(1);
  });

  it("shares its round trips with the steps that are requested meanwhile, in their order", async () => {
    const { server, store } = setUp();
    const order: number[] = [];
    const steps = Array.from({ length: 50 }, async (_, at) => {
      await store.transact((state) => {
        state.cooldownUntilMs++;
        order.push(at);
      });
    });
    await Promise.all(steps);
    expect(order).toEqual(Array.from({ length: 50 }, (_, at) => at));
    expect(server.counts).toEqual({ requests: 4, conflicts: 0 });
  });

  it("that throws rejects alone", async () => {
    const { store, troubles } = setUp();
    const step = store.transact(() => {
      throw new Error("in the step");
    });
    const next = store.transact((state) => state.entries.length);
    await expect(step).rejects.toThrow("in the step");
    expect(await next).toBe(0);
    expect(troubles).toEqual([]);
  });
});

describe("requests that wait while a server is asked", () => {
  it("can be aborted, and leave no request behind", async () => {
    const clock = new VirtualClock();
    const server = new MemoryServer({ clock, latencyMs: () => 50 });
    const { store } = machine(server, clock);
    const limiter = new RateLimiter({ clock, store });
    const abort = new AbortController();
    const waiting = limiter.acquire({ what: "remove", deadlineMs: Infinity, signal: abort.signal });
    await clock.sleep(120);
    abort.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
    await clock.sleep(1_000);
    expect(parseWindow(server.text ?? "")?.entries).toEqual([]);
    await limiter.acquire({ what: "remove", deadlineMs: Infinity });
    expect(parseWindow(server.text ?? "")?.entries).toHaveLength(1);
  });
});

describe("a machine whose server fails", () => {
  const limited = (server: MemoryServer, clock: VirtualClock) => {
    const local = emptyWindow();
    const troubles: string[] = [];
    const store = sharedWindowStore({
      cell: server.cell(),
      local: memoryStore(local),
      nowMs: () => clock.nowMs(),
      onTrouble: ({ message }) => troubles.push(message),
    });
    return { local, store, troubles, limiter: new RateLimiter({ clock, store }) };
  };

  it("goes on with its own window, which knows its requests, the limit and other clients", async () => {
    const clock = new VirtualClock();
    const server = new MemoryServer({ clock, latencyMs: () => 3 });
    const { limiter, local, troubles } = limited(server, clock);
    const acquire = () => limiter.acquire({ what: "remove", deadlineMs: Infinity });
    for (const remaining of [7, 6]) await (await acquire()).complete({ limit: 10, remaining });
    const open = await acquire();
    expect(local).toMatchObject({
      limit: 10,
      entries: [{}, {}, {}],
      othersSentMs: [expect.any(Number), expect.any(Number)],
    });
    server.isDown = true;
    await open.complete({ limit: 10, remaining: 0 });
    expect(troubles).toEqual(["The server is down. Start it."]);
    expect(local.entries.every(({ endedMs }) => endedMs !== undefined)).toBe(true);
    const startedMs = clock.nowMs();
    await acquire();
    expect(clock.nowMs() - startedMs).toBeGreaterThan(50_000);
    expect(troubles).toHaveLength(1);
  });

  it("waits for a cooldown that only another machine has seen", async () => {
    const clock = new VirtualClock();
    const server = new MemoryServer({ clock });
    const { limiter } = limited(server, clock);
    const nowMs = clock.nowMs();
    server.text = windowText({
      ...emptyWindow(),
      limit: 5,
      cooldownUntilMs: nowMs + 50_000,
      last429Ms: nowMs,
      cooldowns: 1,
    });
    const waiting = limiter.acquire({ what: "remove", deadlineMs: Infinity });
    await clock.sleep(20_000);
    server.isDown = true;
    await waiting;
    expect(clock.nowMs() - nowMs).toBe(50_000);
  });

  it("does so for a value that is no window, and names the key", async () => {
    const clock = new VirtualClock();
    const server = new MemoryServer({ clock });
    server.text = "garbage";
    const { limiter, troubles } = limited(server, clock);
    await limiter.acquire({ what: "remove", deadlineMs: Infinity });
    expect(troubles).toEqual([
      "The value of the key on the server is not a rate-limit window. Delete it with `DEL the key`.",
    ]);
    expect(server.text).toBe("garbage");
  });

  it("does so for a server that accepts no write", async () => {
    const clock = new VirtualClock();
    const server = new MemoryServer({ clock });
    server.text = windowText(emptyWindow());
    server.refusesWrites = true;
    const { limiter, troubles, local } = limited(server, clock);
    const permit = await limiter.acquire({ what: "remove", deadlineMs: Infinity });
    await permit.complete({ limit: 10, remaining: 9 });
    expect(troubles).toEqual([expect.stringMatching(/^The server refused 300 times to replace the key,/)]);
    expect(local.entries).toHaveLength(1);
  });

  it("loses no request that waits at that moment, and keeps their order", async () => {
    const clock = new VirtualClock();
    const server = new MemoryServer({ clock, latencyMs: () => 10 });
    const { limiter, troubles } = limited(server, clock);
    const served: number[] = [];
    const requests = Array.from({ length: 20 }, async (_, at) => {
      const permit = await limiter.acquire({ what: "remove", deadlineMs: Infinity });
      served.push(at);
      await clock.sleep(25);
      if (at === 6) server.isDown = true;
      await permit.complete({ limit: 4 });
    });
    await Promise.all(requests);
    expect(served).toEqual(Array.from({ length: 20 }, (_, at) => at));
    expect(troubles).toHaveLength(1);
  });
});
