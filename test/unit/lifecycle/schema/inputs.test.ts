import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keyObjectSchema, type KeySettings } from "../../../../provider/api/wire";
import {
  containsUnknown,
  fieldOf,
  inputNames,
  inputsSchema,
  showsSettings,
  toWireSettings,
  UNKNOWN,
} from "../../../../provider/lifecycle/schema/inputs";
import { inputsFromWire } from "../../../../provider/lifecycle/schema/state";
import { validInputs, wireKey } from "../../fixture";

const resolve = (written: object) => inputsSchema.parse({ name: "web", budget: 1, ...written });

describe("toWireSettings", { timeout: 60_000 }, () => {
  it("sends every field, empty lists and the window included", () => {
    expect(toWireSettings(resolve({}))).toEqual({
      name: "web",
      allocated_ammount: 1,
      limit_type: "daily",
      expires_at: -1,
      model_whitelist: [],
      ip_whitelist: [],
    });
  });

  it("maps each input to the vendor's field", () => {
    const inputs = resolve({
      budget: 2.5,
      budgetWindow: "monthly",
      expiresAt: "2030-03-17T17:46:40Z",
      models: ["b", "a"],
      allowedIps: ["10.0.0.0/8"],
      enabled: false,
      onDestroy: "disable",
      refuseIfUsedWithin: "24h",
      labels: { owner: "team-a" },
    });
    expect(toWireSettings(inputs)).toEqual({
      name: "web",
      allocated_ammount: 2.5,
      limit_type: "monthly",
      expires_at: 1_900_000_000,
      model_whitelist: ["a", "b"],
      ip_whitelist: ["10.0.0.0/8"],
    });
  });

  it("comes back from the wire unchanged, except for inputs that the API never shows", () => {
    fc.assert(
      fc.property(validInputs, (written) => {
        const inputs = resolve(written);
        const wire = JSON.parse(
          JSON.stringify({ ...wireKey(), ...toWireSettings(inputs), is_active: inputs.enabled }),
        ) as object;
        const { budgetWindow, onDestroy, refuseIfUsedWithin, labels } = inputs;
        const known = { budgetWindow, onDestroy, refuseIfUsedWithin, labels };
        expect(inputsFromWire(keyObjectSchema.parse(wire), known)).toEqual(inputs);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("containsUnknown", () => {
  it.each([UNKNOWN, [UNKNOWN], { a: UNKNOWN }, { a: [{ b: [1, UNKNOWN] }] }])("finds it in %j", (value) => {
    expect(containsUnknown(value)).toBe(true);
  });

  it.each([undefined, null, "", `${UNKNOWN}x`, 1, [], {}, { [UNKNOWN]: 1 }])("not in %j", (value) => {
    expect(containsUnknown(value)).toBe(false);
  });

  it("ends with a value that contains itself", () => {
    const loop: { self?: unknown } = {};
    loop.self = loop;
    expect(containsUnknown(loop)).toBe(false);
  });
});

describe("showsSettings", () => {
  const settings: KeySettings = {
    name: "Café",
    expires_at: 1_900_000_000,
    allocated_ammount: 0.3,
    model_whitelist: ["a", "b"],
    ip_whitelist: [],
    limit_type: "daily",
  };
  const shown = (changes: object = {}) =>
    keyObjectSchema.parse({ ...wireKey(), ...settings, limit_type: undefined, ...changes });
  const before = { budgetWindow: "daily" } as const;

  it.each([
    {},
    { model_whitelist: ["b", "a"] },
    { ip_whitelist: null },
    { name: " Cafe\u0301\n" },
    { expires_at: 1_900_000_000_000 },
    { allocated_ammount: 0.1 + 0.2 },
  ])("of a key with %j: yes", (changes) => {
    expect(showsSettings(shown(changes), settings, before)).toBe(true);
  });

  it.each([
    { model_whitelist: [] },
    { model_whitelist: ["a"] },
    { model_whitelist: ["a", "a"] },
    { model_whitelist: ["a", "b", "c"] },
    { ip_whitelist: ["10.0.0.1"] },
    { name: "café" },
    { expires_at: -1 },
    { allocated_ammount: 0.4 },
    { model_whitelist: undefined },
    { ip_whitelist: undefined },
    { expires_at: undefined },
  ])("of a key with %j: no", (changes) => {
    expect(showsSettings(shown(changes), settings, before)).toBe(false);
  });

  it.each([undefined, {}, { budgetWindow: "weekly" as const }])(
    "of a key that is known to have had %j: no, since no response shows the window",
    (earlier) => {
      expect(showsSettings(shown(), settings, earlier)).toBe(false);
    },
  );

  it.each(inputNames.filter((name) => fieldOf(name).change === "update"))("compares %s", (name) => {
    const changes = {
      name: "other",
      budget: 2,
      budgetWindow: "monthly",
      expiresAt: "2031-01-01T00:00:00Z",
      models: ["other"],
      allowedIps: ["10.9.9.9"],
    }[name as string];
    const inputs = resolve({});
    const changed = resolve({ [name]: changes });
    const key = keyObjectSchema.parse({ ...wireKey(), ...toWireSettings(inputs) });
    expect(showsSettings(key, toWireSettings(inputs), inputs)).toBe(true);
    expect(showsSettings(key, toWireSettings(changed), inputs)).toBe(false);
  });
});
