import { array, assert, asyncProperty, integer, record } from "fast-check";
import { describe, expect, it } from "vitest";
import { RateLimiter } from "../../../../provider/api/rateLimit/rateLimiter";
import { emptyWindow } from "../../../../provider/api/rateLimit/windowState";
import { windowText } from "../../../../provider/api/rateLimit/windowText";
import { seededRandom } from "../../../support/seededRandom";
import { VirtualClock } from "../../../support/virtualClock";
import { MemoryServer } from "./memoryCell";
import { optimumMs, run } from "./rateLimiterRun";
import { machine } from "./sharedRun";

describe("machines that share a window", () => {
  it.each([
    [10, 60, 1],
    [60, 240, 5],
    [60, 240, 30],
  ])(
    "send with a limit of %i their %i requests without a 429 and near the optimum, 50 of them at %i ms from the server",
    async (limit, count, awayMs) => {
      const clock = new VirtualClock();
      const random = seededRandom();
      const server = new MemoryServer({ clock, latencyMs: () => awayMs * (0.5 + random()) });
      const machines = Array.from({ length: 50 }, (_, at) => machine(server, clock, (at - 25) * 100));
      const { rateLimited, tookMs } = await run({
        count,
        limit,
        clock,
        stores: machines.map(({ store }) => store),
        clocks: machines.map((each) => each.clock),
        parallel: 2,
        latencyMs: () => 100 * (0.5 + random()),
      });
      expect(rateLimited).toBe(0);
      expect(tookMs).toBeLessThanOrEqual(optimumMs(count, limit) * 1.1);
      expect(machines.flatMap(({ troubles }) => troubles)).toEqual([]);
    },
  );

  it("never get a 429, with any latencies, limits, clocks and numbers of machines", async () => {
    const runs = asyncProperty(
      record({
        count: integer({ min: 1, max: 40 }),
        limit: integer({ min: 1, max: 12 }),
        aheadMs: array(integer({ min: -100_000, max: 100_000 }), { minLength: 1, maxLength: 4 }),
        latencies: array(integer({ min: 0, max: 500 }), { minLength: 1, maxLength: 20 }),
      }),
      async ({ count, limit, aheadMs, latencies }) => {
        const clock = new VirtualClock();
        let at = 0;
        const latencyMs = () => latencies[at++ % latencies.length] as number;
        const server = new MemoryServer({ clock, latencyMs });
        const machines = aheadMs.map((ms) => machine(server, clock, ms));
        const { rateLimited, order } = await run({
          count,
          limit,
          clock,
          stores: machines.map(({ store }) => store),
          clocks: machines.map((each) => each.clock),
          latencyMs,
        });
        expect(rateLimited).toBe(0);
        expect(order).toHaveLength(count);
      },
    );
    await assert(runs, { numRuns: 60 });
  });

  it("serve first who came first, whatever their clocks show", async () => {
    const clock = new VirtualClock();
    const server = new MemoryServer({ clock, latencyMs: () => 2 });
    server.text = windowText({ ...emptyWindow(), limit: 1, lastReportMs: clock.nowMs() });
    const served: string[] = [];
    const send = async (name: string, aheadMs: number, afterMs: number) => {
      const { clock: own, store } = machine(server, clock, aheadMs);
      await clock.sleep(afterMs);
      const permit = await new RateLimiter({ clock: own, store }).acquire({
        what: "remove",
        deadlineMs: Infinity,
      });
      served.push(name);
      await permit.complete({ limit: 1, remaining: 0 });
    };
    await Promise.all([
      send("third", -50_000, 2_000),
      send("first", 50_000, 0),
      send("second", 0, 1_000),
      send("fourth", 9_000, 3_000),
    ]);
    expect(served).toEqual(["first", "second", "third", "fourth"]);
  });

  it("show when requests may go out by their own clock", async () => {
    const clock = new VirtualClock();
    const server = new MemoryServer({ clock });
    const nowMs = clock.nowMs();
    server.text = windowText({ ...emptyWindow(), cooldownUntilMs: nowMs + 90_000, last429Ms: nowMs });
    const aheadMs = 3_600_000;
    const { clock: own, store } = machine(server, clock, aheadMs);
    const limiter = new RateLimiter({ clock: own, store });
    const late = limiter.acquire({ what: "remove", deadlineMs: nowMs + aheadMs + 89_000 });
    await expect(late).rejects.toThrow(/cooldown after a refusal ends at 01:01:30 UTC, in 90 s/);
    await limiter.acquire({ what: "remove", deadlineMs: nowMs + aheadMs + 91_000 });
    expect(clock.nowMs() - nowMs).toBe(90_000);
  });
});
