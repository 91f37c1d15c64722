import { describe, expect, it } from "vitest";
import {
  confirmationSchema,
  createdKeySchema,
  keyListSchema,
  keyObjectSchema,
  toggleAnswerSchema,
} from "../../../provider/api/wire";
import { SECRET } from "../fixtures";

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
      expires_at: -1,
      used_ammount: 0,
      model_whitelist: [],
      ip_whitelist: [],
      last_used: null,
    });
  });

  it.each(["name", "allocated_ammount", "is_active"])("must have %s", (field) => {
    expect(keyObjectSchema.safeParse({ ...whole, [field]: undefined }).success).toBe(false);
  });

  it.each([undefined, "", "ek-master", 7, `ek-proxy-${"x".repeat(248)}`])(
    "that was just created must have a key, not %j",
    (key) => {
      expect(createdKeySchema.safeParse({ ...whole, key }).success).toBe(false);
    },
  );
});

describe("a list", () => {
  it.each([[[whole]], [{ data: [whole] }], [{ keys: [whole], total: 1, next: null }]])(
    "is read bare or in an envelope",
    (list) => {
      expect(keyListSchema.parse(list)).toHaveLength(1);
    },
  );

  it.each([{}, { a: [], b: [] }, "text", null, { message: "no" }, [null], [{ name: "web" }]])(
    "is not %j",
    (list) => {
      expect(keyListSchema.safeParse(list).success).toBe(false);
    },
  );
});

it.each([{ message: "Proxy key updated" }, { message: "done", error: null }])("%j confirms", (answer) => {
  expect(confirmationSchema.safeParse(answer).success).toBe(true);
});

it.each([{ error: { message: "no" } }, { detail: "no" }, [], "ok", null])("%j does not", (answer) => {
  expect(confirmationSchema.safeParse(answer).success).toBe(false);
});

it("a toggle tells the new state as a boolean", () => {
  expect(toggleAnswerSchema.parse({ message: "x", status: false }).status).toBe(false);
  expect(toggleAnswerSchema.safeParse({ status: "true" }).success).toBe(false);
});
