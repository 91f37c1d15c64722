import { describe, expect, it } from "vitest";
import { SETTLING_MS, shareCapacity } from "../../../../provider/api/rateLimit/crowd";
import { recordResponse } from "../../../../provider/api/rateLimit/rateWindow";
import {
  emptyWindow,
  type RateLimitInfo,
  type WindowState,
} from "../../../../provider/api/rateLimit/windowState";
import { optimumOf, runMachines, type MachinesScenario } from "./machinesRun";

/** Machines whose first requests fit into the limit: a machine that knows nothing yet has to send one. */
function scenarios(operations: readonly number[], seed: number): MachinesScenario[] {
  const limits = [5, 10, 20, 60, 100, 300];
  return [2, 3, 5, 10, 20, 50].flatMap((machines) =>
    limits
      .filter((limit) => machines <= limit * 0.6)
      .flatMap((limit) => operations.map((count) => ({ machines, limit, operations: count, seed })))
      .filter(({ limit, operations: count }) => (machines * count) / limit <= 20),
  );
}

describe("a machine alone", () => {
  it.each([1, 2, 3])("is as fast as its limit allows (seed %i)", async (seed) => {
    for (const limit of [5, 10, 60, 100]) {
      for (const operations of [limit, limit + 1, limit * 3]) {
        const scenario = { machines: 1, limit, operations, seed };
        const { rateLimited, tookMs } = await runMachines(scenario);
        expect(rateLimited).toBe(0);
        // It looks for others first. Then eight at once, and one at a time at the start of a window.
        const networkMs = SETTLING_MS + (Math.ceil(operations / 8) + 5) * 160;
        const windowsMs = optimumOf(scenario) * 1.02;
        expect(tookMs, `${operations} at ${limit}`).toBeLessThanOrEqual(windowsMs + networkMs);
      }
    }
  });
});

describe("machines that start together, without a shared window", () => {
  it.each([6, 30, 100])(
    "get at most one refusal for 10 of them, with %i requests each",
    async (operations) => {
      const slow: string[] = [];
      const runs = [1, 2].flatMap((seed) => scenarios([operations], seed));
      for (const run of runs) {
        const { rateLimited, tookMs, slowest } = await runMachines(run);
        const what = JSON.stringify(run);
        expect(rateLimited, what).toBeLessThanOrEqual(Math.ceil(run.machines / 10));
        const optimumMs = optimumOf(run);
        expect(tookMs, what).toBeLessThan(Math.max(optimumMs * 3.3, 90_000));
        if (optimumMs > 0 && tookMs > optimumMs * 2.5) slow.push(what);
        // If all fits into a window, the first machine is done at once.
        expect(operations === 100 && optimumMs > 0 ? slowest : 1, what).toBeLessThan(1.5);
      }
      // If all fits into two windows, the last requests may need a window more.
      expect(slow.length, slow.join("\n")).toBeLessThanOrEqual(runs.length / 10);
    },
  );
});

describe("machines that start together again, without a shared window", () => {
  it.each([90_000, 86_400_000])("know nothing of the last time after %i ms", async (pauseMs) => {
    let refused = 0;
    for (const [machines, limit] of [
      [3, 5],
      [10, 20],
      [50, 100],
    ] as const) {
      for (let seed = 1; seed <= 10; seed++) {
        const run = { machines, limit, operations: 6, staggerMs: 300, seed };
        const { rateLimited, tookMs } = await runMachines({ ...run, earlierRuns: { count: 1, pauseMs } });
        if (rateLimited > 0) refused++;
        expect(rateLimited > 0 ? 0 : tookMs).toBeLessThan(optimumOf(run) * 3.3);
      }
    }
    // As the first time. With what they knew, 14 of these runs were refused.
    expect(refused).toBeLessThanOrEqual(1);
  });
});

describe("machines that collide again and again, without a shared window", () => {
  it("wait no longer each time", async () => {
    const meanS = async (count: number) => {
      let totalMs = 0;
      for (let seed = 1; seed <= 10; seed++) {
        const run = { machines: 2, limit: 20, operations: 30, staggerMs: 10_000, seed };
        totalMs += (await runMachines({ ...run, earlierRuns: { count, pauseMs: 1_200_000 } })).tookMs;
      }
      return totalMs / 10_000;
    };
    // 646 s instead of 396 s when refusals of earlier runs counted.
    expect((await meanS(3)) / (await meanS(0))).toBeLessThan(1.25);
  });
});

