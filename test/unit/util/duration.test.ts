import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatDuration, parseDurationMs } from "../../../provider/util/duration";

describe("parseDurationMs", { timeout: 60_000 }, () => {
  it.each([
    ["90s", 90_000],
    ["15m", 900_000],
    ["24h", 86_400_000],
    ["7d", 604_800_000],
    ["1.5h", 5_400_000],
    ["0s", 0],
    [" 10 m ", 600_000],
  ])("reads %j as %d ms", (text, ms) => {
    expect(parseDurationMs(text)).toBe(ms);
  });

  it.each(["", "10", "s", "-1s", "1e3s", "1w", "1h30m", "10 minutes", "1,5h", "9999999999999d", "NaNs"])(
    "rejects %j",
    (text) => {
      expect(parseDurationMs(text)).toBeUndefined();
    },
  );

  it("never throws, and returns a safe integer or undefined", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^\d{1,20}(?:\.\d{1,5})?[smhd]$/)), (text) => {
        const ms = parseDurationMs(text);
        expect(ms === undefined || (Number.isSafeInteger(ms) && ms >= 0)).toBe(true);
      }),
      { numRuns: 3_000 },
    );
  });
});

it.each([
  [0, "0 s"],
  [1, "1 s"],
  [45_000, "45 s"],
  [119_000, "119 s"],
  [120_000, "2 min"],
  [180_500, "4 min"],
  [7_200_000, "2 h"],
  [7_500_000, "2 h 5 min"],
  [172_740_000, "47 h 59 min"],
  [172_800_000, "2 d"],
  [216_000_000, "3 d"],
  [3_456_000_000, "40 d"],
])("formatDuration(%d) is %s", (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});
