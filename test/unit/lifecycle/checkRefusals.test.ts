import { describe, expect, it } from "vitest";
import { inputNames, UNKNOWN } from "../../../provider/lifecycle/schema/inputs";
import { countingBytes, NOW_MS, SECRET } from "../fixture";
import { check } from "../../support/pureVerbs";

const context = { nowMs: NOW_MS, randomBytes: countingBytes() };

function failuresOf(news: Record<string, unknown>, olds: Record<string, unknown> = {}) {
  return check(olds, { name: "web", budget: 1, ...news }, context).failures ?? [];
}

const EXPIRY_FORMS = /"never", an ISO 8601 instant such as .*, or Unix seconds \(not milliseconds\)/;
const BLOCK_FORMS = /\[1\]; write for example 203\.0\.113\.7, 10\.0\.0\.0\/8 or 2001:db8::\/32/;

function manyLabels(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`label-${index}`, ""]));
}

describe("labels", () => {
  it.each<Record<string, string>>([
    { owner: "team-a", purpose: "nightly evaluation, 2nd run", ticket: "OPS-17" },
    { "example.com/cost_center": "", "0": "🔑".repeat(256), ["x".repeat(63)]: "x" },
    { constructor: "any name", toString: "of the right form" },
    manyLabels(50),
  ])("are taken as they are: %#", (labels) => {
    expect(check({}, { budget: 1, labels }, context).inputs["labels"]).toEqual(labels);
  });

  it("are left out if there are none", () => {
    expect(check({}, { budget: 1, labels: {} }, context).inputs).not.toHaveProperty("labels");
  });

  it("with a value that is not known yet pass", () => {
    const labels = { owner: UNKNOWN, "a b": "c" };
    expect(check({}, { budget: 1, labels }, context).inputs["labels"]).toEqual(labels);
  });

  it.each([
    { owner: SECRET },
    { owner: `see ${SECRET}` },
    { [SECRET]: "team-a" },
    { owner: "ek-Zk83hQ0vLrT6mXw1NbPc57Jy" },
    { owner: "ek-dev-Zk83hQ0vLrT6mXw1" },
    { owner: "https://user:password@example.com" },
  ])("that hold a secret are refused without it: %#", (labels) => {
    const failures = failuresOf({ labels });
    // The engine prints the value of a property that a failure names.
    expect(failures).toMatchObject([{ property: "", reason: expect.stringMatching(/must hold no key/) }]);
    expect(JSON.stringify(failures)).not.toMatch(/Zk83|password@/);
  });
});

