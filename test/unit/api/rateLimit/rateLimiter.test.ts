import { array, assert, asyncProperty, integer, record } from "fast-check";
import { describe, expect, it } from "vitest";
import { SETTLING_MS } from "../../../../provider/api/rateLimit/crowd";
import { RateLimiter } from "../../../../provider/api/rateLimit/rateLimiter";
import { emptyWindow, type RateLimit } from "../../../../provider/api/rateLimit/windowState";
import { memoryStore, type WindowStore } from "../../../../provider/api/rateLimit/windowStore";
import { VirtualClock } from "../../../support/virtualClock";
import { optimumMs, run } from "./rateLimiterRun";

/** The stores of several processes with one window. */
function sharedStores(count: number): WindowStore[] {
  const state = emptyWindow();
  return Array.from({ length: count }, () => ({ shared: true, transact: (change) => change(state) }));
}

describe("a run with a rate limiter", () => {
  it.each([5, 10, 60, 100])("uses a limit of %i to the full without a 429", async (limit) => {
    for (const count of [limit, limit + 1, limit * 3]) {
      const { rateLimited, tookMs } = await run({ count, limit });
      expect(rateLimited).toBe(0);
      expect(tookMs).toBeLessThanOrEqual(Math.max(SETTLING_MS, optimumMs(count, limit) * 1.02) + 10);
    }
  });

  it("shares one window among processes", async () => {
    const { rateLimited, tookMs } = await run({ count: 50, limit: 10, stores: sharedStores(4) });
    expect(rateLimited).toBe(0);
    expect(tookMs).toBeLessThanOrEqual(optimumMs(50, 10) * 1.05 + 500);
  });

  it("lets no process wait longer than its share, in any order of waking", async () => {
    const { rateLimited, tookMs, longestWaitMs } = await run({
      count: 200,
      limit: 5,
      stores: sharedStores(4),
    });
    expect(rateLimited).toBe(0);
    expect(tookMs).toBeLessThanOrEqual(optimumMs(200, 5) * 1.05);
    // 32 requests wait at any time and 5 are sent in each window, so each waits for at most one round.
    expect(longestWaitMs).toBeLessThanOrEqual(9 * 60_000 * 1.05);
  });

  it("sends one request alone first, and notices that other clients have used up the window", async () => {
    const { rateLimited } = await run({ count: 10, limit: 10, othersAtStart: 7 });
    expect(rateLimited).toBe(0);
  });

  it("waits for the end of the cooldown if other clients have used up the window, and then gets no other 429", async () => {
    const { rateLimited, tookMs } = await run({ count: 10, limit: 5, othersAtStart: 5 });
    expect(rateLimited).toBe(1);
    // It resumes at a random time in 15 s, and carefully for most of a window.
    expect(tookMs).toBeLessThan(180_000 + 15_000 + 60_000 * 2 * 1.02);
  });

  it("delays no request if no limit is known", async () => {
    const { rateLimited, tookMs } = await run({ count: 200, limit: undefined });
    expect({ rateLimited, tookMs }).toEqual({ rateLimited: 0, tookMs: 0 });
  });

  it("infers a limit that no header names from the first 429s", async () => {
    const { rateLimited, order } = await run({ count: 30, limit: 5, headers: false, parallel: 8 });
    expect(order).toHaveLength(30);
    // All that were in flight at the first 429, and none after.
    expect(rateLimited).toBeLessThanOrEqual(8);
  });

  it("keeps a configured limit that is lower than the account's", async () => {
    const { tookMs } = await run({
      count: 9,
      limit: 100,
      options: { configured: { limit: 3, windowMs: 60_000 } },
    });
    expect(tookMs).toBeGreaterThanOrEqual(120_000);
  });

  it("never gets a 429, with any latencies, limits and numbers of processes", async () => {
    const runs = asyncProperty(
      record({
        count: integer({ min: 1, max: 60 }),
        limit: integer({ min: 1, max: 20 }),
        processes: integer({ min: 1, max: 4 }),
        latencies: array(integer({ min: 0, max: 3_000 }), { minLength: 1, maxLength: 20 }),
        othersAtStart: integer({ min: 0, max: 19 }),
      }),
      async ({ count, limit, processes, latencies, othersAtStart }) => {
        let at = 0;
        const { rateLimited, order } = await run({
          count,
          limit,
          stores: sharedStores(processes),
          latencyMs: () => latencies[at++ % latencies.length] as number,
          othersAtStart: Math.min(othersAtStart, limit - 1),
        });
        expect(rateLimited).toBe(0);
        expect(order).toHaveLength(count);
      },
    );
    await assert(runs, { numRuns: 200 });
  });
});

