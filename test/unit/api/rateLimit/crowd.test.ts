import { describe, expect, it } from "vitest";
import { SETTLING_MS } from "../../../../provider/api/rateLimit/crowd";
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
