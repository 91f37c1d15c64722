import { InvalidArgumentError } from "commander";
import { describe, expect, it } from "vitest";
import {
  durationMs,
  nonEmpty,
  port,
  positiveCount,
  stackPatterns,
} from "../../../../provider/cli/terminal/options";

describe("an option's value", () => {
  it("is a duration with its unit", () => {
    expect(["90s", "15m", "24h", "7d", "0s", "1.5h"].map(durationMs)).toEqual([
      90_000, 900_000, 86_400_000, 604_800_000, 0, 5_400_000,
    ]);
    for (const text of ["", "7", "d", "-7d", "7 days", "7w", "1e9999d", "∞"]) {
      expect(() => durationMs(text), text).toThrow(InvalidArgumentError);
    }
  });

  it("is a port, or a count", () => {
    expect(["0", "8787", "65535"].map(port)).toEqual([0, 8_787, 65_535]);
    for (const text of ["", "-1", "65536", "80.5", "0x50", "999999"])
      expect(() => port(text), text).toThrow();
    expect(["1", "9999"].map(positiveCount)).toEqual([1, 9_999]);
    for (const text of ["", "0", "01", "-1", "1.5", "10000"])
      expect(() => positiveCount(text), text).toThrow();
  });

  it("may be given several times, and is never empty", () => {
    expect(stackPatterns("b-*", stackPatterns("a"))).toEqual(["a", "b-*"]);
    expect(nonEmpty("a")).toBe("a");
    for (const text of ["", " ", "\t\n", "\u00A0\u200B\uFEFF"]) {
      expect(() => nonEmpty(text), JSON.stringify(text)).toThrow(InvalidArgumentError);
    }
  });
});