describe("a limit that only one process has", () => {
  /** Sends the requests of each process one at a time. Returns when each was sent. */
  async function play(processes: readonly { configured?: RateLimit; count: number; startMs?: number }[]) {
    const clock = new VirtualClock();
    const startMs = clock.nowMs();
    const stores = sharedStores(processes.length);
    return Promise.all(
      processes.map(async ({ configured, count, startMs: delayMs = 0 }, at) => {
        const limiter = new RateLimiter({ clock, store: stores[at] as WindowStore, configured });
        const sentMs: number[] = [];
        await clock.sleep(delayMs);
        for (let request = 0; request < count; request++) {
          const permit = await limiter.acquire({ what: "remove", deadlineMs: Infinity });
          sentMs.push(clock.nowMs() - startMs);
          await clock.sleep(1_000);
          void permit.complete({});
        }
        return sentMs;
      }),
    );
  }

  const HOUR_MS = 3_600_000;
  const hourly = { limit: 10, windowMs: HOUR_MS };
  const most = (sentMs: readonly number[]) =>
    Math.max(...sentMs.map((fromMs) => sentMs.filter((ms) => ms >= fromMs && ms < fromMs + HOUR_MS).length));

  it.each([1_000, 30_000, 60_000, 600_000, HOUR_MS])(
    "is kept beside a process without one, with a window of %i ms",
    async (windowMs) => {
      const [limited = [], free = []] = await play([
        { configured: { limit: 10, windowMs }, count: 25 },
        { count: 40, startMs: 300_000 },
      ]);
      const sent = [...limited, ...free].toSorted((a, b) => a - b);
      for (const fromMs of limited) {
        const before = sent.filter((ms) => ms <= fromMs && ms > fromMs - windowMs).length;
        expect(before).toBeLessThanOrEqual(10);
      }
      // One request at a time, each for a second.
      expect(free.at(-1)).toBeLessThanOrEqual(300_000 + 41 * 1_000);
    },
  );

  it("counts requests that were sent before its process started", async () => {
    const [, limited = []] = await play([{ count: 10 }, { configured: hourly, count: 11, startMs: 900_000 }]);
    expect(limited[0]).toBeGreaterThanOrEqual(HOUR_MS);
    expect(limited[0]).toBeLessThanOrEqual(HOUR_MS + 10_000);
    expect(most(limited)).toBeLessThanOrEqual(10);
  });

  it("applies to its own process, if several have one", async () => {
    const [hour = [], minute = []] = await play([
      { configured: hourly, count: 12 },
      { configured: { limit: 2, windowMs: 60_000 }, count: 12, startMs: 20_000 },
    ]);
    for (const fromMs of minute) {
      expect(minute.filter((ms) => ms >= fromMs && ms < fromMs + 60_000).length).toBeLessThanOrEqual(2);
    }
    expect(most(hour)).toBeLessThanOrEqual(10);
    expect(minute.at(-1)).toBeLessThanOrEqual(8 * 61_500);
  });
});

