import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { generateName } from "../../../../provider/lifecycle/schema/generatedName";
import { countingBytes, NOW_MS, SECRET } from "../../fixture";
import { check } from "../../../support/pureVerbs";

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

  it("passes check for any name of a resource", () => {
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

describe("the name under which a key is created", () => {
  const news = { budget: 1, __resourceName: "web" };
  const checked = (olds: Record<string, unknown>, more: Record<string, unknown> = {}) =>
    check(olds, { ...news, ...more }, context).inputs as { name?: string; __createdAs?: string };

  it("is generated, and a name that is left out is no input", () => {
    expect(checked({})).toMatchObject({ __createdAs: expect.stringMatching(/^web-[a-z2-7]{7}$/) });
    expect(checked({})).not.toHaveProperty("name");
  });

  it("is generated for a chosen name as well", () => {
    expect(checked({}, { name: "mine" })).toMatchObject({
      name: "mine",
      __createdAs: expect.stringMatching(/^web-[a-z2-7]{7}$/),
    });
  });

  it("is generated anew for each attempt, as for a replacement", () => {
    expect(checked({}).__createdAs).not.toBe(checked({}).__createdAs);
  });

  it("stays the same while the key exists", () => {
    expect(checked({ budget: 1, __createdAs: "web-abc2345" })).toMatchObject({ __createdAs: "web-abc2345" });
  });

  it("is not generated for a key that exists, nor for one to adopt", () => {
    expect(checked({ budget: 1 })).not.toHaveProperty("__createdAs");
    expect(checked({}, { adopt: SECRET })).not.toHaveProperty("__createdAs");
  });
});
