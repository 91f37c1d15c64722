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
  type Schedule,
} from "../../../provider/lifecycle/rotation";
import { UNKNOWN } from "../../../provider/lifecycle/schema/inputs";
import { NOTHING_PUBLISHED } from "../../../provider/lifecycle/publication";
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

describe("a plan", () => {
  const at = (iso: string) => ({ ...monthly, nowMs: Date.parse(iso) });
  const first = rotationAt(at("2026-01-01T06:00:00Z"));
  const second = rotationAt(at("2026-01-31T06:00:00.500Z"), first);

  it("starts with a full period unless an anchor says otherwise", () => {
    expect(first).toEqual({
      generation: 0,
      startedAt: "2026-01-01T06:00:00Z",
      rotatedAt: "2026-01-01T06:00:00Z",
    });
    expect(rotatesAt(monthlyAt0, first, false)).toBe("2026-01-31T06:00:00Z");
    const anchorMs = Date.parse("2027-01-11T00:00:00Z");
    expect(rotatesAt({ ...monthlyAt0, anchorMs }, first, false)).toBe("2026-01-16T00:00:00Z");
  });

  it("rotates once for any number of missed periods", () => {
    expect(second.generation).toBe(1);
    expect(rotationAt(at("2027-06-01T00:00:00Z"), second).generation).toBe(2);
  });

  it("that is due waits for the end of the overlap", () => {
    const late = rotationAt(at("2026-03-30T00:00:00Z"), first);
    expect(late.generation).toBe(1);
    expect(rotationAt(at("2026-04-01T23:59:59Z"), late)).toEqual(late);
    expect(rotatesAt(monthlyAt0, late, false)).toBe("2026-04-02T00:00:00Z");
    expect(rotationAt(at("2026-04-02T00:00:00Z"), late).generation).toBe(2);
  });

  it("follows a changed schedule at once", () => {
    const daily = { ...at("2026-01-02T06:00:00Z"), rotateEveryMs: DAY_MS, overlapMs: HOUR_MS };
    expect(rotationAt(daily, first).generation).toBe(1);
  });

  it("is not held up for ever by one run with a clock far ahead", () => {
    const ahead = rotationAt(at("2099-01-01T00:00:00Z"), first);
    const healed = rotationAt(at("2026-01-02T06:00:00Z"), ahead);
    expect(healed).toMatchObject({ generation: 1, rotatedAt: "2026-01-02T06:00:00Z" });
    expect(rotationAt(at("2026-01-31T06:00:00Z"), healed).generation).toBe(2);
  });
});

describe("as the engine asks for it, decided in check, different only when something is", () => {
  it("the plan", () => {
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

  it("a publication, also where a preview does not know the key yet", () => {
    const time = { nowMs: START_MS, overlapMs: DAY_MS };
    const confirmed = (
      olds: Parameters<typeof check>[0],
      number: number,
      fingerprint: string,
      nowMs = START_MS,
    ) =>
      check(olds, {
        confirmation: {
          ...time,
          nowMs,
          number,
          fingerprint,
          other: { number: 0, order: 1, fingerprint: "pk-0" },
        },
        published: NOTHING_PUBLISHED,
      }).inputs;
    const { id, outs } = create(confirmed({}, 1, "pk-1"));
    expect(outs).toEqual({
      published: {
        number: 1,
        order: 2,
        fingerprint: "pk-1",
        previous: { number: 0, validUntil: "2026-01-02T06:00:00Z" },
      },
    });
    expect(confirmed({}, 1, UNKNOWN).published?.previous).toEqual(outs.published?.previous);
    expect(diff(id, outs, confirmed(outs, 1, "pk-1", START_MS + DAY_MS - 1))).toEqual({ changes: false });
    expect(diff(id, outs, confirmed(outs, 1, UNKNOWN))).toEqual({ changes: false });
    expect(diff(id, outs, confirmed(outs, 1, "pk-other"))).toEqual({ changes: true });

    const over = confirmed(outs, 1, "pk-1", START_MS + DAY_MS);
    expect(diff(id, outs, over)).toEqual({ changes: true });
    expect(over.published?.previous?.isOver).toBe(true);
    // For good, also for a clock that goes back.
    expect(diff(id, over, check(over, { time }).inputs)).toEqual({ changes: false });
    expect(update(id, outs, over).outs).toEqual(over);
  });

  it("a publication that a clock far ahead has promised too much", () => {
    const previous = { number: 0, validUntil: "2099-01-01T00:00:00Z" };
    const { published } = check(
      { published: { number: 1, order: 2, fingerprint: "pk-1", previous } },
      { time: { nowMs: START_MS, overlapMs: DAY_MS } },
    ).inputs;
    expect(published?.previous).toEqual({ number: 0, validUntil: "2026-01-02T06:00:00Z" });
  });
});
