import { describe, expect, it } from "vitest";
import {
  check,
  create,
  diff,
  read,
  rotatesAt,
  rotationAt,
  update,
} from "../../../../provider/lifecycle/rotating/rotation";
import { UNKNOWN } from "../../../../provider/lifecycle/schema/inputs";
import { NOTHING_PUBLISHED } from "../../../../provider/lifecycle/rotating/publication";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const START_MS = Date.UTC(2026, 0, 1, 6);

const monthly = { rotateEveryMs: 30 * DAY_MS, overlapMs: 3 * DAY_MS };
const monthlyAt0 = { ...monthly, nowMs: 0 };

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
