import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inputNames, UNKNOWN } from "../../../provider/lifecycle/schema/inputs";
import { countingBytes, jsonish, NOW_MS, SECRET, validInputs } from "../fixture";
import { check } from "../../support/pureVerbs";

const context = () => ({ nowMs: NOW_MS, randomBytes: countingBytes() });
const run = (news: Record<string, unknown>, olds: Record<string, unknown> = {}) =>
  check(olds, news, context());

describe("defaults", () => {
  it("fills in everything but the budget", () => {
    expect(run({ name: "web", budget: 10 })).toEqual({
      inputs: {
        __createdAs: expect.stringMatching(/^key-.{7}$/),
        name: "web",
        budget: 10,
        budgetWindow: "daily",
        expiresAt: "never",
        models: "all",
        allowedIps: "any",
        enabled: true,
        onDestroy: "remove",
      },
    });
  });

  it("takes null and undefined for left out", () => {
    const empty = Object.fromEntries(inputNames.map((name, index) => [name, index % 2 ? null : undefined]));
    expect(run({ ...empty, name: "web", budget: 10 })).toEqual(run({ name: "web", budget: 10 }));
  });

  it("drops what is only for check itself", () => {
    const internal = {
      __resourceName: "web",
      __stack: "organization/shop/dev",
      __urn: "urn",
    };
    const { inputs } = run({ budget: 1, name: "web", ...internal }, { budget: 1 });
    expect(inputs).toEqual(run({ budget: 1, name: "web" }, { budget: 1 }).inputs);
  });
});

describe("in a preview", () => {
  const account = "account";
  const preview = { budget: 1, __resourceName: "web", __preview: true };

  it("neither the generated name nor the account is known, with an API key or without", () => {
    for (const known of [{ account }, {}]) {
      const { inputs } = check({}, preview, { ...context(), ...known });
      expect(inputs).toEqual({
        ...run({ budget: 1 }).inputs,
        __createdAs: UNKNOWN,
        __account: UNKNOWN,
      });
    }
  });

  it("both are known once the key exists", () => {
    const olds = { budget: 1, __createdAs: "web-abcdefg", __account: account };
    expect(run(preview, olds)).toEqual(run({ budget: 1 }, olds));
    expect(run(preview, olds).inputs).toMatchObject({ __createdAs: "web-abcdefg", __account: account });
  });

  it("an adoption has no generated name", () => {
    const { inputs } = run({ ...preview, adopt: SECRET, __urn: "urn" });
    expect(inputs).toMatchObject({ __account: UNKNOWN });
    expect(inputs).not.toHaveProperty("__createdAs");
  });
});

describe("a name that is left out", () => {
  it("stays an input where a refresh has made it one", () => {
    const olds = { budget: 1, name: "web-abcdefg" };
    expect(run({ budget: 1, __resourceName: "web" }, olds).inputs).toMatchObject(olds);
  });

  it.each([{}, { adopt: SECRET }, { budget: 1 }])("is no input, with the olds %j", (olds) => {
    const { inputs, failures } = run({ budget: 1, __resourceName: "web" }, olds);
    expect(failures).toBeUndefined();
    expect(inputs).not.toHaveProperty("name");
  });
});

describe("normalisation", () => {
  it.each([
    ["expiresAt", 1_900_000_000, "2030-03-17T17:46:40Z"],
    ["expiresAt", "2030-03-17", "2030-03-17T00:00:00Z"],
    ["expiresAt", "2030-03-17T19:46:40.5+02:00", "2030-03-17T17:46:40Z"],
    ["models", ["b", "a", "b"], ["a", "b"]],
    ["allowedIps", ["2001:DB8:0::1", "10.0.0.7/32", "10.0.0.7"], ["10.0.0.7", "2001:db8::1"]],
  ])("%s %j becomes %j", (property, written, resolved) => {
    const { inputs, failures } = run({ name: "web", budget: 1, [property]: written });
    expect(failures).toBeUndefined();
    expect(inputs).toMatchObject({ [property]: resolved });
  });

  it.each(["models", "allowedIps"])("keeps no malformed list of the state for %s", (name) => {
    const list = ["10.0.0.1"];
    for (const malformed of [[list], [[list]], [["10.0.0.1", "10.0.0.1"]]]) {
      expect(run({ name: "web", budget: 10, [name]: list }, { [name]: malformed }).inputs).toMatchObject({
        [name]: list,
      });
    }
  });

  it("keeps the boundaries of the budget", () => {
    expect(run({ name: "web", budget: 1_000_000 }).failures).toBeUndefined();
    expect(run({ name: "web", budget: 0.000_001 }).failures).toBeUndefined();
  });
});

