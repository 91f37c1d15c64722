import { describe, expect, it } from "vitest";
import { selectStacks, type StackFilter } from "../../../../provider/cli/cleanup/selectStacks";

const DAY_MS = 86_400_000;
const NOW_MS = Date.parse("2026-11-01T00:00:00.000Z");

/** Every stack was updated eight days ago, except those whose name ends with `young`. */
function select(names: readonly string[], filter: StackFilter) {
  const listed = names.map((name) => ({
    name,
    current: false,
    updateInProgress: false,
    lastUpdate: new Date(NOW_MS - (name.endsWith("young") ? 1 : 8) * DAY_MS).toISOString(),
  }));
  const { stacks, ...rest } = selectStacks(listed, filter, { project: "app", nowMs: NOW_MS });
  return { stacks: stacks.map(({ name }) => name), ...rest };
}

const PRODUCTION = ["prod", "Prod", "PRODUCTION", "production-eu", "prod2", "live", "main", "acme/app/prod"];
const OTHERS = ["pr-1", "pro", "mainline", "live-test", "dev-prod", "acme/app/dev"];

describe("stacks whose names look like production", () => {
  it.each(["*", "**", "*/*", "acme/*", "*/app/*", "p*", "prod*", "pro?", "[p]rod", "[ml]*"])(
    "are matched by the wildcards %s only on request, and named otherwise",
    (pattern) => {
      const all = select([...PRODUCTION, ...OTHERS], { stack: [pattern], includeProduction: true });
      expect(all.leftOut).toEqual([]);
      const { stacks, leftOut, unmatched } = select([...PRODUCTION, ...OTHERS], { stack: [pattern] });
      expect(stacks.filter((name) => PRODUCTION.includes(name))).toEqual([]);
      expect(leftOut.filter((name) => OTHERS.includes(name))).toEqual([]);
      expect([...leftOut, ...stacks].toSorted()).toEqual(all.stacks.toSorted());
      expect(unmatched).toEqual([]);
    },
  );

  it("are all of them, however they are spelled, and no others", () => {
    const { stacks, leftOut } = select([...PRODUCTION, ...OTHERS], {});
    expect([leftOut, stacks]).toEqual([PRODUCTION, OTHERS]);
  });

  it("are matched by their names, in any form", () => {
    for (const stack of ["prod", "acme/prod", "acme/app/prod", "*/prod", "*/*/prod"]) {
      const { stacks, leftOut } = select(["acme/app/prod", "acme/app/live"], { stack: [stack] });
      expect([stacks, leftOut], stack).toEqual([["acme/app/prod"], []]);
    }
    const both = select(["prod", "live", "dev"], { stack: ["*", "prod"] });
    expect(both).toMatchObject({ stacks: ["prod", "dev"], leftOut: ["live"] });
  });

  it("are not named as left out if an exception or their age leaves them alone anyway", () => {
    const filter = { except: ["p*"], olderThan: 7 * DAY_MS };
    expect(select(["prod", "live", "prod-young", "dev", "dev-young"], filter)).toEqual({
      stacks: ["dev"],
      leftOut: ["live"],
      youngCount: 1,
      unmatched: [],
      uselessExceptions: [],
    });
  });
});

it("patterns that match no stack are named", () => {
  const { unmatched, uselessExceptions } = select(["dev"], { stack: ["dev", "pr-9"], except: ["prd*"] });
  expect({ unmatched, uselessExceptions }).toEqual({ unmatched: ["pr-9"], uselessExceptions: ["prd*"] });
});