describe("waiting", () => {
  const full = () => {
    const clock = new VirtualClock();
    const nowMs = clock.nowMs();
    const state = { ...emptyWindow(), limit: 2, lastReportMs: nowMs, looks: 1_000 };
    state.entries = [
      { id: "a", sentMs: nowMs, endedMs: nowMs },
      { id: "b", sentMs: nowMs, endedMs: nowMs },
    ];
    const lines: string[] = [];
    const limiter = new RateLimiter({ clock, store: memoryStore(state), report: (line) => lines.push(line) });
    return { clock, nowMs, limiter, lines };
  };

  it("fails at once if it cannot end before the deadline, and shows how many requests are sent and left", async () => {
    const { limiter, nowMs, clock } = full();
    const waiting = [1, 2, 3].map(() => limiter.acquire({ what: "remove", deadlineMs: nowMs + 30_000 }));
    for (const outcome of await Promise.allSettled(waiting)) {
      expect(outcome).toMatchObject({ status: "rejected", reason: { name: "MaxWaitError" } });
      expect(String((outcome as PromiseRejectedResult).reason)).toMatch(
        /limit \(2 requests per 60 s\).*exceed maxWait.*: 0 sent, [123] left\./s,
      );
    }
    expect(clock.nowMs()).toBe(nowMs);
    expect(limiter.waiting).toBe(0);
  });

  it("can be aborted, and the other requests continue", async () => {
    const { limiter } = full();
    const abort = new AbortController();
    const first = limiter.acquire({ what: "remove", deadlineMs: Infinity, signal: abort.signal });
    const second = limiter.acquire({ what: "remove", deadlineMs: Infinity });
    abort.abort(new Error("enough"));
    await expect(first).rejects.toThrow("enough");
    await expect(second).resolves.toBeDefined();
  });

  it("is reported in one line at most every 10 seconds", async () => {
    const { limiter, lines, nowMs, clock } = full();
    await Promise.all([
      limiter.acquire({ what: "remove", deadlineMs: Infinity }),
      limiter.acquire({ what: "lookup", deadlineMs: Infinity }),
    ]);
    expect(lines[0]).toBe(
      "Electron Hub: 2 requests wait (1 remove, 1 lookup) until the account's rate limit (2 requests per 60 s) has room at 00:01:00 UTC, in 60 s.",
    );
    expect(lines.length).toBeLessThanOrEqual((clock.nowMs() - nowMs) / 10_000 + 1);
    expect(lines.length).toBeGreaterThan(3);
  });

  it("ends in the order of arrival, but first for requests that got a 429", async () => {
    const { limiter } = full();
    const served: string[] = [];
    const ask = (what: string, again = false) =>
      limiter.acquire({ what, deadlineMs: Infinity, again }).then((permit) => {
        void permit.complete();
        return served.push(what);
      });
    await Promise.all([ask("one"), ask("two"), ask("three"), ask("again", true)]);
    expect(served).toEqual(["again", "one", "two", "three"]);
  });

  it("ends first for urgent requests, also before those of other processes, and never during a cooldown", async () => {
    const clock = new VirtualClock();
    const startMs = clock.nowMs();
    const cooldownUntilMs = startMs + 180_000;
    const state = { ...emptyWindow(), limit: 2, last429Ms: startMs, cooldownUntilMs };
    const limiterOf = () =>
      new RateLimiter({ clock, store: { shared: true, transact: (change) => change(state) } });
    const [usual, urgent] = [limiterOf(), limiterOf()];
    const served: string[] = [];
    const ask = async (limiter: RateLimiter, what: string, isUrgent: boolean) => {
      const permit = await limiter.acquire({ what, deadlineMs: Infinity, urgent: isUrgent });
      expect(clock.nowMs()).toBeGreaterThanOrEqual(cooldownUntilMs);
      served.push(what);
      await permit.complete({ limit: 2 });
    };
    const before = ["a", "b", "c"].map((what) => ask(usual, what, false));
    await clock.sleep(1_000);
    await Promise.all([...before, ...["1", "2", "3"].map((what) => ask(urgent, what, true))]);
    expect(served).toEqual(["1", "2", "3", "a", "b", "c"]);
  });

  it("frees the request of a permit that was cancelled", async () => {
    const clock = new VirtualClock();
    const store = memoryStore({ ...emptyWindow(), limit: 1, lastReportMs: clock.nowMs(), looks: 1_000 });
    const limiter = new RateLimiter({ clock, store });
    const permit = await limiter.acquire({ what: "remove", deadlineMs: Infinity });
    void permit.cancel();
    const startedMs = clock.nowMs();
    await limiter.acquire({ what: "remove", deadlineMs: Infinity });
    expect(clock.nowMs()).toBe(startedMs);
  });

  it("ends at once for a request that waits until a known time when a permit is cancelled", async () => {
    const clock = new VirtualClock();
    const nowMs = clock.nowMs();
    const state = { ...emptyWindow(), limit: 2, lastReportMs: nowMs, looks: 1_000 };
    state.entries = [{ id: "a", sentMs: nowMs, endedMs: nowMs }];
    const limiter = new RateLimiter({ clock, store: memoryStore(state) });
    await clock.while(async () => {
      const permit = await limiter.acquire({ what: "remove", deadlineMs: Infinity });
      const waiting = limiter.acquire({ what: "lookup", deadlineMs: Infinity });
      await Promise.resolve();
      void permit.cancel();
      await waiting;
    });
    expect(clock.nowMs()).toBe(nowMs);
  });

  it("keeps the order of thousands, of which some are aborted and some are sent again", async () => {
    const clock = new VirtualClock();
    const state = { ...emptyWindow(), limit: 7, lastReportMs: clock.nowMs(), looks: 1_000 };
    const limiter = new RateLimiter({ clock, store: memoryStore(state) });
    const abort = new AbortController();
    const served: number[] = [];
    const requests = Array.from({ length: 3_000 }, async (_, at) => {
      const signal = at % 3 === 0 ? abort.signal : undefined;
      let permit = await limiter.acquire({ what: "remove", deadlineMs: Infinity, signal });
      if (at % 500 === 1) {
        void permit.complete({ limit: 7 });
        permit = await limiter.acquire({ what: "remove", deadlineMs: Infinity, again: true });
      }
      served.push(at);
      if (served.length === 1_000) abort.abort(new Error("enough"));
      void permit.complete({ limit: 7 });
    });
    const outcomes = await Promise.allSettled(requests);
    const isServed = (_: unknown, at: number) => outcomes[at]?.status === "fulfilled";
    expect(served.filter((at) => at % 500 !== 1)).toEqual(
      Array.from(outcomes, (_, at) => at).filter((at) => isServed(at, at) && at % 500 !== 1),
    );
    expect(served).toHaveLength(outcomes.filter(isServed).length);
    expect(served.length).toBeLessThan(2_400);
    expect(limiter.waiting).toBe(0);
  });
});