describe("values that are not known yet", () => {
  it.each(inputNames)("lets an unknown %s pass as it is", (name) => {
    const result = run({ name: "web", budget: 1, [name]: UNKNOWN });
    expect(result.failures).toBeUndefined();
    expect(result.inputs).toMatchObject({ [name]: UNKNOWN });
  });

  it.each(["models", "allowedIps"])("lets an unknown element of %s pass as it is", (name) => {
    const list = ["certainly no address", UNKNOWN];
    const result = run({ name: "web", budget: 1, [name]: list });
    expect(result.failures).toBeUndefined();
    expect(result.inputs).toMatchObject({ [name]: list });
  });

  it("lets one that is nested deeper pass", () => {
    const nested = { a: [{ b: UNKNOWN }] };
    expect(run({ name: "web", budget: nested })).toMatchObject({ inputs: { budget: nested } });
  });

  it("still refuses what is known beside it", () => {
    expect(run({ name: UNKNOWN, budget: 0 }).failures).toMatchObject([{ property: "budget" }]);
  });
});

/** What a failure is about: a secret's is named in words only, since the engine would print the value of a property. */
function nameIn(property: string, reason: string, written: readonly string[]): string[] {
  if (property !== "") return reason.startsWith(property) ? [property] : [];
  return [...written, ...inputNames].filter((name) => reason.startsWith(`${name} `));
}

describe("any input", { timeout: 60_000 }, () => {
  it("never makes check throw, and every failure names a property that was written or is required", () => {
    const news = fc
      .tuple(
        fc.dictionary(fc.string(), jsonish, { maxKeys: 2 }),
        fc.record(Object.fromEntries(inputNames.map((name) => [name, jsonish])), { requiredKeys: [] }),
      )
      .map(([unknown, known]): Record<string, unknown> => Object.assign(unknown, known));
    const olds = fc.dictionary(fc.constantFrom(...inputNames), jsonish);
    fc.assert(
      fc.property(news, olds, (news, olds) => {
        const failures = check(olds, news, context()).failures ?? [];
        const odd = failures.find(
          ({ property, reason }) =>
            !nameIn(property, reason, Object.keys(news)).some(
              (name) => Object.hasOwn(news, name) || name === "budget",
            ),
        );
        expect(odd).toBeUndefined();
      }),
      { numRuns: 2_000 },
    );
  });

  it("that is accepted is a fixed point", () => {
    fc.assert(
      fc.property(validInputs, fc.option(validInputs, { nil: {} }), (news, olds) => {
        const once = check(olds, news, context());
        expect(once.failures).toBeUndefined();
        // The mark of a generated name is given once, by the check that generates it.
        const { __nameGenerated, ...inputs } = once.inputs as Record<string, unknown>;
        const again = check(olds, inputs, context());
        expect(again).toEqual({ inputs });
      }),
      { numRuns: 2_000 },
    );
  });

  it("that check resolved is accepted at any later time", () => {
    fc.assert(
      fc.property(validInputs, (news) => {
        const { inputs } = check({}, { name: "web", ...news }, context());
        const later = { ...context(), nowMs: Date.UTC(2400, 0, 1) };
        expect(check(inputs as object as Record<string, unknown>, inputs as never, later)).toEqual({
          inputs,
        });
      }),
      { numRuns: 500 },
    );
  });
});