describe("a refusal names its property and what would be right", () => {
  it.each([
    ["name", "x".repeat(26), /at most 25 characters; this one has 26/],
    ["name", "🔑".repeat(26), /at most 25 characters; this one has 26/],
    ["name", "", /must not be blank/],
    ["name", " \t", /must not be blank/],
    ["name", " web", /must not begin or end with white space/],
    ["name", "web\u00a0", /must not begin or end with white space/],
    ["name", "we\nb", /must have no control character/],
    ["name", "we\u0000b", /must have no control character/],
    ["name", "we\u200bb", /no invisible formatting character/],
    ["name", "we\u202eb", /no invisible formatting character/],
    ["name", "we\u2028b", /no invisible formatting character/],
    ["name", "web\ud83d", /no half of a surrogate pair/],
    ["name", 7, /must be a text/],
    ["name", ["web"], /must be a text/],
    ["budget", undefined, /is required/],
    ["budget", null, /is required/],
    ["budget", 0, /more than 0 credits/],
    ["budget", -1, /more than 0 credits/],
    ["budget", Number.NaN, /a number of credits, more than 0/],
    ["budget", Number.POSITIVE_INFINITY, /a number of credits, more than 0/],
    ["budget", "10", /a number of credits, more than 0/],
    ["budgetWindow", "hourly", /`daily`, `weekly` or `monthly`/],
    ["budgetWindow", 1, /`daily`, `weekly` or `monthly`/],
    ["expiresAt", "2025-12-31T23:59:59Z", /must be in the future; 2025-12-31T23:59:59Z has passed/],
    ["expiresAt", NOW_MS / 1_000, /must be in the future; 2026-01-01T00:00:00Z has passed/],
    ["expiresAt", "tomorrow", EXPIRY_FORMS],
    ["expiresAt", "2030-02-30", EXPIRY_FORMS],
    ["expiresAt", "2030-01-31T12:00:00", EXPIRY_FORMS],
    ["expiresAt", "", EXPIRY_FORMS],
    ["expiresAt", 1_900_000_000_000, EXPIRY_FORMS],
    ["expiresAt", -1, EXPIRY_FORMS],
    ["expiresAt", 1_900_000_000.5, EXPIRY_FORMS],
    ["expiresAt", true, EXPIRY_FORMS],
    ["models", [], /must not be an empty list, which the API reads as every model; write "all"/],
    ["models", ["a", " "], /blank model id/],
    ["models", "gpt-4o", /"all" or a list of model ids/],
    ["models", ["a", 1], /"all" or a list of model ids/],
    ["allowedIps", [], /must not be an empty list, which the API reads as any address; write "any"/],
    ["allowedIps", "10.0.0.1", /"any" or a list of IP addresses and CIDR blocks/],
    ["allowedIps", ["10.0.0.1", "10.0.0.0/33"], BLOCK_FORMS],
    ["allowedIps", ["10.0.0.1", "::1/129"], BLOCK_FORMS],
    ["allowedIps", ["10.0.0.1", "10.0.0"], BLOCK_FORMS],
    ["allowedIps", ["10.0.0.1", "010.0.0.1"], BLOCK_FORMS],
    ["allowedIps", ["10.0.0.1", " 10.0.0.2"], BLOCK_FORMS],
    ["allowedIps", ["10.0.0.1", "fe80::1%eth0"], BLOCK_FORMS],
    ["allowedIps", ["10.0.0.1", "example.com"], BLOCK_FORMS],
    ["enabled", "false", /must be true or false/],
    ["enabled", 0, /must be true or false/],
    ["onDestroy", "keep", /must be `remove` or `disable`/],
    ["refuseIfUsedWithin", "a day", /must be a duration such as 30m, 24h or 7d/],
    ["refuseIfUsedWithin", "0s", /must be a duration such as 30m, 24h or 7d/],
    ["refuseIfUsedWithin", 3_600, /must be a duration such as 30m, 24h or 7d/],
    ["labels", "owner=team-a", /must be a record of texts, such as \{ owner: "team-a" \}$/],
    ["labels", ["team-a"], /must be a record of texts/],
    [
      "labels",
      { owner: 7, ticket: null },
      /^labels must be a record of texts, such as \{ owner: "team-a" \}$/,
    ],
    ["labels", { "": "team-a" }, /has the name ""; names have 1 to 63 letters, digits/],
    ["labels", { ["x".repeat(64)]: "" }, /names have 1 to 63 letters/],
    ["labels", { "-owner": "team-a" }, /has the name "-owner"; .* start with a letter or a digit/],
    ["labels", { "the owner": "team-a" }, /has the name "the owner"/],
    ["labels", { ówner: "team-a" }, /names have 1 to 63 letters/],
    ["labels", { owner: "x".repeat(257) }, /at most 256 characters as the value of "owner"; there are 257/],
    ["labels", { owner: "team\na" }, /no control character.*the value of "owner"/],
    ["labels", { owner: "team\u202ea" }, /no invisible formatting character/],
    ["labels", { owner: "team\ud83d" }, /no half of a surrogate pair/],
    ["labels", manyLabels(51), /must have at most 50 labels; there are 51/],
  ])("%s: %j", (property, value, reason) => {
    const failures = failuresOf({ [property]: value, ...(property === "name" ? {} : { name: "web" }) });
    expect(failures).toHaveLength(1);
    expect(failures[0]).toMatchObject({ property, reason: expect.stringMatching(reason) });
    expect(failures[0]?.reason.startsWith(`${property} `)).toBe(true);
  });

  it("lists the inputs for a property that is none", () => {
    expect(failuresOf({ budgett: 3 })).toEqual([
      {
        property: "budgett",
        reason: `budgett is not an input of ProxyKey (did you mean budget?); its inputs are ${inputNames.join(", ")}`,
      },
    ]);
  });

  it("reports all failures at once", () => {
    const failures = failuresOf({ name: "", budget: 0, models: [], allowedIps: ["x"], oops: 1 });
    expect(failures.map(({ property }) => property)).toEqual([
      "oops",
      "name",
      "budget",
      "models",
      "allowedIps",
    ]);
  });

  it("hands the inputs back as they came", () => {
    const news = { name: "web", budget: -1, models: ["b", "a"] };
    expect(check({}, news, context).inputs).toBe(news);
  });
});

describe("an expiry that has passed", () => {
  const passed = "2025-06-01T00:00:00Z";

  it("is accepted while it is unchanged, in any spelling", () => {
    const olds = { expiresAt: passed };
    expect(failuresOf({ expiresAt: passed }, olds)).toEqual([]);
    expect(failuresOf({ expiresAt: "2025-06-01" }, olds)).toEqual([]);
    expect(failuresOf({ expiresAt: Date.parse(passed) / 1_000 }, olds)).toEqual([]);
  });

  it("is refused when it is another one than before", () => {
    expect(failuresOf({ expiresAt: "2025-06-02" }, { expiresAt: passed })).toHaveLength(1);
  });
});

describe("secrets", () => {
  it.each([...inputNames, "unheardOf"].filter((name) => name !== "rotationTrigger"))(
    "a key pasted into %s is never repeated",
    (name) => {
      const failures = [SECRET, [SECRET], { key: SECRET }].flatMap((value) => failuresOf({ [name]: value }));
      expect(JSON.stringify(failures)).not.toContain(SECRET.slice(9, 17));
      expect(failures.length).toBeGreaterThan(0);
    },
  );

  it.each(["ek-proxy-abcd...1234", "ek-dev-Zk83hQ0vLrT6mXw1", "Zk83hQ0vLrT6mXw1NbPc57Jy", "", 7, [SECRET]])(
    "adopt is refused in words only, and its value never handed out: %#",
    (adopt) => {
      expect(failuresOf({ adopt })).toEqual([
        { property: "", reason: "adopt must be a whole proxy key (ek-proxy-…)" },
      ]);
    },
  );

  it("rotationTrigger takes anything", () => {
    for (const rotationTrigger of [0, false, "x", [1], { a: {} }]) {
      expect(failuresOf({ rotationTrigger })).toEqual([]);
    }
  });
});
