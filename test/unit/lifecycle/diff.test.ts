import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inputFields } from "../../../provider/lifecycle/schema/fields";
import { inputNames, UNKNOWN, type InputName } from "../../../provider/lifecycle/schema/inputs";
import { userError, countingBytes, jsonish, NOW_MS, SECRET, thrown, validInputs } from "../fixture";
import { changedInputs, check, diff } from "../../support/pureVerbs";

const state = {
  name: "web",
  budget: 10,
  budgetWindow: "daily",
  expiresAt: "2030-01-01T00:00:00Z",
  models: ["a", "b"],
  allowedIps: ["10.0.0.0/8", "2001:db8::1"],
  enabled: true,
  key: SECRET,
  fingerprint: "pk-0123456789abcdef",
  usedBudget: 0,
  stateVersion: 1,
};

const OTHER: Record<InputName, unknown> = {
  name: "api",
  budget: 11,
  budgetWindow: "weekly",
  expiresAt: "never",
  expiresIn: "30d",
  renewBefore: "7d",
  renew: "rotate",
  models: ["a"],
  allowedIps: "any",
  enabled: false,
  rotationTrigger: "2026-02",
  adopt: `${SECRET}2`,
  onDestroy: "disable",
  refuseIfUsedWithin: "24h",
  labels: { owner: "team-a" },
};

const NO_CHANGE = { changes: false, replaces: [], deleteBeforeReplace: false };

