import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { instantOf, readInstant, unixSOf } from "../../../../provider/lifecycle/schema/instants";

describe("readInstant", { timeout: 60_000 }, () => {
  it.each([
    ["never", "never"],
    [0, "1970-01-01T00:00:00Z"],
    [1_900_000_000, "2030-03-17T17:46:40Z"],
    [253_402_300_799, "9999-12-31T23:59:59Z"],
    ["2028-02-29", "2028-02-29T00:00:00Z"],
    ["2030-01-31T12:00:00Z", "2030-01-31T12:00:00Z"],
    ["2030-01-31T12:00:00.999Z", "2030-01-31T12:00:00Z"],
    ["2030-01-31T12:00:00+02:00", "2030-01-31T10:00:00Z"],
  ])("reads %j", (written, instant) => {
    expect(readInstant(written)).toBe(instant);
  });

  it.each([
    "Never",
    "",
    "soon",
    "1900000000",
    "2030-02-30",
    "2027-02-29",
    "2030-01-31T12:00:00",
    "2030-01-31 12:00:00Z",
    "2030-01-31T25:00:00Z",
    "1969-12-31T23:59:59Z",
    -1,
    1.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    253_402_300_800,
    1_900_000_000_000,
  ])("refuses %j", (written) => {
    expect(readInstant(written)).toBeUndefined();
  });

  it("reads its own answers, and what Date writes, to the second", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253_402_300_799 }), fc.nat(999), (unixS, ms) => {
        const instant = readInstant(unixS);
        expect(instant).toBe(instantOf(unixS));
        expect(readInstant(instant as string)).toBe(instant);
        expect(readInstant(new Date(unixS * 1_000 + ms).toISOString())).toBe(instant);
        expect(unixSOf(instant as string)).toBe(unixS);
      }),
      { numRuns: 2_000 },
    );
  });

  it("never throws", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.double(), fc.maxSafeInteger()), (value) => {
        const instant = readInstant(value);
        expect(instant === undefined || typeof instant === "string").toBe(true);
      }),
      { numRuns: 3_000 },
    );
  });
});

describe("instantOf", () => {
  it("cuts fractions and refuses what is beyond the years 1970 to 9999", () => {
    expect(instantOf(1.9)).toBe("1970-01-01T00:00:01Z");
    expect([-1, Number.NaN, 253_402_300_800].map(instantOf)).toEqual([undefined, undefined, undefined]);
  });
});
