import { describe, expect, it } from "vitest";
import { rotationAt } from "../../../../provider/lifecycle/rotating/rotation";
import {
  check,
  create,
  diff,
  read,
  update,
  type Declared,
} from "../../../../provider/lifecycle/rotating/record";
import { UNKNOWN } from "../../../../provider/lifecycle/schema/inputs";

const DAY_MS = 86_400_000;
const START_MS = Date.UTC(2026, 0, 1, 6);
const START = "2026-01-01T06:00:00Z";
const PLAN_HINT = "A plan saved before that no longer fits: run `pulumi preview --save-plan` again.";

const scheduleAt = (days: number) => ({
  rotateEveryMs: 30 * DAY_MS,
  overlapMs: 3 * DAY_MS,
  nowMs: START_MS + days * DAY_MS,
});
const first = { generation: 0, startedAt: START, rotatedAt: START };

type Held = Parameters<typeof check>[0];

describe("the plan", () => {
  const planned = (olds: Held, days: number, declared: Declared = {}) =>
    check(olds, { of: "bot", schedule: scheduleAt(days), ...declared });

  it("is decided in check, and differs only when a rotation is due", () => {
    expect(planned({}, 0)).toEqual({ inputs: rotationAt(scheduleAt(0)) });
    const { id, outs } = create(planned({}, 0).inputs);
    expect(outs).toEqual(first);
    expect(read(id, outs)).toEqual({ id, props: first, inputs: first });
    expect(planned(outs, 29)).toEqual({ inputs: first });
    expect(diff(id, outs, planned(outs, 29).inputs)).toEqual({ changes: false });

    const { inputs, note } = planned(outs, 31);
    expect(inputs).toEqual({ generation: 1, startedAt: START, rotatedAt: "2026-02-01T06:00:00Z" });
    expect(note).toBe(`RotatingProxyKey "bot": a rotation is due since 2026-01-31T06:00:00Z. ${PLAN_HINT}`);
    expect(diff(id, outs, inputs)).toEqual({ changes: true });
    expect(update(id, outs, inputs).outs).toEqual(inputs);
  });

  it("leaves the instants open in a preview that has to set them, never the generation", () => {
    const inPreview = { __preview: true };
    expect(planned({}, 0, inPreview).inputs).toEqual({
      generation: 0,
      startedAt: UNKNOWN,
      rotatedAt: UNKNOWN,
    });
    expect(planned(first, 29, inPreview)).toEqual({ inputs: first });
    expect(planned(first, 31, inPreview)).toEqual({
      inputs: { generation: 1, startedAt: START, rotatedAt: UNKNOWN },
      note: 'RotatingProxyKey "bot": a rotation is due since 2026-01-31T06:00:00Z.',
    });
    expect(diff("rotation", first, planned(first, 31, inPreview).inputs)).toEqual({ changes: true });
  });
});

describe("a publication", () => {
  const other = { number: 0, order: 1 };
  const confirmed = (olds: Held, hours: number, declared: Declared = {}, fingerprint = "pk-1") => {
    const time = { nowMs: START_MS + (hours * DAY_MS) / 24, overlapMs: DAY_MS };
    return check(olds, { of: "bot", confirmation: { ...time, number: 1, fingerprint, other }, ...declared });
  };
  const published = {
    number: 1,
    order: 2,
    previousNumber: 0,
    isOver: false,
    validUntil: "2026-01-02T06:00:00Z",
  };

  it("is made once, ends with the overlap, and stays so", () => {
    const { id, outs } = create(confirmed({}, 0).inputs);
    expect(outs).toEqual(published);
    expect(diff(id, outs, confirmed(outs, 23.9).inputs)).toEqual({ changes: false });
    // Another key in its place, which a preview cannot know.
    expect(confirmed(outs, 1, {}, "pk-other")).toEqual({ inputs: published });
    expect(confirmed(outs, 1, { __preview: true }, UNKNOWN)).toEqual({ inputs: published });

    const over = confirmed(outs, 24);
    expect(over.inputs).toEqual({ ...published, isOver: true });
    expect(over.note).toBe(
      `RotatingProxyKey "bot": the overlap of bot-0 ended at 2026-01-02T06:00:00Z, so it is removed. ${PLAN_HINT}`,
    );
    expect(diff(id, outs, over.inputs)).toEqual({ changes: true });
    // For good, also for a clock that goes back.
    expect(confirmed(over.inputs, -10)).toEqual({ inputs: over.inputs });
    expect(update(id, outs, over.inputs).outs).toEqual(over.inputs);
  });

  it("leaves the end of the overlap open in a preview that has to set it, never which keys there are", () => {
    const inPreview = { __preview: true };
    expect(confirmed({}, 0, inPreview, UNKNOWN).inputs).toEqual({ ...published, validUntil: UNKNOWN });
    const noneBefore = {
      confirmation: {
        nowMs: 0,
        overlapMs: 1,
        number: 0,
        fingerprint: UNKNOWN,
        other: { number: -1, order: 0 },
      },
    };
    expect(check({}, { ...noneBefore, ...inPreview }).inputs).toEqual({
      number: 0,
      order: 1,
      previousNumber: -1,
      isOver: false,
    });
    // What the other record holds is known, or a placeholder already.
    const time = { nowMs: START_MS, overlapMs: DAY_MS };
    for (const validUntil of [published.validUntil, UNKNOWN]) {
      const atLeast = { ...published, validUntil };
      expect(check({}, { time, atLeast, ...inPreview }).inputs).toEqual(atLeast);
    }
    const shortened = { time: { ...time, overlapMs: DAY_MS / 2 }, ...inPreview };
    expect(check(published, shortened).inputs).toEqual({ ...published, validUntil: UNKNOWN });
    expect(confirmed(published, 24, inPreview).note).not.toContain(PLAN_HINT);
  });

  it("that a clock far ahead has made too long is shortened", () => {
    const far = { ...published, validUntil: "2099-01-01T00:00:00Z" };
    expect(check(far, { time: { nowMs: START_MS, overlapMs: DAY_MS } }).inputs).toEqual(published);
  });
});

describe("a record", () => {
  it("keeps what it holds when all its inputs are ignored", () => {
    for (const held of [first, { number: 1, order: 2, previousNumber: -1, isOver: false }]) {
      expect(check(held, held as Declared)).toEqual({ inputs: held });
      expect(diff("rotation", held, held)).toEqual({ changes: false });
    }
  });

  it("of an earlier state is read, and written in today's form", () => {
    const plan = { rotation: first };
    const { inputs } = check(plan, { schedule: scheduleAt(1) });
    expect(inputs).toEqual(first);
    expect(diff("rotation", plan, inputs)).toEqual({ changes: true });

    const time = { nowMs: START_MS, overlapMs: DAY_MS };
    const previous = { number: 0, validUntil: "2026-01-02T06:00:00Z" };
    const publication = { number: 1, order: 2, previousNumber: 0, validUntil: previous.validUntil };
    const of = (old: object) => check({ published: { number: 1, order: 2, ...old } }, { time }).inputs;
    expect(of({ previous })).toEqual({ ...publication, isOver: false });
    expect(of({ previous: { ...previous, isOver: true } })).toEqual({ ...publication, isOver: true });
    expect(of({})).toEqual({ number: 1, order: 2, previousNumber: -1, isOver: false });
  });
});
