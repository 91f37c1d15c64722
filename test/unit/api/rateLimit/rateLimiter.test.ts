import { array, assert, asyncProperty, integer, record } from "fast-check";
import { describe, expect, it } from "vitest";
import { RateLimiter } from "../../../../provider/api/rateLimit/rateLimiter";
import { emptyWindow, type RateLimit } from "../../../../provider/api/rateLimit/rateWindow";
import { memoryStore, type WindowStore } from "../../../../provider/api/rateLimit/windowStore";
import { VirtualClock } from "../../../support/virtualClock";
import { optimumMs, run } from "./rateLimiterRun";

/** What several processes see of one ledger. */
function sharedStores(count: number): WindowStore[] {
  const state = emptyWindow();
  return Array.from({ length: count }, () => ({ shared: true, transact: (change) => change(state) }));
}

describe("a paced run", () => {
  it.each([5, 10, 60, 100])("uses a limit of %i to the full and is never refused", async (limit) => {
    for (const count of [limit, limit + 1, limit * 3]) {
      const { refused, tookMs } = await run({ count, limit });
      expect(refused).toBe(0);
      expect(tookMs).toBeLessThanOrEqual(optimumMs(count, limit) * 1.02 + 10);
    }
  });

  it("shares one window among processes", async () => {
    const { refused, tookMs } = await run({ count: 50, limit: 10, stores: sharedStores(4) });
    expect(refused).toBe(0);
    expect(tookMs).toBeLessThanOrEqual(optimumMs(50, 10) * 1.05 + 500);
  });

  it("lets no process wait longer than its share, whoever wakes first", async () => {
    const { refused, tookMs, longestWaitMs } = await run({ count: 200, limit: 5, stores: sharedStores(4) });
    expect(refused).toBe(0);
    expect(tookMs).toBeLessThanOrEqual(optimumMs(200, 5) * 1.05);
    // 32 wait at any time, and 5 go in each window: nobody is passed over for more than a round.
    expect(longestWaitMs).toBeLessThanOrEqual(9 * 60_000 * 1.05);
  });

  it("finds out alone how the window stands, and notices that others have used it up", async () => {
    const { refused } = await run({ count: 10, limit: 10, foreignAtStart: 7 });
    expect(refused).toBe(0);
  });

  it("waits out the cooldown when others have left no room at all, and then finishes without another refusal", async () => {
    const { refused, tookMs } = await run({ count: 10, limit: 5, foreignAtStart: 5 });
    expect(refused).toBe(1);
    expect(tookMs).toBeLessThan(180_000 + 60_000 * 2 * 1.02);
  });

  it("holds nothing back where nobody names a limit", async () => {
    const { refused, tookMs } = await run({ count: 200, limit: undefined });
    expect({ refused, tookMs }).toEqual({ refused: 0, tookMs: 0 });
  });

  it("learns a limit that no header names from the first refusals", async () => {
    const { refused, order } = await run({ count: 30, limit: 5, headers: false, parallel: 8 });
    expect(order).toHaveLength(30);
    // All that were under way at the first refusal, and none after.
    expect(refused).toBeLessThanOrEqual(8);
  });

  it("keeps a configured limit where the account would allow more", async () => {
    const { tookMs } = await run({
      count: 9,
      limit: 100,
      options: { configured: { limit: 3, windowMs: 60_000 } },
    });
    expect(tookMs).toBeGreaterThanOrEqual(120_000);
  });

  it("is never refused, whatever the latencies, limits and numbers of processes", async () => {
    const runs = asyncProperty(
      record({
        count: integer({ min: 1, max: 60 }),
        limit: integer({ min: 1, max: 20 }),
        processes: integer({ min: 1, max: 4 }),
        latencies: array(integer({ min: 0, max: 3_000 }), { minLength: 1, maxLength: 20 }),
        foreignAtStart: integer({ min: 0, max: 19 }),
      }),
      async ({ count, limit, processes, latencies, foreignAtStart }) => {
        let at = 0;
        const { refused, order } = await run({
          count,
          limit,
          stores: sharedStores(processes),
          latencyMs: () => latencies[at++ % latencies.length] as number,
          foreignAtStart: Math.min(foreignAtStart, limit - 1),
        });
        expect(refused).toBe(0);
        expect(order).toHaveLength(count);
      },
    );
    await assert(runs, { numRuns: 200 });
  });
});

