import { describe, expect, expectTypeOf, it } from "vitest";
import type { z } from "zod";
import { inputFields, outputFields } from "../../../../provider/lifecycle/schema/fields";
import type { WireName } from "../../../../provider/lifecycle/schema/field";
import { inputNames, type WireNameOfRow } from "../../../../provider/lifecycle/schema/inputs";

const field = (name: (typeof inputNames)[number]) =>
  inputFields[name] as {
    schema: z.ZodType;
    change: string;
    wire?: string;
    toWire?: (value: unknown) => unknown;
    fromWire?: (value: unknown) => unknown;
  };

describe("the table of inputs", () => {
  it.each(inputNames)("%s: a value from the wire is one that its schema accepts", (name) => {
    const samples: Record<string, unknown> = {
      name: "web",
      allocated_ammount: 3,
      expires_at: -1,
      model_whitelist: ["a"],
      ip_whitelist: ["2001:DB8::1"],
      is_active: false,
    };
    const { fromWire, wire = "", schema } = field(name);
    const resolved = fromWire?.(samples[wire]);
    expect(resolved === undefined || schema.safeParse(resolved).data).toEqual(resolved ?? true);
  });

  it.each(inputNames)("%s: what changes on the wire has a place there, and the rest is not sent", (name) => {
    const { change, wire, toWire } = field(name);
    const isSent = change === "update" || change === "toggle";
    expect([wire !== undefined, toWire !== undefined]).toEqual([isSent, isSent]);
  });

  it("has every setting of the wire", () => {
    expectTypeOf<WireNameOfRow>().toEqualTypeOf<WireName>();
  });

  it("has each wire field once", () => {
    const wires = inputNames.map((name) => field(name).wire).filter((wire) => wire !== undefined);
    expect(new Set(wires).size).toBe(wires.length);
  });

  it("reads empty lists of the wire as everything, and a negative expiry as never", () => {
    expect(inputFields.models.fromWire?.([])).toBe("all");
    expect(inputFields.allowedIps.fromWire?.([])).toBe("any");
    expect(inputFields.expiresAt.fromWire?.(-1)).toBe("never");
    expect(inputFields.expiresAt.fromWire?.(1_900_000_000)).toBe("2030-03-17T17:46:40Z");
  });

  it("sorts what the wire has in another order and spelling", () => {
    expect(inputFields.models.fromWire?.(["b", "a", "b"])).toEqual(["a", "b"]);
    expect(inputFields.allowedIps.fromWire?.(["2001:DB8::1/128", "10.0.0.1"])).toEqual([
      "10.0.0.1",
      "2001:db8::1",
    ]);
  });
});

describe("the table of outputs", () => {
  it("has one secret, the key, and marks what moves by itself", () => {
    const names = Object.keys(outputFields) as (keyof typeof outputFields)[];
    expect(names.filter((name) => "secret" in outputFields[name])).toEqual(["key"]);
    expect(names.filter((name) => "usage" in outputFields[name])).toEqual(["lastUsedAt", "usedBudget"]);
  });
});
