import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { containsUnknown, inputNames, UNKNOWN } from "../../provider/lifecycle/schema/inputs";
import { check, diff } from "../support/pureVerbs";

type Properties = Record<string, unknown>;

const RUNS = 20_000;
const NOW_MS = Date.UTC(2026, 0, 1);
const NO_CHANGE = { changes: false, replaces: [], deleteBeforeReplace: false };
const CONTEXT = { nowMs: NOW_MS, randomBytes: (count: number) => new Uint8Array(count).fill(9) };

const blocks = fc.oneof(
  fc.ipV4(),
  fc.ipV4Extended(),
  fc.ipV6(),
  fc.tuple(fc.ipV4(), fc.integer({ min: -1, max: 40 })).map(([host, length]) => `${host}/${length}`),
  fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 130 })).map(([host, length]) => `${host}/${length}`),
  fc.constantFrom(
    "::ffff:1.2.3.4",
    "fe80::1%eth0",
    "FE80::0001",
    "10.0.0.0/08",
    "::/0",
    "::1/128",
    "1.2.3.4/32",
    "",
    "/",
  ),
  fc.string({ maxLength: 8 }),
);

/** Valid, nearly valid and invalid values of each input. */
const VALUES: Record<string, fc.Arbitrary<unknown>> = {
  name: fc.oneof(fc.string({ maxLength: 25 }), fc.string({ unit: "grapheme", maxLength: 30 })),
  budget: fc.oneof(fc.double(), fc.integer(), fc.double({ min: 0.001, max: 10_000, noNaN: true })),
  budgetWindow: fc.constantFrom("daily", "weekly", "monthly", "Daily", "yearly"),
  expiresAt: fc.oneof(
    fc.constantFrom(
      "never",
      "Never",
      "2030-01-31",
      "2030-02-31",
      "2030-01-31T12:00:00Z",
      "2030-01-31T12:00:00.5+02:00",
    ),
    fc.date().map((date) => (Number.isNaN(date.getTime()) ? "Invalid Date" : date.toISOString())),
    fc.integer({ min: -2, max: 4_000_000_000 }),
    fc.double(),
  ),
  models: fc.oneof(fc.constantFrom("all", "any"), fc.array(fc.string({ maxLength: 12 }), { maxLength: 5 })),
  allowedIps: fc.oneof(fc.constantFrom("any", "all"), fc.array(blocks, { maxLength: 5 })),
  enabled: fc.boolean(),
  onDestroy: fc.constantFrom("remove", "disable", "keep"),
  refuseIfUsedWithin: fc.constantFrom("24h", "0s", "-1h", "7d", "1.5h", "h", "1e9d", "99999999999999d"),
};

const rubbish: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>(
    undefined,
    null,
    "",
    " ",
    UNKNOWN,
    [UNKNOWN],
    { a: [UNKNOWN] },
    Number.NaN,
    -0,
    1e308,
  ),
  fc.constantFrom<unknown>(JSON.parse('{"__proto__":{"a":1}}'), { length: 3 }, { toString: 1 }, [[["a"]]]),
);

function valueOf(name: string): fc.Arbitrary<unknown> {
  const fitting = VALUES[name];
  return fitting === undefined
    ? rubbish
    : fc.oneof({ weight: 8, arbitrary: fitting }, { weight: 1, arbitrary: rubbish });
}

const NAMES = [...inputNames, "__resourceName", "__nameGenerated"];

const properties: fc.Arbitrary<Properties> = fc
  .record(Object.fromEntries(NAMES.map((name) => [name, valueOf(name)])), { requiredKeys: [] })
  .chain((known) =>
    fc.oneof(
      { weight: 9, arbitrary: fc.constant(known) },
      {
        weight: 1,
        arbitrary: fc
          .dictionary(
            fc.oneof(fc.string({ maxLength: 6 }), fc.constantFrom("constructor", "toString")),
            rubbish,
            {
              maxKeys: 2,
            },
          )
          .map((more): Properties => Object.assign({}, known, more)),
      },
    ),
  );