describe("a limit that only one process has", () => {
  /** So many requests of each process, one at a time; the times at which each was let out. */
  async function play(processes: readonly { configured?: RateLimit; count: number; startMs?: number }[]) {
    const clock = new VirtualClock();
    const startMs = clock.nowMs();
    const stores = sharedStores(processes.length);
    return Promise.all(
      processes.map(async ({ configured, count, startMs: delayMs = 0 }, at) => {
        const pacer = new RateLimiter({ clock, store: stores[at] as WindowStore, configured });
        const sentMs: number[] = [];
        await clock.sleep(delayMs);
        for (let request = 0; request < count; request++) {
          const place = await pacer.acquire({ what: "remove", deadlineMs: Infinity });
          sentMs.push(clock.nowMs() - startMs);
          await clock.sleep(1_000);
          place.complete({});
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
    "is kept beside one that has none, with a window of %i ms",
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
      // One at a time, each for a second.
      expect(free.at(-1)).toBeLessThanOrEqual(300_000 + 41 * 1_000);
    },
  );

  it("counts what was sent before the process that has it began", async () => {
    const [, limited = []] = await play([{ count: 10 }, { configured: hourly, count: 11, startMs: 900_000 }]);
    expect(limited[0]).toBeGreaterThanOrEqual(HOUR_MS);
    expect(limited[0]).toBeLessThanOrEqual(HOUR_MS + 10_000);
    expect(most(limited)).toBeLessThanOrEqual(10);
  });

  it("is each process's own, where several have one", async () => {
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
    const state = { ...emptyWindow(), limit: 2, lastReportMs: nowMs };
    state.entries = [
      { id: "a", sentMs: nowMs, answeredMs: nowMs },
      { id: "b", sentMs: nowMs, answeredMs: nowMs },
    ];
    const lines: string[] = [];
    const pacer = new RateLimiter({ clock, store: memoryStore(state), report: (line) => lines.push(line) });
    return { clock, nowMs, pacer, lines };
  };

  it("ends at once when it cannot end before the deadline, and says what is done and what is left", async () => {
    const { pacer, nowMs, clock } = full();
    const waiting = [1, 2, 3].map(() => pacer.acquire({ what: "remove", deadlineMs: nowMs + 30_000 }));
    for (const outcome of await Promise.allSettled(waiting)) {
      expect(outcome).toMatchObject({ status: "rejected", reason: { name: "MaxWaitError" } });
      expect(String((outcome as PromiseRejectedResult).reason)).toMatch(
        /limit \(2 requests per 60 s\).*exceed maxWait.*: 0 sent, [123] left\./s,
      );
    }
    expect(clock.nowMs()).toBe(nowMs);
    expect(pacer.waiting).toBe(0);
  });

  it("is abortable, and lets the others go on", async () => {
    const { pacer } = full();
    const abort = new AbortController();
    const first = pacer.acquire({ what: "remove", deadlineMs: Infinity, signal: abort.signal });
    const second = pacer.acquire({ what: "remove", deadlineMs: Infinity });
    abort.abort(new Error("enough"));
    await expect(first).rejects.toThrow("enough");
    await expect(second).resolves.toBeDefined();
  });

  it("is told in one line at most every 10 seconds", async () => {
    const { pacer, lines, nowMs, clock } = full();
    await Promise.all([
      pacer.acquire({ what: "remove", deadlineMs: Infinity }),
      pacer.acquire({ what: "lookup", deadlineMs: Infinity }),
    ]);
    expect(lines[0]).toBe(
      "Electron Hub: 2 requests wait (1 remove, 1 lookup) until the account's rate limit (2 requests per 60 s) has room at 00:01:00 UTC, in 60 s.",
    );
    expect(lines.length).toBeLessThanOrEqual((clock.nowMs() - nowMs) / 10_000 + 1);
    expect(lines.length).toBeGreaterThan(3);
  });

  it("is first come, first served; what was refused goes first", async () => {
    const { pacer } = full();
    const served: string[] = [];
    const ask = (what: string, again = false) =>
      pacer.acquire({ what, deadlineMs: Infinity, again }).then((place) => {
        place.complete();
        return served.push(what);
      });
    await Promise.all([ask("one"), ask("two"), ask("three"), ask("refused", true)]);
    expect(served).toEqual(["refused", "one", "two", "three"]);
  });

  it("gives back the place of a request that never went out", async () => {
    const clock = new VirtualClock();
    const store = memoryStore({ ...emptyWindow(), limit: 1, lastReportMs: clock.nowMs() });
    const pacer = new RateLimiter({ clock, store });
    const place = await pacer.acquire({ what: "remove", deadlineMs: Infinity });
    place.cancel();
    const startedMs = clock.nowMs();
    await pacer.acquire({ what: "remove", deadlineMs: Infinity });
    expect(clock.nowMs()).toBe(startedMs);
  });

  it("gives such a place at once to a request that sleeps until a known time", async () => {
    const clock = new VirtualClock();
    const nowMs = clock.nowMs();
    const state = { ...emptyWindow(), limit: 2, lastReportMs: nowMs };
    state.entries = [{ id: "a", sentMs: nowMs, answeredMs: nowMs }];
    const pacer = new RateLimiter({ clock, store: memoryStore(state) });
    await clock.while(async () => {
      const place = await pacer.acquire({ what: "remove", deadlineMs: Infinity });
      const waiting = pacer.acquire({ what: "lookup", deadlineMs: Infinity });
      await Promise.resolve();
      place.cancel();
      await waiting;
    });
    expect(clock.nowMs()).toBe(nowMs);
  });
});
