import { z } from "zod";
import { isShownWhole, isWholeKey } from "../util/keyText";
import { reportsError } from "./statements";
import { readExpiryUnixS, readUnixS } from "./unixTime";

export { isWholeKey } from "../util/keyText";

/**
 * The wire format as the vendor documents it (https://docs.electronhub.ai), misspellings included. Unknown fields pass, and
 * a null list is empty. A field that a response leaves out, or writes in another form, is undefined, which means unknown.
 */

/** A field that is missing or malformed is unknown. */
function orUnknown<T extends z.ZodType>(schema: T) {
  return schema.optional().catch(undefined);
}

const list = orUnknown(
  z
    .array(z.string())
    .nullable()
    .transform((value) => value ?? []),
);

const keyFields = {
  /** Required: without a name, a JSON object is not a key. */
  name: z.string(),
  /** -1: never. */
  expires_at: orUnknown(z.number().transform(readExpiryUnixS)),
  allocated_ammount: orUnknown(z.number()),
  used_ammount: orUnknown(z.number()),
  is_active: orUnknown(z.boolean()),
  model_whitelist: list,
  ip_whitelist: list,
  created_at: orUnknown(z.number().transform(readUnixS)),
  /** null: never. Undefined: unknown. */
  last_used: orUnknown(
    z
      .number()
      .nullable()
      .transform((value) => (value === null ? null : readUnixS(value))),
  ),
};

/** What a response shows of a key. */
export type KeyFields = { [K in keyof typeof keyFields]: z.output<(typeof keyFields)[K]> };

/** The response to create. Without the secret the key would be lost. */
export const createdKeySchema = z.looseObject({
  ...keyFields,
  key: z.custom<string>(isWholeKey),
});

/** A key object in a list or a lookup, whose secret may be left out or masked. */
export const keyObjectSchema = z.looseObject({
  ...keyFields,
  key: z
    .unknown()
    .optional()
    .transform((value) => (isShownWhole(value) ? value : undefined)),
});

/** The response to lookup. */
export const foundKeySchema = keyObjectSchema.refine(
  (response) => !reportsError(response),
  "reports an error",
);

/** The response to validate. A status of 200 does not mean that the key is valid. */
export const validationSchema = z.looseObject({
  valid: z.boolean(),
  message: z
    .string()
    .nullish()
    .transform((value) => value ?? undefined),
});

export const accountSchema = z.looseObject({
  credits: z.number(),
  subscription: z.unknown().optional(),
});

export type Validation = z.output<typeof validationSchema>;
export type AccountObject = z.output<typeof accountSchema>;
export type KeyObject = z.output<typeof keyObjectSchema>;
export type CreatedKey = z.output<typeof createdKeySchema>;

/** The settings in the body of create and update. Lists are always sent: a missing one would mean "allow all". */
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

/** A key by the later of two responses; fields that it leaves out are those of the earlier one. */
export function merged<T extends KeyObject>(earlier: T, later: KeyObject): T {
  const shown = Object.entries(later).filter(([, value]) => value !== undefined);
  return { ...earlier, ...Object.fromEntries(shown) };
}

/** The form in which names are compared: the API may trim or normalise them. */
export function normalName(name: string): string {
  return name.trim().normalize("NFC");
}
