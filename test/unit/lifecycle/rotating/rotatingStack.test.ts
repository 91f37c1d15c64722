import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Schedule } from "../../../../provider/lifecycle/rotating/rotation";
import { RotatingStack } from "./rotatingStack";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const START_MS = Date.UTC(2026, 0, 1, 6);

const monthly = { rotateEveryMs: 30 * DAY_MS, overlapMs: 3 * DAY_MS };

const schedules: fc.Arbitrary<Omit<Schedule, "nowMs">> = fc
  .record({
    rotateEveryMs: fc.integer({ min: HOUR_MS, max: 90 * DAY_MS }),
    part: fc.double({ min: 0, max: 1, noNaN: true }),
    anchorMs: fc.option(fc.integer({ min: START_MS - 400 * DAY_MS, max: START_MS + 400 * DAY_MS })),
  })
  .map(({ rotateEveryMs, part, anchorMs }) => {
    const overlapMs = Math.min(rotateEveryMs - 1, 1 + Math.floor(part * rotateEveryMs));
    return anchorMs === null ? { rotateEveryMs, overlapMs } : { rotateEveryMs, overlapMs, anchorMs };
  });

/** A year of ups: several a day, daily ones, weeks without any. */
const waits = fc.oneof(
  fc.integer({ min: 0, max: HOUR_MS }),
  fc.integer({ min: 20 * HOUR_MS, max: 28 * HOUR_MS }),
  fc.integer({ min: 0, max: 60 * DAY_MS }),
);
const yearOf = (wait: fc.Arbitrary<number>) =>
  fc.array(wait, { minLength: 5, maxLength: 400 }).map((steps) => {
    const instants = [START_MS];
    for (const step of steps) instants.push((instants.at(-1) ?? 0) + step);
    return instants.filter((instant) => instant < START_MS + 365 * DAY_MS);
  });

