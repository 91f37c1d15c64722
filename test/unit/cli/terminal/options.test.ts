import { InvalidArgumentError } from "commander";
import { describe, expect, it } from "vitest";
import {
  collected,
  durationMs,
  nonEmpty,
  port,
  positiveCount,
  stackMatcher,
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
    expect(collected("b", collected("a"))).toEqual(["a", "b"]);
    expect(() => collected("")).toThrow(InvalidArgumentError);
    expect(nonEmpty("a")).toBe("a");
    expect(() => nonEmpty("")).toThrow(InvalidArgumentError);
  });
});

describe("a pattern of stacks", () => {
  it("fits the names that it describes, and no others", () => {
    const fits = stackMatcher(["pr-*", "dev"]);
    const names = ["pr-1", "pr-", "dev", "dev-2", "prod", "my-pr-1", "PR-1", "pr-1.old"];
    expect(names.filter(fits)).toEqual(["pr-1", "pr-", "dev", "pr-1.old"]);
    expect(stackMatcher(["{dev,test}-?"])("test-1")).toBe(true);
    expect(stackMatcher(["*"])(".hidden")).toBe(true);
    expect(stackMatcher([])("dev")).toBe(false);
  });

  it("fits by as many parts of a qualified name as it has, from the end", () => {
    expect(stackMatcher(["*"])("org/app/dev")).toBe(true);
    expect(stackMatcher(["dev"])("org/app/dev")).toBe(true);
    expect(stackMatcher(["app/dev"])("org/app/dev")).toBe(true);
    expect(stackMatcher(["org/app/*"])("org/app/dev")).toBe(true);
    expect(stackMatcher(["org/app/*"])("dev")).toBe(false);
    expect(stackMatcher(["app"])("org/app/dev")).toBe(false);
    expect(stackMatcher(["org/dev"])("org/app/dev")).toBe(false);
  });

  it("with slashes fits a stack that is listed without its project by that", () => {
    const names = ["dev", "organization/shop/dev"];
    expect(names.filter(stackMatcher(["app/*"], "app"))).toEqual(["dev"]);
    expect(names.filter(stackMatcher(["organization/*/dev"], "app"))).toEqual(names);
    expect(names.filter(stackMatcher(["!app/dev"], "app"))).toEqual(["organization/shop/dev"]);
  });

  it("that says what is left out leaves it out, whether or not the name is qualified", () => {
    for (const pattern of ["!prod", "!(prod)"]) {
      const fits = stackMatcher([pattern]);
      expect(["prod", "org/app/prod", "dev", "org/app/dev"].filter(fits), pattern).toEqual([
        "dev",
        "org/app/dev",
      ]);
    }
  });
});
