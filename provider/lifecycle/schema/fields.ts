import { z } from "zod";
import { parseDurationMs } from "../../util/duration";
import { isWholeKey } from "../../api/wire";
import { NEVER, instantOf, readInstant, unixSOf } from "./instants";
import { canonicalIpBlock, isIpBlock } from "./ipBlocks";

/**
 * The one table of what a proxy key has. Inputs, check, diff, the wire and the reference in the README are derived from
 * it: adding an input is adding a row. The comment above a row is its line of documentation.
 */

/** What a change of an input means: `update` replaces the settings, `toggle` flips the key, `state` tells nobody. */
export type Change = "update" | "toggle" | "replace" | "state";

interface InputField<Schema extends z.ZodType = z.ZodType> {
  schema: Schema;
  change: Change;
  /** The field of the key object on the wire. Absent: the account knows nothing of it. */
  wire?: string;
  /** The wire's value, from the resolved one. */
  toWire?(value: z.output<Schema>): unknown;
  /** The resolved value, from the wire's. Absent: the API never tells. */
  fromWire?(value: unknown): z.output<Schema>;
  /** What is wrong with a NEW value at this time; a value that stays as it was is never asked about. */
  refuseNew?(value: z.output<Schema>, nowMs: number): string | undefined;
  /** One form for values that mean the same to the account, whether the schema takes them or not. Default: as it is. */
  canonical?(value: unknown): unknown;
  /** Whether a declared value leaves the state as it is, although the two differ. */
  isSatisfiedBy?(value: unknown, state: Readonly<Record<string, unknown>>): boolean;
  /** Encrypted in the state and masked on the screen, whatever the program passes. */
  secret?: true;
}

function inputField<Schema extends z.ZodType>(field: InputField<Schema>): InputField<Schema> {
  return field;
}

export const MAX_NAME_LENGTH = 25;
export const MAX_BUDGET = 10_000;

function sortedSet(values: readonly string[]): string[] {
  return [...new Set(values)].toSorted();
}

/** The lists of the wire say "everything" by being empty; ours say it in a word. */
function listOr<Word extends string>(word: Word, list: readonly string[]): Word | string[] {
  return list.length === 0 ? word : sortedSet(list);
}

const EXPIRY_FORMS = `must be "${NEVER}", an ISO 8601 instant such as 2030-01-31T12:00:00Z, or Unix seconds (not milliseconds)`;

const DURATION_FORMS = "must be a duration such as 30m, 24h or 7d";

/** What an API may drop or rewrite, and what forges the output of a terminal. */
export const UNFIT_CHARACTER = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

function inAnyOrder(value: unknown): unknown {
  return Array.isArray(value) ? value.map(String).toSorted() : value;
}