describe("machines that start one after another, without a shared window", () => {
  it.each([3_000, 20_000])("meet the first one's cooldown once, within %i ms", async (staggerMs) => {
    // The first machine is alone as far as it knows, and uses the limit. The next one's first request is refused.
    for (const scenario of scenarios([30, 100], 1)) {
      const run = { ...scenario, staggerMs };
      const { rateLimited, tookMs } = await runMachines(run);
      const what = JSON.stringify(run);
      expect(rateLimited, what).toBeLessThanOrEqual(run.machines * 1.5 + 1);
      expect(tookMs, what).toBeLessThan(optimumOf(run) * 2.5 + 240_000);
    }
  });

  it.each([1_000, 2_000, 4_000])(
    "get no refusal if what they need in the last window leaves time to look for others (%i ms)",
    async (staggerMs) => {
      for (const machines of [2, 3]) {
        for (const seed of [1, 2, 3, 4, 5]) {
          const run = { machines, limit: 5, operations: 6, staggerMs, seed };
          const { rateLimited, tookMs } = await runMachines(run);
          const what = JSON.stringify(run);
          expect(rateLimited, what).toBe(0);
          expect(tookMs, what).toBeLessThan(optimumOf(run) * 2.5);
        }
      }
    },
  );
});

describe("a share that is in use", () => {
  const START_MS = 1_000_000;
  const WINDOW_MS = 60_000;

  /** A machine whose share of two is in use, and that has seen three requests of others. */
  function inCrowd(): WindowState {
    return {
      ...emptyWindow(),
      limit: 100,
      looks: 4,
      lastReportMs: START_MS,
      entries: [
        { id: "a", sentMs: START_MS, endedMs: START_MS },
        { id: "b", sentMs: START_MS },
      ],
      crowd: { share: 2, others: 3, othersMs: START_MS, reducedMs: START_MS },
    };
  }
  const freeAt = (state: WindowState, nowMs: number) =>
    shareCapacity(state, nowMs, WINDOW_MS, {
      waiting: 1,
      deadlineMs: Infinity,
      isUrgent: false,
      inPairs: false,
    });

  it.each<[string, RateLimitInfo | undefined]>([
    ["shows no figures", {}],
    ["is lost", undefined],
  ])("grows also after a response that %s", (_, info) => {
    const state = inCrowd();
    recordResponse(state, "b", START_MS + 100, info, WINDOW_MS, () => 0.5);
    const { free, untilMs = Infinity } = freeAt(state, START_MS + 100);
    expect(free).toBe(0);
    expect(untilMs).toBeLessThan(START_MS + 2_000);
    expect(freeAt(state, untilMs)).toEqual({ free: 1 });
  });

  it("delays a growth once that was due long ago", () => {
    const state = inCrowd();
    recordResponse(state, "b", START_MS + 100, undefined, WINDOW_MS, () => 0.5);
    const lateMs = START_MS + 10_000;
    const { free, untilMs = Infinity } = freeAt(state, lateMs);
    expect(free).toBe(0);
    expect(untilMs).toBeGreaterThan(lateMs);
    expect(untilMs).toBeLessThan(lateMs + 2_000);
    expect(freeAt(state, untilMs + 10_000)).toEqual({ free: 1 });
  });
});

describe("more machines than the limit", () => {
  it("advance evenly, and wait longer after each refusal", async () => {
    for (const run of [
      { machines: 10, limit: 5, operations: 30, seed: 1 },
      { machines: 50, limit: 20, operations: 30, seed: 1 },
    ]) {
      const { rateLimited, tookMs, slowest } = await runMachines(run);
      // Without the spread all are refused in every window: 855 and 9,443 times.
      expect(rateLimited).toBeLessThan(run.machines * run.operations * 0.6);
      expect(tookMs).toBeLessThan(optimumOf(run) * 3);
      expect(slowest).toBeLessThan(1.5);
    }
  });
});