describe("no difference", { timeout: 60_000 }, () => {
  it("between any inputs and themselves, and their resolved form", () => {
    fc.assert(
      fc.property(validInputs, (inputs) => {
        expect(diff(inputs, inputs)).toEqual(NO_CHANGE);
        const named = { name: "web", ...inputs };
        const resolved = check({}, named, { nowMs: NOW_MS, randomBytes: countingBytes() }).inputs as object;
        expect(diff(resolved as Record<string, unknown>, named)).toEqual(NO_CHANGE);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    ["models", ["b", "a"]],
    ["models", ["b", "a", "b"]],
    ["allowedIps", ["2001:db8::1", "10.0.0.0/8"]],
    ["allowedIps", ["2001:0DB8:0:0::0001/128", "10.0.0.0/8"]],
    ["name", "web "],
    ["expiresAt", "2030-01-01"],
    ["expiresAt", "2030-01-01T01:00:00+01:00"],
    ["expiresAt", Date.UTC(2030, 0, 1) / 1_000],
  ])("in another order or spelling: %s %j", (property, value) => {
    expect(diff(state, { ...state, [property]: value })).toEqual(NO_CHANGE);
  });

  it("between a default and its absence", () => {
    const { budgetWindow, enabled, ...rest } = state;
    expect(changedInputs(state, rest)).toEqual([]);
    expect([budgetWindow, enabled]).toEqual(["daily", true]);
  });

  it.each([
    [{}, undefined],
    [undefined, {}],
    [
      { owner: "team-a", ticket: "" },
      { ticket: "", owner: "team-a" },
    ],
  ])("between the labels %j and %j", (before, after) => {
    expect(diff({ ...state, labels: before }, { ...state, labels: after })).toEqual(NO_CHANGE);
  });

  it("in what only the account moves", () => {
    const used = { ...state, usedBudget: 7, lastUsedAt: "2026-01-02T00:00:00Z", createdAt: "x" };
    expect(diff(used, state)).toEqual(NO_CHANGE);
    expect(diff(state, used)).toEqual(NO_CHANGE);
  });

  it("in properties that are no inputs", () => {
    expect(diff(state, { ...state, __resourceName: "x", __nameGenerated: true, __provider: "y" })).toEqual(
      NO_CHANGE,
    );
  });
});

describe("a difference", () => {
  it.each(inputNames)("in %s alone is found, and only there", (name) => {
    const news = { ...state, [name]: OTHER[name] };
    expect(changedInputs(state, news)).toEqual([name]);
    const replaces = inputFields[name].change === "replace" ? [name] : [];
    expect(diff(state, news)).toEqual({ ...NO_CHANGE, changes: true, replaces });
  });

  it.each(inputNames)("is an unknown %s, which never replaces", (name) => {
    expect(diff(state, { ...state, [name]: UNKNOWN })).toEqual({ ...NO_CHANGE, changes: true });
    expect(changedInputs(state, { ...state, [name]: [UNKNOWN] })).toEqual([name]);
  });

  it("replaces only for inputs that say so", () => {
    const replacing = inputNames.filter((name) => inputFields[name].change === "replace");
    expect(diff(state, { ...state, ...OTHER }).replaces).toEqual(replacing);
  });
});

describe("adopt", () => {
  it.each([undefined, SECRET])("is no difference while it is the key, or left out: %#", (adopt) => {
    expect(diff(state, { ...state, adopt })).toEqual(NO_CHANGE);
    expect(diff({ ...state, adopt: SECRET }, { ...state, adopt })).toEqual(NO_CHANGE);
  });

  it("of the key itself is refused beside what replaces it, without the key in the message", () => {
    const news = { ...state, adopt: SECRET, rotationTrigger: 2 };
    const { why, nextStep } = userError(thrown(() => diff(state, news)));
    expect(why).toBe(
      "A change of rotationTrigger needs a new key, but `adopt` names the key that the resource already has.",
    );
    expect(nextStep).toMatch(/^Leave `adopt` out/);
    expect(diff(state, { ...news, adopt: undefined })).toMatchObject({ replaces: ["rotationTrigger"] });
  });
});

it("a name that the API has normalised or trimmed is no difference", () => {
  const declared = "Caf\u0065\u0301 bot";
  for (const name of [declared.normalize("NFC"), declared.normalize("NFD"), ` ${declared} `]) {
    expect(diff({ ...state, name }, { ...state, name: declared })).toEqual(NO_CHANGE);
  }
  expect(changedInputs({ ...state, name: "Cafe bot" }, { ...state, name: declared })).toEqual(["name"]);
});

it("a state that an unclear answer left unsettled is a difference", () => {
  expect(diff({ ...state, unsettled: true }, state)).toEqual({ ...NO_CHANGE, changes: true });
});

it.each([
  [{ owner: "team-a" }, { owner: "team-b" }],
  [{ owner: "team-a" }, { Owner: "team-a" }],
  [{ owner: "team-a" }, undefined],
  [undefined, { owner: "" }],
])("the labels %j and %j differ, without a new key", (before, after) => {
  const olds = { ...state, labels: before };
  expect(diff(olds, { ...state, labels: after })).toEqual({ ...NO_CHANGE, changes: true });
});

it("a name that is left out of an adopted key is no difference", () => {
  const { name, ...rest } = state;
  expect(name).toBe("web");
  expect(diff(state, rest)).toEqual(NO_CHANGE);
});

describe("rotationTrigger", () => {
  it.each([
    [undefined, 0],
    [0, undefined],
    ["1", 1],
    [{ a: [1] }, { a: [2] }],
    [
      [1, 2],
      [2, 1],
    ],
    [
      ["a", "b", "b"],
      ["a", "b"],
    ],
    [{ a: [{ b: [1, 2] }] }, { a: [{ b: [2, 1] }] }],
    [false, true],
  ])("replaces from %j to %j", (before, after) => {
    const olds = { ...state, rotationTrigger: before };
    expect(diff(olds, { ...olds, rotationTrigger: after }).replaces).toEqual(["rotationTrigger"]);
    expect(diff(olds, structuredClone(olds))).toEqual(NO_CHANGE);
  });

  it("is the same in another order of an object's properties", () => {
    const trigger = { a: 1, b: [{ c: 2, d: 3 }] };
    const reordered = { b: [{ d: 3, c: 2 }], a: 1 };
    expect(diff({ ...state, rotationTrigger: trigger }, { ...state, rotationTrigger: reordered })).toEqual(
      NO_CHANGE,
    );
  });

  it("that is not known yet in any depth replaces nothing", () => {
    const news = { ...state, rotationTrigger: { month: [UNKNOWN] } };
    expect(diff(state, news)).toEqual({ ...NO_CHANGE, changes: true });
  });
});

it(
  "arbitrary states and inputs never throw, and equal ones never differ but for unknowns",
  { timeout: 60_000 },
  () => {
    const properties = fc.dictionary(fc.constantFrom(...inputNames, "key", "__proto__"), jsonish);
    fc.assert(
      fc.property(properties, properties, (olds, news) => {
        const unknown = JSON.stringify(news).includes(UNKNOWN);
        const isSame = unknown || changedInputs(news, structuredClone(news)).length === 0;
        const isConsistent = diff(olds, news).changes === changedInputs(olds, news).length > 0;
        expect(isSame && isConsistent).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  },
);