export const inputFields = {
  /** At most 25 characters. A chosen name costs a second request when the key is created. Left out: the resource's name, cut, and 7 random characters; kept for the key's life. */
  name: inputField({
    schema: z
      .string("must be a text")
      .refine((name) => name.trim() !== "", "must not be blank")
      .refine((name) => name.trim() === name || name.trim() === "", "must not begin or end with white space")
      .refine(
        (name) => !UNFIT_CHARACTER.test(name),
        "must have no control character, no invisible formatting character and no half of a surrogate pair",
      )
      .refine((name) => [...name].length <= MAX_NAME_LENGTH, {
        error: ({ input }) =>
          `must have at most ${MAX_NAME_LENGTH} characters; this one has ${[...String(input)].length}`,
      }),
    change: "update",
    wire: "name",
    toWire: (name) => name,
    fromWire: (name) => name as string,
    // The API may trim and normalise a name.
    canonical: (name) => (typeof name === "string" ? name.trim().normalize("NFC") : name),
    // An adopted key whose name is left out keeps the one that it has.
    isSatisfiedBy: (name) => name === undefined,
  }),
  /** Credits that the key may spend in each window: more than 0, at most 10,000. */
  budget: inputField({
    schema: z
      .number(`must be a number of credits, more than 0 and at most ${MAX_BUDGET}`)
      .positive("must be more than 0 credits")
      .max(MAX_BUDGET, `must be at most ${MAX_BUDGET} credits`),
    change: "update",
    wire: "allocated_ammount",
    toWire: (budget) => budget,
    fromWire: (budget) => budget as number,
  }),
  /** After which time the budget starts afresh: `daily`, `weekly` or `monthly`. */
  budgetWindow: inputField({
    schema: z.enum(["daily", "weekly", "monthly"], "must be `daily`, `weekly` or `monthly`").default("daily"),
    change: "update",
    wire: "limit_type",
    toWire: (window) => window,
  }),
  /** When the key stops working: `"never"`, an ISO 8601 instant or date (UTC), or Unix seconds. */
  expiresAt: inputField({
    schema: z
      .union([z.string(), z.number()], EXPIRY_FORMS)
      .transform((value, context) => {
        const instant = readInstant(value);
        if (instant === undefined) context.addIssue(EXPIRY_FORMS);
        return instant ?? NEVER;
      })
      .default(NEVER),
    change: "update",
    wire: "expires_at",
    toWire: (instant) => (instant === NEVER ? -1 : unixSOf(instant)),
    fromWire: (unixS) => ((unixS as number) < 0 ? NEVER : (instantOf(unixS as number) ?? NEVER)),
    refuseNew: (instant, nowMs) =>
      instant !== NEVER && unixSOf(instant) * 1_000 <= nowMs
        ? `must be in the future; ${instant} has passed`
        : undefined,
  }),
  /** Instead of `expiresAt`: a duration such as `30d`, counted from the `up` that first has it. */
  expiresIn: inputField({
    schema: z
      .string(DURATION_FORMS)
      .refine((text) => (parseDurationMs(text) ?? 0) >= 1_000, DURATION_FORMS)
      .optional(),
    change: "state",
  }),
  /** With `expiresIn`: an `up` within this time before the expiry, or after it, renews the key. Left out: never. */
  renewBefore: inputField({
    schema: z
      .string(DURATION_FORMS)
      .refine((text) => (parseDurationMs(text) ?? 0) > 0, DURATION_FORMS)
      .optional(),
    change: "state",
  }),
  /** How a key is renewed: `extend` its expiry in place, which is what is done when it is left out, or `rotate`: make a new key first, then remove the old one. */
  renew: inputField({
    schema: z.enum(["extend", "rotate"], "must be `extend` or `rotate`").optional(),
    change: "state",
  }),
  /** Ids of the models that the key may use, or `"all"`. An empty list is refused: the API would read it as all. */
  models: inputField({
    schema: z
      .union([z.literal("all"), z.array(z.string())], 'must be "all" or a list of model ids')
      .superRefine((models, context) => {
        if (models.length === 0) context.addIssue(emptyList("every model", "all"));
        else if (models !== "all" && models.some((id) => id.trim() === ""))
          context.addIssue("has a blank model id");
      })
      .transform((models) => (models === "all" ? models : sortedSet(models)))
      .default("all"),
    change: "update",
    wire: "model_whitelist",
    toWire: (models) => (models === "all" ? [] : models),
    canonical: inAnyOrder,
    fromWire: (models) => listOr("all", models as string[]),
  }),
  /** IP addresses and CIDR blocks that may use the key, or `"any"`. An empty list is refused: the API would read it as any. */
  allowedIps: inputField({
    schema: z
      .union(
        [z.literal("any"), z.array(z.string())],
        'must be "any" or a list of IP addresses and CIDR blocks',
      )
      .superRefine((blocks, context) => {
        if (blocks.length === 0) context.addIssue(emptyList("any address", "any"));
        else if (blocks !== "any") {
          const bad = blocks.findIndex((block) => !isIpBlock(block));
          // The entry itself is not repeated: nobody knows what was pasted there by mistake.
          if (bad !== -1) context.addIssue(`has no IP address or CIDR block at [${bad}]; ${BLOCK_FORMS}`);
        }
      })
      .transform((blocks) => (blocks === "any" ? blocks : sortedSet(blocks.map(canonicalIpBlock))))
      .default("any"),
    change: "update",
    wire: "ip_whitelist",
    toWire: (blocks) => (blocks === "any" ? [] : blocks),
    canonical: inAnyOrder,
    fromWire: (blocks) => listOr("any", (blocks as string[]).map(canonicalIpBlock)),
  }),
  /** Whether the key works. Observed before it is toggled, and verified. */
  enabled: inputField({
    schema: z.boolean("must be true or false").default(true),
    change: "toggle",
    wire: "is_active",
    toWire: (enabled) => enabled,
    fromWire: (enabled) => enabled as boolean,
  }),
  /** Any value; the order within a list counts. A change of it makes a new key first, then removes the old one. */
  rotationTrigger: inputField({ schema: z.unknown().optional(), change: "replace" }),
  /** An existing key of the account, taken over instead of making one, and brought to the declared settings. Once taken over, it may be left out. */
  adopt: inputField({
    schema: z
      .string("must be a whole proxy key (ek-proxy-…)")
      .refine(isWholeKey, "must be a whole proxy key (ek-proxy-…)")
      .optional(),
    change: "replace",
    secret: true,
    // Leaving it out later must not cost the key that was taken over.
    isSatisfiedBy: (adopt, state) => adopt === undefined || adopt === state["key"],
  }),
  /** What destroy does: `remove` the key for good, or `disable` it, so that it stays on the account with its credits. */
  onDestroy: inputField({
    schema: z.enum(["remove", "disable"], "must be `remove` or `disable`").default("remove"),
    change: "state",
  }),
  /** A duration such as `24h`: destroy is refused while the key was used more recently. Left out: never refused. */
  refuseIfUsedWithin: inputField({
    schema: z
      .string(DURATION_FORMS)
      .refine((text) => (parseDurationMs(text) ?? 0) > 0, DURATION_FORMS)
      .optional(),
    change: "state",
  }),
};

const BLOCK_FORMS = "write for example 203.0.113.7, 10.0.0.0/8 or 2001:db8::/32";

function emptyList(meaning: string, word: string): string {
  return `must not be an empty list, which the API reads as ${meaning}; write "${word}" if that is what you want`;
}

interface OutputField {
  schema: z.ZodType;
  /** Encrypted in the state and masked on the screen. */
  secret?: true;
  /** Moves by itself; never a difference. */
  usage?: true;
}

export const outputFields = {
  /** The proxy key itself, a secret. */
  key: { schema: z.string().min(1), secret: true },
  /** A name for the key that is no secret, the same as the resource's id: `pk-` and 16 hexadecimal digits. */
  fingerprint: { schema: z.string() },
  /** When the key was made, an ISO 8601 instant. */
  createdAt: { schema: z.string().optional() },
  /** When the key was last used, as of the last `up` or `refresh`; absent while it never was, or where the API does not tell. */
  lastUsedAt: { schema: z.string().optional(), usage: true },
  /** Credits spent in the current window, as of the last `up` or `refresh`; absent where the API does not tell. */
  usedBudget: { schema: z.number().optional(), usage: true },
} satisfies Record<string, OutputField>;
