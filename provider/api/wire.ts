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
  last_used: unixS,
};

/** The answer to create: the only key object without whose secret nothing can be done. */
export const createdKeySchema = z.looseObject({
  ...keyFields,
  key: z.string().startsWith("ek-proxy-").max(256),
});

/** A key object in a list or a lookup, where the secret may be left out. */
export const keyObjectSchema = z.looseObject({ ...keyFields, key: z.string().optional() });

/** The account's keys: a bare array, or an object with exactly one array in it. */
export const keyListSchema = z.preprocess(withoutEnvelope, z.array(keyObjectSchema));

/** The answer to toggle: `status` is the NEW state. */
export const toggleAnswerSchema = z.looseObject({ status: z.boolean() });

/** The answer to update and remove: a JSON object that speaks of no error. */
export const confirmationSchema = z
  .looseObject({})
  .refine((answer) => !("error" in answer) && !("detail" in answer), "speaks of an error");

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

function withoutEnvelope(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const arrays = Object.values(value).filter((entry) => Array.isArray(entry));
  return arrays.length === 1 ? arrays[0] : value;
}
