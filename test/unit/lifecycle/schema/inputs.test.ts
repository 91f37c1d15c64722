import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keyObjectSchema } from "../../../../provider/api/wire";
import {
  containsUnknown,
  inputsSchema,
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

  it("comes back from the wire as it went, but for what the API never tells", () => {
    fc.assert(
      fc.property(validInputs, (written) => {
        const inputs = resolve(written);
        const wire = JSON.parse(
          JSON.stringify({ ...wireKey(), ...toWireSettings(inputs), is_active: inputs.enabled }),
        ) as object;
        const { budgetWindow, onDestroy, refuseIfUsedWithin } = inputs;
        const known = { budgetWindow, onDestroy, refuseIfUsedWithin };
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