describe("any schedule of ups over a year", () => {
  it("never has the published key removed, leaves no third key, and gives every overlap in full", () => {
    fc.assert(
      fc.property(schedules, yearOf(waits), (schedule, instants) => {
        const stack = new RotatingStack(schedule);
        let predecessor: string | undefined;
        let overlapEndMs = 0;
        for (const nowMs of instants) {
          const { published } = stack;
          stack.up(nowMs);
          if (stack.published !== published) {
            predecessor = published;
            overlapEndMs = nowMs + schedule.overlapMs;
          }
          const expected = nowMs < overlapEndMs ? [predecessor, stack.published] : [stack.published];
          expect([...stack.keys.values()]).toEqual(expected.filter((key) => key !== undefined));
        }
        // A key past its overlap is removed at the end of the run that makes the next one.
        expect(stack.mostKeys).toBeLessThanOrEqual(3);
        expect(stack.faults).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it("holds as well when the clock goes back between runs", () => {
    const jumpy = fc.oneof(
      waits,
      fc.integer({ min: -2 * DAY_MS, max: 0 }),
      fc.integer({ min: -90 * DAY_MS, max: 0 }),
    );
    fc.assert(
      fc.property(schedules, yearOf(jumpy), (schedule, instants) => {
        const stack = new RotatingStack(schedule);
        for (const nowMs of instants) stack.up(nowMs);
        expect(stack.mostKeys).toBeLessThanOrEqual(3);
        expect(stack.faults.filter((fault) => fault.startsWith("the published"))).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  const fails = fc.array(fc.option(fc.integer({ min: 0, max: 7 })), { minLength: 400, maxLength: 400 });
  const outages = fc
    .array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 60 })), { minLength: 400, maxLength: 400 })
    .map((stretches) =>
      stretches.flatMap(([isDown, length]) => Array.from({ length }, () => (isDown ? 2 : null))),
    );

  it("gives every overlap in full when ups fail at any step, and has two keys at most after a good one", () => {
    fc.assert(
      fc.property(schedules, yearOf(waits), fc.oneof(fails, outages), (schedule, instants, failures) => {
        const stack = new RotatingStack(schedule);
        for (const [index, nowMs] of instants.entries()) {
          const isGood = stack.up(nowMs, failures[index] ?? undefined);
          expect(isGood && stack.keys.size > 2).toBe(false);
        }
        expect(stack.faults).toEqual([]);
      }),
      { numRuns: 1_000 },
    );
  });

  it("keeps what is published, and gives every overlap in full, when ups leave out any records and keys", () => {
    const targeted = fc.array(fc.option(fc.func(fc.boolean()), { nil: undefined }), {
      minLength: 400,
      maxLength: 400,
    });
    fc.assert(
      fc.property(schedules, yearOf(waits), fails, targeted, (schedule, instants, failures, targets) => {
        const stack = new RotatingStack(schedule);
        stack.up(START_MS);
        for (const [index, nowMs] of instants.entries()) {
          stack.up(nowMs, failures[index] ?? undefined, targets[index]);
        }
        expect(stack.faults).toEqual([]);
      }),
      { numRuns: 1_000 },
    );
  });

  it("survives the loss of any one record, and a published key that is removed outside", () => {
    const losses = fc.record({
      record: fc.constantFrom("plan", "even", "odd"),
      key: fc.nat({ max: 400 }),
      at: fc.nat({ max: 100 }),
    });
    fc.assert(
      fc.property(schedules, yearOf(waits), losses, (schedule, instants, lost) => {
        const stack = new RotatingStack(schedule);
        for (const [index, nowMs] of instants.entries()) {
          if (index === lost.at) stack.lose(lost.record);
          if (index === lost.key) stack.removeOutside();
          stack.up(nowMs);
          expect(stack.keys.size).toBeLessThanOrEqual(2);
        }
        expect(stack.faults).toEqual([]);
      }),
      { numRuns: 2_000 },
    );
  });
});

it("rotates again at once after an outage of any length", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 0, max: 2 }), (days, failsAt) => {
      const stack = new RotatingStack({ rotateEveryMs: 30 * DAY_MS, overlapMs: DAY_MS });
      stack.up(START_MS);
      const first = stack.published;
      for (let day = 30; day < 30 + days; day++) stack.up(START_MS + day * DAY_MS, failsAt);
      const healedMs = START_MS + (30 + days) * DAY_MS;
      expect(stack.published).toBe(first);
      expect(stack.up(healedMs)).toBe(true);
      expect(stack.published).not.toBe(first);
      expect([...stack.keys.values()]).toEqual([first, stack.published]);
      stack.up(healedMs + DAY_MS - 1);
      expect([...stack.keys.values()]).toContain(first);
      stack.up(healedMs + DAY_MS);
      expect(stack.keys.size === 1 || !stack.keys.has(0)).toBe(true);
      expect(stack.faults).toEqual([]);
    }),
  );
});

it("rotates by the calendar with daily ups: twelve times a year, two keys for three days each", () => {
  const stack = new RotatingStack({ ...monthly, anchorMs: START_MS });
  const counts: number[] = [];
  for (let day = 0; day < 365; day++) {
    // A scheduler is a little late, every day by another amount.
    stack.up(START_MS + day * DAY_MS + (day % 7) * 60_000);
    counts.push(stack.keys.size);
  }
  expect(stack.made).toBe(13);
  // The third day's run may come a little before the overlap is over.
  const doubled = counts.filter((count) => count === 2).length;
  expect(doubled).toBeGreaterThanOrEqual(36);
  expect(doubled).toBeLessThanOrEqual(48);
  expect(stack.mostKeys).toBe(2);
});

it("rotates in an up at rotatesAt, and in none before it", () => {
  fc.assert(
    fc.property(schedules, yearOf(waits), fc.boolean(), (schedule, instants, isEarly) => {
      const stack = new RotatingStack(schedule);
      for (const nowMs of instants) stack.up(nowMs);
      const { published, rotatesAt: due } = stack;
      stack.up(Date.parse(due) - (isEarly ? 1 : 0));
      expect(stack.published === published).toBe(isEarly);
    }),
    { numRuns: 500 },
  );
});
