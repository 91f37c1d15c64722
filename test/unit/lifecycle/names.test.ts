import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { check } from "../../../provider/lifecycle/check";
import { UNKNOWN } from "../../../provider/lifecycle/inputs";
import { generateName } from "../../../provider/lifecycle/names";
import { countingBytes, NOW_MS } from "../fixtures";

const context = { nowMs: NOW_MS, randomBytes: countingBytes() };

describe("a generated name", { timeout: 60_000 }, () => {
  it("is the resource's name and seven characters of base32", () => {
    expect(generateName("web", countingBytes())).toMatch(/^web-[a-z2-7]{7}$/);
  });

  it.each([
    ["a long name", "production-billing-service", /^production-billin-[a-z2-7]{7}$/],
    ["none", undefined, /^key-[a-z2-7]{7}$/],
    ["an empty name", "", /^key-[a-z2-7]{7}$/],
    ["a blank name", " \n ", /^key-[a-z2-7]{7}$/],
    ["only dashes", "----", /^key-[a-z2-7]{7}$/],
    ["emoji", "🔑".repeat(30), /^(?:🔑){17}-[a-z2-7]{7}$/u],
  ])("of %s", (_, resourceName, pattern) => {
    expect(generateName(resourceName, countingBytes())).toMatch(pattern);
  });

  it("fits and passes check, whatever the resource is called", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ maxLength: 60 }), fc.string({ unit: "binary" })), (resourceName) => {
        const name = generateName(resourceName, countingBytes());
        expect([...name].length).toBeLessThanOrEqual(25);
        expect(check({}, { name, budget: 1 }, context).failures).toBeUndefined();
      }),
      { numRuns: 3_000 },
    );
  });

  it("is another one every time", () => {
    const names = new Set(Array.from({ length: 2_000 }, () => generateName("web", randomBytes)));
    expect(names.size).toBe(2_000);
  });
});

describe("a name that is left out", () => {
  const news = { budget: 1, __resourceName: "web" };
  const nameAfter = (olds: Record<string, unknown>) =>
    check(olds, news, context).inputs as { name: string; __nameGenerated?: boolean };

  it("is generated and marked so", () => {
    expect(nameAfter({})).toMatchObject({
      name: expect.stringMatching(/^web-[a-z2-7]{7}$/),
      __nameGenerated: true,
    });
  });

  it("is generated anew for each attempt, as for a replacement", () => {
    expect(nameAfter({}).name).not.toBe(nameAfter({}).name);
  });

  it("is kept from the state, with its mark", () => {
    expect(nameAfter({ name: "web-abc2345", __nameGenerated: true })).toMatchObject({
      name: "web-abc2345",
      __nameGenerated: true,
    });
  });

  it("is kept without the mark when a person once chose it", () => {
    expect(nameAfter({ name: "mine" })).not.toHaveProperty("__nameGenerated");
    expect(nameAfter({ name: "mine" }).name).toBe("mine");
  });

  it.each([UNKNOWN, "", 7, null])("is not kept when the old one is %j", (old) => {
    expect(nameAfter({ name: old }).name).toMatch(/^web-[a-z2-7]{7}$/);
  });

  it("gives way to one that is written", () => {
    const { inputs } = check(
      { name: "web-abc2345", __nameGenerated: true },
      { ...news, name: "new" },
      context,
    );
    expect(inputs).toMatchObject({ name: "new" });
    expect(inputs).not.toHaveProperty("__nameGenerated");
  });
});
