import { z } from "zod";

/**
 * The wire as the vendor documents it (https://docs.electronhub.ai), misspellings included, read with the tolerance
 * that its sources demand: unknown fields pass, null lists are empty, a list may come in an envelope.
 */

const list = z
  .array(z.string())
  .nullish()
  .transform((value) => value ?? []);

const unixS = z
  .number()
  .nullish()
  .transform((value) => value ?? undefined);

const keyFields = {
  name: z.string(),
  /** -1: never. */
  expires_at: z
    .number()
    .nullish()
    .transform((value) => value ?? -1),
  allocated_ammount: z.number(),
  used_ammount: z
    .number()
    .nullish()
    .transform((value) => value ?? 0),
  is_active: z.boolean(),
  model_whitelist: list,
  ip_whitelist: list,
  created_at: unixS,
  /** null: never. Absent: the answer does not say. */
  last_used: z.number().nullish(),
};

/** A key in full; a masked one, such as `ek-proxy-abcd...1234` or `ek-proxy-****`, is none. */
const WHOLE_KEY = /^ek-proxy-(?!.*\.\.)[\w~+/=.-]{1,247}$/;

export function isWholeKey(value: unknown): value is string {
  return typeof value === "string" && WHOLE_KEY.test(value);
}

/** The answer to create: the only key object without whose secret nothing can be done. */
export const createdKeySchema = z.looseObject({
  ...keyFields,
  key: z.string().regex(WHOLE_KEY),
});

/** A key object in a list or a lookup, where the secret may be left out, or masked, which is the same to us. */
export const keyObjectSchema = z.looseObject({
  ...keyFields,
  key: z
    .unknown()
    .optional()
    .transform((value) => (isWholeKey(value) ? value : undefined)),
});

/** The account's keys: a bare array, or an object with exactly one array in it. */
export const keyListSchema = z.preprocess(withoutEnvelope, z.array(keyObjectSchema));

/** The answer to toggle: `status` is the NEW state. */
export const toggleAnswerSchema = z.looseObject({ status: z.boolean() });

/** The answer to remove, in the API's words: anything else is no proof that the key is gone. */
export const removalSchema = z
  .looseObject({ message: z.string().regex(/delet|remov/i) })
  .refine(speaksOfNoError, "speaks of an error");

/** The answer to update: a message or the key, and no error. */
export const confirmationSchema = z
  .union([z.looseObject({ message: z.string() }), keyObjectSchema])
  .refine(speaksOfNoError, "speaks of an error");

/** The answer to validate. A 200 is no pass: `valid` says it. */
export const validationSchema = z.looseObject({
  valid: z.boolean(),
  message: z
    .string()
    .nullish()
    .transform((value) => value ?? undefined),
});

/** The account, as far as we use it. */
export const accountSchema = z.looseObject({
  credits: z.number(),
  subscription: z.unknown().optional(),
});

export type Validation = z.output<typeof validationSchema>;
export type AccountObject = z.output<typeof accountSchema>;
export type KeyObject = z.output<typeof keyObjectSchema>;
export type CreatedKey = z.output<typeof createdKeySchema>;

/** What create takes, and update beside the key. Lists are always sent: one left out would mean "allow all". */
export interface KeySettings {
  name: string;
  /** Unix seconds, -1 for never. */
  expires_at: number;
  allocated_ammount: number;
  /** Empty: every model. */
  model_whitelist: string[];
  /** Empty: any address. */
  ip_whitelist: string[];
  limit_type: "daily" | "weekly" | "monthly";
}

function speaksOfNoError(answer: Record<string, unknown>): boolean {
  return (answer["error"] ?? answer["detail"] ?? null) === null;
}

function withoutEnvelope(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  // An error with a list in it is no empty account.
  if ("error" in value || "errors" in value || "detail" in value) return value;
  const arrays = Object.values(value).filter((entry) => Array.isArray(entry));
  return arrays.length === 1 ? arrays[0] : value;
}