/** Inputs that check often accepts. */
const acceptable: fc.Arbitrary<Properties> = fc.record(
  {
    name: fc.stringMatching(/^[a-zäß✓]{1,20}$/),
    budget: fc.double({ min: 0.001, max: 10_000, noNaN: true }),
    budgetWindow: fc.constantFrom("daily", "weekly", "monthly"),
    expiresAt: fc.oneof(
      fc.constantFrom("never", "2030-01-31"),
      fc.integer({ min: 1_800_000_000, max: 4_000_000_000 }),
    ),
    models: fc.array(fc.constantFrom("a", "b", "c/d", "é", "Z"), { minLength: 1, maxLength: 6 }),
    allowedIps: fc.array(
      fc.oneof(fc.ipV4(), fc.ipV6(), fc.constantFrom("::ffff:1.2.3.4", "::/0", "10.0.0.0/8")),
      {
        minLength: 1,
        maxLength: 5,
      },
    ),
    enabled: fc.boolean(),
    onDestroy: fc.constantFrom("remove", "disable"),
  },
  { requiredKeys: ["budget"] },
);

const anyInputs = fc.oneof({ weight: 3, arbitrary: properties }, { weight: 2, arbitrary: acceptable });

/** The inputs that the engine keeps: internal ones are only for one check. */
function lasting(inputs: Properties): Properties {
  return Object.fromEntries(Object.entries(inputs).filter(([name]) => !name.startsWith("__")));
}

describe(`${RUNS.toLocaleString("en")} random inputs`, () => {
  it("make check and diff never throw; checking them again changes nothing, and they do not differ from themselves", () => {
    let accepted = 0;
    fc.assert(
      fc.property(properties, anyInputs, (olds, news) => {
        const { inputs, failures = [] } = check(olds, news, CONTEXT);
        diff(olds, news);
        for (const { property, reason } of failures) {
          if (!reason.startsWith(property))
            throw new Error(`The reason does not name the property: ${reason}`);
        }
        if (failures.length > 0) return;
        accepted += 1;
        const checked = lasting(inputs);
        // An omitted name is kept, even one that no program may set.
        if ((news["name"] ?? undefined) === undefined && !isAcceptableName(olds["name"])) return;
        // expiresIn sets expiresAt: a program with both is invalid.
        const { expiresAt: _expiresAt, ...without } = checked;
        const again = check(olds, checked["expiresIn"] === undefined ? checked : without, CONTEXT);
        requireEqual(again.failures, undefined);
        requireEqual(lasting(again.inputs), checked);
        if (containsUnknown(checked)) return;
        requireEqual(diff(checked, structuredClone(checked)), NO_CHANGE);
        if ((news["name"] ?? undefined) !== undefined) requireEqual(diff(checked, lasting(news)), NO_CHANGE);
      }),
      { numRuns: RUNS },
    );
    console.info(`random inputs: ${RUNS} checked and compared, ${accepted} of them accepted`);
    expect(accepted).toBeGreaterThan(RUNS / 5);
  }, 300_000);

  it("do not differ if only the order of their lists does", () => {
    let compared = 0;
    fc.assert(
      fc.property(acceptable, fc.nat(), (news, turn) => {
        const { inputs } = check({}, news, CONTEXT);
        compared += 1;
        const turned = Object.fromEntries(
          Object.entries(inputs).map(([name, value]) => [
            name,
            Array.isArray(value) ? rotated(value, turn) : value,
          ]),
        );
        requireEqual(diff(inputs, turned), NO_CHANGE);
        requireEqual(check(inputs, turned, CONTEXT).inputs, inputs);
      }),
      { numRuns: 3_000 },
    );
    expect(compared).toBeGreaterThanOrEqual(3_000);
  });
});

/** Compares as `expect` does, but much faster. */
function requireEqual(actual: unknown, expected: unknown): void {
  if (isDeepStrictEqual(actual, expected)) return;
  throw new Error(`${JSON.stringify(actual)} is not ${JSON.stringify(expected)}`);
}

function isAcceptableName(name: unknown): boolean {
  return check({}, { name, budget: 1 }, CONTEXT).failures === undefined;
}

function rotated(values: readonly unknown[], turn: number): unknown[] {
  const at = turn % Math.max(1, values.length);
  return [...values.slice(at), ...values.slice(0, at)].toReversed();
}
