import { z } from "zod";
import { isShownWhole, isWholeKey } from "../util/keyText";
import { speaksOfError } from "./statements";
import { readExpiryUnixS, readUnixS } from "./unixTime";

export { isWholeKey } from "../util/keyText";

/**
 * The wire as the vendor documents it (https://docs.electronhub.ai), misspellings included, read with the tolerance
 * that its sources demand: unknown fields pass, null lists are empty, a list may come in an envelope. A field that a
 * response leaves out is undefined, which means unknown: it is never read as a value.
 */

const list = z
  .array(z.string())
  .nullable()
  .transform((value) => value ?? [])
  .optional();

/** One that cannot be read is unknown. */
const unixS = z
  .number()
  .nullish()
  .transform((value) => (value == null ? undefined : readUnixS(value)));

function orUnknown<T extends z.ZodType>(schema: T) {
  return schema.nullish().transform((value) => value ?? undefined);
}

const keyFields = {
  name: z.string(),
  /** -1: never. */
  expires_at: z
    .number()
    .nullable()
    .transform((value) => readExpiryUnixS(value ?? -1))
    .optional(),
  allocated_ammount: z.number(),
  used_ammount: orUnknown(z.number()),
  is_active: orUnknown(z.boolean()),
  model_whitelist: list,
  ip_whitelist: list,
  created_at: unixS,
  /** null: never. Absent: the answer does not say. */
  last_used: z
    .number()
    .nullish()
    .transform((value) => (value == null ? value : readUnixS(value))),
};

/** What a response shows of a key. */
export type KeyFields = { [K in keyof typeof keyFields]: z.output<(typeof keyFields)[K]> };

/** The answer to create: the only key object without whose secret nothing can be done. */
export const createdKeySchema = z.looseObject({
  ...keyFields,
  key: z.custom<string>(isWholeKey),
});

/** A key object in a list or a lookup, where the secret may be left out, or masked, which is the same to us. */
export const keyObjectSchema = z.looseObject({
  ...keyFields,
  key: z
    .unknown()
    .optional()
    .transform((value) => (isShownWhole(value) ? value : undefined)),
});

/** The answer to lookup. */
export const foundKeySchema = keyObjectSchema.refine(
  (answer) => !speaksOfError(answer),
  "speaks of an error",
);

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
export const keySettingsSchema = z.object({
  name: z.string(),
  /** Unix seconds, -1 for never. */
  expires_at: z.number(),
  allocated_ammount: z.number(),
  /** Empty: every model. */
  model_whitelist: z.array(z.string()),
  /** Empty: any address. */
  ip_whitelist: z.array(z.string()),
  limit_type: z.enum(["daily", "weekly", "monthly"]),
});

export type KeySettings = z.output<typeof keySettingsSchema>;

/** Undefined: its expiry is unknown. */
export function hasExpired({ expires_at: unixS }: KeyObject, nowMs: number): boolean | undefined {
  return unixS === undefined ? undefined : unixS >= 0 && unixS * 1_000 <= nowMs;
}

/** A key as two responses show it: by the later one, and by the earlier one what that leaves out. */
export function merged<T extends KeyObject>(earlier: T, later: KeyObject): T {
  const shown = Object.entries(later).filter(([, value]) => value !== undefined);
  return { ...earlier, ...Object.fromEntries(shown) };
}

/** A name as it is compared: the API may trim or normalise what it stores. */
export function normalName(name: string): string {
  return name.trim().normalize("NFC");
}
