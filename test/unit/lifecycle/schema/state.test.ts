import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  inputsSchema,
  parseDeclared,
  resolveInputs,
  UNKNOWN,
} from "../../../../provider/lifecycle/schema/inputs";
import {
  fingerprintOf,
  inputsFromWire,
  keyOf,
  parseStored,
  plainJson,
  secretOutputNames,
  STATE_VERSION,
  stateOf,
} from "../../../../provider/lifecycle/schema/state";
import { userError, SECRET, thrown, wireKey } from "../../fixture";

const inputs = inputsSchema.parse({ name: "web", budget: 10 });
const settings = { baseUrl: "https://api.example/v1" };

describe("fingerprintOf", () => {
  it("is pk- and 16 hexadecimal digits of the SHA-256, for good", () => {
    expect(fingerprintOf("ek-proxy-0123456789abcdef")).toBe("pk-d950b4f1bf713aa2");
    const digest = createHash("sha256").update(SECRET).digest("hex");
    expect(fingerprintOf(SECRET)).toBe(`pk-${digest.slice(0, 16)}`);
  });
});

describe("stateOf", () => {
  it("is plain JSON with every input, every output and the version", () => {
    const state = stateOf(SECRET, inputs, wireKey({ last_used: 1_767_225_601, used_ammount: 2.5 }), settings);
    expect(state).toEqual({
      ...inputs,
      key: SECRET,
      fingerprint: fingerprintOf(SECRET),
      createdAt: "2026-01-01T00:00:00Z",
      lastUsedAt: "2026-01-01T00:00:01Z",
      usedBudget: 2.5,
      server: "https://api.example",
      stateVersion: 1,
    });
    expect(STATE_VERSION).toBe(1);
    expect(JSON.parse(JSON.stringify(state))).toStrictEqual(state);
  });

  it("leaves out fields that the account does not show, and unused ones", () => {
    const wire = { ...wireKey({ created_at: undefined }), user_id: "user-1", enabled_thinking: true };
    const state = stateOf(SECRET, inputs, wire, settings);
    expect(Object.values(state)).not.toContain(undefined);
    const names = ["createdAt", "lastUsedAt", "user_id", "enabled_thinking", "refuseIfUsedWithin"];
    expect(names.filter((name) => Object.hasOwn(state, name))).toEqual([]);
    expect(JSON.stringify(state)).not.toContain("user-1");
  });
});

describe("inputsFromWire", () => {
  it("takes from the account what it shows", () => {
    const wire = wireKey({
      name: "other",
      allocated_ammount: 3,
      expires_at: 1_900_000_000,
      is_active: false,
      model_whitelist: ["b", "a"],
      ip_whitelist: ["10.0.0.1/32"],
    });
    expect(inputsFromWire(wire, inputs)).toMatchObject({
      name: "other",
      budget: 3,
      expiresAt: "2030-03-17T17:46:40Z",
      enabled: false,
      models: ["a", "b"],
      allowedIps: ["10.0.0.1"],
    });
  });

  it("keeps what the account never shows, or the default of what was never known", () => {
    const known = parseStored({ budgetWindow: "monthly", onDestroy: "disable", refuseIfUsedWithin: "7d" });
    expect(inputsFromWire(wireKey(), known)).toMatchObject(known);
    expect(inputsFromWire(wireKey(), parseStored({ budgetWindow: "hourly" }))).toMatchObject({
      budgetWindow: "daily",
      onDestroy: "remove",
    });
  });
});

describe("parseStored", () => {
  it("leaves missing fields out, and never fills in a default", () => {
    expect(parseStored({})).toEqual({});
    expect(parseStored({ name: null, models: undefined, stateVersion: 1, __provider: "code" })).toEqual({});
  });

  it("reads what any version has written", () => {
    const state = stateOf(SECRET, inputs, wireKey(), settings);
    const internal = {
      unsettled: true,
      __account: "a",
      __createdAs: "b",
      __movedExpiry: { from: "never", to: "2030-01-01T00:00:00Z" },
    };
    const { stateVersion, ...fields } = { ...state, ...internal };
    expect(stateVersion).toBe(1);
    expect(parseStored({ ...state, ...internal })).toEqual(fields);
  });

  it("keeps malformed inputs, which the API may have sent, and drops other malformed fields", () => {
    const name = "x".repeat(40);
    const malformed = { key: 7, usedBudget: "1", unsettled: "yes", server: 1, __movedExpiry: {} };
    expect(parseStored({ name, budget: 0, ...malformed })).toEqual({ name, budget: 0 });
  });
});

describe("parseDeclared", () => {
  it("names the inputs that are not known yet, and leaves them out", () => {
    const declared = parseDeclared({ budget: 1, models: ["a", UNKNOWN], __createdAs: "web-1" });
    expect(declared).toEqual({ budget: 1, __createdAs: "web-1", unknown: new Set(["models"]) });
    expect(() => resolveInputs(declared, "web")).toThrow("models must be known");
  });
});

describe("keyOf", () => {
  it("gives the key that the id is the fingerprint of", () => {
    expect(keyOf(fingerprintOf(SECRET), { key: SECRET })).toBe(SECRET);
  });

  it.each([undefined, null, "", 7, "ek-proxy-", "ek-master0123456789", "ek-proxy-with space", "ek-dev-1"])(
    "refuses the key %j",
    (key) => {
      const error = userError(thrown(() => keyOf(fingerprintOf(String(key)), parseStored({ key }))));
      expect(error.why).toMatch(/holds no proxy key/);
      expect(error.nextStep).toMatch(/pulumi stack import/);
    },
  );

  it("refuses a key that is too long for the API", () => {
    const key = `ek-proxy-${"x".repeat(248)}`;
    expect(userError(thrown(() => keyOf(fingerprintOf(key), { key }))).why).toMatch(/holds no proxy key/);
  });

  it.each(["", "pk-0123456789abcdef", SECRET])("refuses the id %j of another key", (id) => {
    const error = userError(thrown(() => keyOf(id, { key: SECRET })));
    expect(error.message).toMatch(/state is damaged.*Nothing was sent/);
    expect(error.message).not.toContain(SECRET);
  });
});

it("marks the key as the only secret output", () => {
  expect(secretOutputNames).toEqual(["key"]);
});

it("plainJson drops what the host cannot carry", () => {
  expect(plainJson({ a: undefined, b: [1], c: { d: undefined } })).toStrictEqual({ b: [1], c: {} });
});
