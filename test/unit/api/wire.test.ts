import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createdKeySchema, keyObjectSchema } from "../../../provider/api/wire";
import { instantOf } from "../../../provider/lifecycle/schema/instants";
import { SECRET } from "../fixture";

const whole = {
  name: "web",
  key: SECRET,
  expires_at: -1,
  allocated_ammount: 10,
  used_ammount: 0,
  is_active: true,
  model_whitelist: ["a"],
  ip_whitelist: [],
  created_at: 1_767_225_600,
  last_used: null,
};

describe("a key object", () => {
  it("is read with null lists, null times, left-out fields and unknown ones", () => {
    const sparse = {
      name: "web",
      allocated_ammount: 10,
      is_active: false,
      model_whitelist: null,
      last_used: null,
      surprise: { a: 1 },
    };
    expect(keyObjectSchema.parse(sparse)).toMatchObject({
      model_whitelist: [],
      last_used: null,
    });
  });

  const OPTIONAL = [
    "expires_at",
    "allocated_ammount",
    "used_ammount",
    "is_active",
    "model_whitelist",
    "ip_whitelist",
    "created_at",
    "last_used",
  ];

  it.each(OPTIONAL)("that leaves out %s does not say it", (field) => {
    const { [field]: _, ...rest } = whole as Record<string, unknown>;
    expect(keyObjectSchema.parse(rest)[field]).toBeUndefined();
  });

  it.each(OPTIONAL)("that writes %s in another form does not say it", (field) => {
    for (const odd of ["1.5", "2026-01-01T00:00:00Z", {}, [1], field === "is_active" ? 1 : true]) {
      expect(keyObjectSchema.parse({ ...whole, [field]: odd })).toEqual({ ...whole, [field]: undefined });
      expect(createdKeySchema.parse({ ...whole, [field]: odd })[field]).toBeUndefined();
    }
  });

  it.each(["expires_at", "allocated_ammount", "used_ammount", "is_active", "created_at"])(
    "in which %s is null does not say it",
    (field) => {
      expect(keyObjectSchema.parse({ ...whole, [field]: null })[field]).toBeUndefined();
    },
  );

  it.each([undefined, null, 7])("must have a name, not %j", (name) => {
    expect(keyObjectSchema.safeParse({ ...whole, name }).success).toBe(false);
  });

  it.each([undefined, "", "ek-master", 7, `ek-proxy-${"x".repeat(248)}`])(
    "that was just created must have a key, not %j",
    (key) => {
      expect(createdKeySchema.safeParse({ ...whole, key }).success).toBe(false);
    },
  );
});

describe("instants on the wire", () => {
  const read = (fields: object) => keyObjectSchema.parse({ ...whole, ...fields });

  it.each<[unknown, number | undefined]>([
    [1_767_225_600, 1_767_225_600],
    [1_767_225_600.9, 1_767_225_600],
    [1_767_225_600_123, 1_767_225_600],
    [253_402_300_799, 253_402_300_799],
    [0, 0],
    [-1, undefined],
    [-1e20, undefined],
    [1e20, undefined],
    [1_767_225_600_123_456, undefined],
    [undefined, undefined],
  ])("created_at and last_used: %s is read as %s", (written, seconds) => {
    expect(read({ created_at: written }).created_at).toBe(seconds);
    expect(read({ last_used: written }).last_used).toBe(seconds);
  });

  it.each<[unknown, number]>([
    [1_900_000_000, 1_900_000_000],
    [1_900_000_000.5, 1_900_000_000],
    [1_900_000_000_000, 1_900_000_000],
    [253_402_300_800, 253_402_300],
    [1e20, 253_402_300_799],
    [1.9e15, 253_402_300_799],
    [0, 0],
    [-1, -1],
    [-7, -7],
  ])("expires_at: %s is read as %s", (written, seconds) => {
    expect(read({ expires_at: written }).expires_at).toBe(seconds);
  });

  it("are never out of range further on", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (written) => {
        const {
          expires_at = -1,
          created_at,
          last_used,
        } = read({
          expires_at: written,
          created_at: written,
          last_used: written,
        });
        const instants = [created_at ?? 0, last_used ?? 0, expires_at < 0 ? 0 : expires_at].map(instantOf);
        expect(instants).toEqual([expect.any(String), expect.any(String), expect.any(String)]);
        expect(expires_at < 0).toBe(written < 0);
      }),
    );
  });
});

describe("a listed key that may be masked is withheld", () => {
  it.each([
    "ek-proxy-abcd...1234",
    "ek-proxy-abcd****1234",
    "ek-proxy-abcdXXXXXXXX1234",
    "ek-proxy-abcd____1234",
    "ek-proxy-abcd----1234",
    "ek-proxy-abcd…1234",
    "abcd1234",
  ])("%s", (key) => {
    expect(keyObjectSchema.parse({ ...whole, key }).key).toBeUndefined();
  });
});
