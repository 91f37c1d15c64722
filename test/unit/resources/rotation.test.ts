import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  check,
  create,
  diff,
  read,
  rotatesAt,
  rotationAt,
  update,
  type Rotation,
  type Schedule,
} from "../../../provider/lifecycle/rotation";
import { RotatingStack } from "./rotatingStack";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const START_MS = Date.UTC(2026, 0, 1, 6);

const monthly = { rotateEveryMs: 30 * DAY_MS, overlapMs: 3 * DAY_MS };
const monthlyAt0 = { ...monthly, nowMs: 0 };

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
  it("never has the published key removed, never has a third key, and gives every overlap in full", () => {
    fc.assert(
      fc.property(schedules, yearOf(waits), (schedule, instants) => {
        const stack = new RotatingStack(schedule);
        let predecessor: number | undefined;
        let overlapEndMs = 0;
        for (const nowMs of instants) {
          const { published } = stack;
          stack.up(nowMs);
          if (stack.published !== published) {
            predecessor = published;
            overlapEndMs = nowMs + schedule.overlapMs;
          }
          const expected = nowMs < overlapEndMs ? [predecessor, stack.published] : [stack.published];
          expect([...stack.keys]).toEqual(expected.filter((key) => key !== undefined));
        }
        expect(stack.mostKeys).toBeLessThanOrEqual(2);
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
        expect(stack.mostKeys).toBeLessThanOrEqual(2);
        expect(stack.faults).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it("keeps the published key when ups fail at any step, and is back at two keys at most after a good one", () => {
    const fails = fc.array(fc.option(fc.integer({ min: 0, max: 4 })), { minLength: 400, maxLength: 400 });
    fc.assert(
      fc.property(schedules, yearOf(waits), fails, (schedule, instants, failures) => {
        const stack = new RotatingStack(schedule);
        const keysAfterGoodUps = instants.map((nowMs, index) =>
          stack.up(nowMs, failures[index] ?? undefined) ? stack.keys.size : 0,
        );
        expect(Math.max(...keysAfterGoodUps)).toBeLessThanOrEqual(2);
        expect(stack.faults).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });
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
    fc.property(schedules, yearOf(waits), (schedule, instants) => {
      let rotation: Rotation | undefined;
      for (const nowMs of instants) rotation = rotationAt({ ...schedule, nowMs }, rotation);
      if (rotation === undefined) return;
      const dueMs = Date.parse(rotatesAt({ ...schedule, nowMs: 0 }, rotation));
      const at = (nowMs: number) =>
        rotationAt({ ...schedule, nowMs }, rotation).generation - (rotation?.generation ?? 0);
      expect(at(dueMs)).toBe(1);
      expect(at(dueMs - 1)).toBe(0);
    }),
    { numRuns: 500 },
  );
});

describe("a rotation", () => {
  const at = (iso: string) => ({ ...monthly, nowMs: Date.parse(iso) });
  const first = rotationAt(at("2026-01-01T06:00:00Z"));
  const second = rotationAt(at("2026-01-31T06:00:00.500Z"), first);

  it("starts with one key, and a full period unless an anchor says otherwise", () => {
    expect(first).toEqual({
      generation: 0,
      startedAt: "2026-01-01T06:00:00Z",
      rotatedAt: "2026-01-01T06:00:00Z",
    });
    expect(rotatesAt(monthlyAt0, first)).toBe("2026-01-31T06:00:00Z");
    const anchorMs = Date.parse("2027-01-11T00:00:00Z");
    expect(rotatesAt({ ...monthlyAt0, anchorMs }, first)).toBe("2026-01-16T00:00:00Z");
  });

  it("counts its overlap from the up that published the new key", () => {
    expect(second).toEqual({
      generation: 1,
      startedAt: "2026-01-01T06:00:00Z",
      rotatedAt: "2026-01-31T06:00:00.500Z",
      previousValidUntil: "2026-02-03T06:00:00.500Z",
    });
    expect(rotationAt(at("2026-02-03T06:00:00.499Z"), second)).toEqual(second);
    const { previousValidUntil: _over, ...rest } = second;
    expect(rotationAt(at("2026-02-03T06:00:00.500Z"), second)).toEqual(rest);
  });

  it("happens once for any number of missed periods", () => {
    expect(rotationAt(at("2027-06-01T00:00:00Z"), second).generation).toBe(2);
  });

  it("that is due waits for the end of the overlap", () => {
    const late = rotationAt(at("2026-03-30T00:00:00Z"), first);
    expect(late.generation).toBe(1);
    expect(rotationAt(at("2026-04-01T23:59:59Z"), late)).toEqual(late);
    expect(rotatesAt(monthlyAt0, late)).toBe("2026-04-02T00:00:00Z");
    expect(rotationAt(at("2026-04-02T00:00:00Z"), late).generation).toBe(2);
  });

  it("follows a changed schedule at once", () => {
    const daily = { ...at("2026-01-02T06:00:00Z"), rotateEveryMs: DAY_MS, overlapMs: HOUR_MS };
    expect(rotationAt(daily, first).generation).toBe(1);
  });

  it("is not held up for ever by one run with a clock far ahead", () => {
    const ahead = rotationAt(at("2099-01-01T00:00:00Z"), first);
    const healed = rotationAt(at("2026-01-02T06:00:00Z"), ahead);
    expect(healed).toMatchObject({
      generation: 1,
      rotatedAt: "2026-01-02T06:00:00Z",
      previousValidUntil: "2026-01-05T06:00:00Z",
    });
    expect(rotationAt(at("2026-01-31T06:00:00Z"), healed).generation).toBe(2);
  });
});

it("as the engine asks for it: decided in check, different only when something is", () => {
  const schedule = { ...monthly, nowMs: START_MS };
  const { inputs } = check({}, { schedule, rotation: rotationAt(schedule) });
  expect(inputs).toEqual({ rotation: rotationAt(schedule) });
  const { id, outs } = create(inputs);
  expect(read(id, outs)).toEqual({ id, props: inputs, inputs });

  const later = (days: number) =>
    check(outs, {
      schedule: { ...schedule, nowMs: START_MS + days * DAY_MS },
      rotation: rotationAt(schedule),
    }).inputs;
  expect(diff(id, outs, later(1))).toEqual({ changes: false });
  expect(diff(id, outs, later(30))).toEqual({ changes: true });
  expect(update(id, outs, later(30)).outs.rotation?.generation).toBe(1);
});
