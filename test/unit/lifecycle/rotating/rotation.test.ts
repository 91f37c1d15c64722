import { describe, expect, it } from "vitest";
import { rotatesAt, rotationAt } from "../../../../provider/lifecycle/rotating/rotation";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

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
