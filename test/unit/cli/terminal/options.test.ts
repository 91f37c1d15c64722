import { InvalidArgumentError } from "commander";
import { describe, expect, it } from "vitest";
import {
  durationMs,
  labels,
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

  it("is a label, and together they are all that a key must have", () => {
    const first = labels("owner=team-a");
    expect(first).toEqual({ owner: "team-a" });
    expect(labels("note=a=b, c", first)).toEqual({ owner: "team-a", note: "a=b, c" });
    expect(labels("owner=team-a", first)).toEqual(first);
    expect(labels("ticket=", first)).toEqual({ owner: "team-a", ticket: "" });
    expect(labels("constructor=x", first)).toEqual({ owner: "team-a", constructor: "x" });
  });

  it.each([
    ["owner", /^--label takes name=value, such as owner=team-a\. Add --help/],
    ["=team-a", /^--label has the name "".* names have 1 to 63/],
    ["the owner=team-a", /names have 1 to 63/],
    ["owner=team\na", /no control character/],
    ["owner=team-b", /^--label names "owner" twice, and a key has one value of it\./],
    ["owner=ek-proxy-Zk83hQ0vLrT6mXw1", /^--label must hold no key/],
    ["ek-proxy-Zk83hQ0vLrT6mXw1=x", /^--label must hold no key/],
    ["ek-proxy-Zk83hQ0vLrT6mXw1", /^--label takes name=value/],
  ])("is not the label %j, which is refused without a key in it", (text, why) => {
    const refused = () => labels(text, { owner: "team-a" });
    expect(refused).toThrow(why);
    expect(refused).not.toThrow(/Zk83/);
  });

  it("may be given several times, and is never empty", () => {
    expect(stackPatterns("b-*", stackPatterns("a"))).toEqual(["a", "b-*"]);
    expect(nonEmpty("a")).toBe("a");
    for (const text of ["", " ", "\t\n", "\u00A0\u200B\uFEFF"]) {
      expect(() => nonEmpty(text), JSON.stringify(text)).toThrow(InvalidArgumentError);
    }
  });
});
