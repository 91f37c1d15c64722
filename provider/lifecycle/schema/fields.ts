import { z } from "zod";
import { isWholeKey, normalName } from "../../api/wire";
import { ownField, wireField, type OutputField } from "./field";
import { NEVER, instantOf, unixSOf } from "./instants";
import { canonicalIpBlock } from "./ipBlocks";
import {
  foldBlock,
  foldText,
  hasMore,
  isWholeUnit,
  isRespelledList,
  isRespelledName,
  isRounded,
} from "./rewriting";
import {
  addressList,
  budgetAmount,
  duration,
  inAnyOrder,
  instant,
  keyName,
  labelRecord,
  MAX_NAME_LENGTH,
  MIN_CREDITS,
  modelList,
  sortedSet,
  withoutEmpty,
} from "./values";

/**
 * The one table of a proxy key's fields. Inputs and outputs, their documentation, check, diff, the request bodies, the
 * comparison with responses, the functions' results and generated programs are derived from it.
 */

const DURATION = "a duration such as `30m`, `24h` or `7d`";

export const inputFields = {
  name: wireField("name", {
    doc: {
      meaning:
        "The key's name on the account. A chosen name costs a second request when the key is created. A generated name stays for the key's life.",
      unit: `at most ${MAX_NAME_LENGTH} characters`,
      default: "generated: the resource's name, cut, and 7 random characters",
    },
    schema: keyName,
    change: "update",
    toWire: (name) => name,
    fromWire: (name) => name,
    isRewritten: isRespelledName,
    canonical: (name) => (typeof name === "string" ? normalName(name) : name),
    // An adopted key keeps its name if the program declares none.
    isSatisfiedBy: (name) => name === undefined,
  }),
  budget: wireField("allocated_ammount", {
    doc: {
      meaning: "The amount that the key may spend in each window of time (`budgetWindow`).",
      unit: "credits, more than 0; the account's tier sets the maximum for one key, 10,000 on most",
    },
    schema: budgetAmount,
    change: "update",
    toWire: (budget) => budget,
    fromWire: (budget) => budget,
    isShownAs: (shown, sent) => Math.abs(shown - sent) < MIN_CREDITS,
    isRewritten: isRounded,
    isWider: (shown, declared) => shown > declared && !isRounded(shown, declared),
  }),
  budgetWindow: wireField("limit_type", {
    doc: {
      meaning: "The time after which the key may spend its whole `budget` again.",
      unit: "`daily`, `weekly` or `monthly`",
    },
    schema: z.enum(["daily", "weekly", "monthly"], "must be `daily`, `weekly` or `monthly`").default("daily"),
    change: "update",
    toWire: (window) => window,
  }),
  expiresAt: wireField("expires_at", {
    doc: {
      meaning: "The instant at which the key stops working.",
      unit: `\`"${NEVER}"\`, an ISO 8601 instant or date (UTC), or Unix seconds`,
    },
    schema: instant.default(NEVER),
    change: "update",
    toWire: (expiry) => (expiry === NEVER ? -1 : unixSOf(expiry)),
    fromWire: (unixS) => (unixS < 0 ? NEVER : (instantOf(unixS) ?? NEVER)),
    isRewritten: isWholeUnit,
    isWider: (shown, declared) =>
      declared !== NEVER &&
      (shown === NEVER || (unixSOf(shown) > unixSOf(declared) && !isWholeUnit(shown, declared))),
    validateNew: (expiry, nowMs) =>
      expiry !== NEVER && unixSOf(expiry) * 1_000 <= nowMs
        ? `must be in the future; ${expiry} has passed`
        : undefined,
  }),
  expiresIn: ownField({
    doc: {
      meaning:
        "Instead of `expiresAt`: the time until the key stops working, counted from the `up` that first has it.",
      unit: DURATION,
      default: "none",
    },
    schema: duration(1_000).optional(),
    change: "stateOnly",
  }),
  renewBefore: ownField({
    doc: {
      meaning: "With `expiresIn`: an `up` within this time before the expiry, or after it, renews the key.",
      unit: DURATION,
      default: "none: the key is never renewed",
    },
    schema: duration(1).optional(),
    change: "stateOnly",
  }),
  renew: ownField({
    doc: {
      meaning:
        "How a key is renewed: `extend` moves its expiry in place, `rotate` creates a new key first, then removes the old one.",
      unit: "`extend` or `rotate`",
      default: "none, which means `extend`",
    },
    schema: z.enum(["extend", "rotate"], "must be `extend` or `rotate`").optional(),
    change: "stateOnly",
  }),
  models: wireField("model_whitelist", {
    doc: {
      meaning: "The models that the key may use. An empty list is refused: the API would read it as all.",
      unit: 'a list of model ids, or `"all"`',
    },
    schema: modelList.default("all"),
    change: "update",
    toWire: (models) => (models === "all" ? [] : models),
    fromWire: (models) => (models.length === 0 ? "all" : sortedSet(models)),
    isRewritten: isRespelledList(foldText),
    isWider: hasMore("all", foldText),
    canonical: inAnyOrder,
  }),
  allowedIps: wireField("ip_whitelist", {
    doc: {
      meaning: "The addresses that may use the key. An empty list is refused: the API would read it as any.",
      unit: 'a list of IP addresses and CIDR blocks, or `"any"`',
    },
    schema: addressList.default("any"),
    change: "update",
    toWire: (blocks) => (blocks === "any" ? [] : blocks),
    fromWire: (blocks) => (blocks.length === 0 ? "any" : sortedSet(blocks.map(canonicalIpBlock))),
    isRewritten: isRespelledList(foldBlock),
    isWider: hasMore("any", foldBlock),
    canonical: (blocks) =>
      inAnyOrder(
        Array.isArray(blocks)
          ? blocks.map((one: unknown) => (typeof one === "string" ? canonicalIpBlock(one) : one))
          : blocks,
      ),
  }),
  enabled: wireField("is_active", {
    doc: { meaning: "Whether the key works. Read before it is toggled, and verified afterwards." },
    schema: z.boolean("must be true or false").default(true),
    change: "toggle",
    toWire: (enabled) => enabled,
    fromWire: (enabled) => enabled,
    isWider: (shown, declared) => shown && !declared,
  }),
  rotationTrigger: ownField({
    doc: {
      meaning:
        "A change of this value creates a new key first, then removes the old one. The order within a list counts.",
      unit: "any value",
      default: "none",
    },
    schema: z.unknown().optional(),
    change: "replace",
  }),
  adopt: ownField({
    doc: {
      meaning:
        "An existing key of the account, taken over instead of creating one, and updated to the declared settings. Every restriction that it has must be mentioned. Once taken over, it may be left out. A secret.",
      unit: "a whole proxy key (`ek-proxy-…`)",
      default: "none",
    },
    schema: z
      .string("must be a whole proxy key (ek-proxy-…)")
      .refine(isWholeKey, "must be a whole proxy key (ek-proxy-…)")
      .optional(),
    change: "replace",
    effect: "takes over the other key, then removes the one before",
    secret: true,
    // Without this, leaving it out later would remove the key that was taken over.
    isSatisfiedBy: (adopt, { key }) => adopt === undefined || adopt === key,
  }),
  onDestroy: ownField({
    doc: {
      meaning:
        "What destroy does: `remove` the key for good, or `disable` it, so that it stays on the account with its credits.",
      unit: "`remove` or `disable`",
    },
    schema: z.enum(["remove", "disable"], "must be `remove` or `disable`").default("remove"),
    change: "stateOnly",
  }),
  refuseIfUsedWithin: ownField({
    doc: {
      meaning: "Destroy is refused while the key was used more recently than this.",
      unit: DURATION,
      default: "none: never refused",
    },
    schema: duration(1).optional(),
    change: "stateOnly",
  }),
  labels: ownField({
    doc: {
      meaning:
        "What the stack notes about the key, such as its `owner`, `purpose` and `ticket`. The `pulumi-electronhub` command shows them and selects by them. Stored and shown in clear, never sent: not for secrets.",
      unit: "up to 50 short texts by name; a name has letters, digits, `.`, `_`, `-` and `/`",
      default: "none, the same as `{}`",
    },
    schema: labelRecord.optional(),
    change: "stateOnly",
    canonical: (labels) => withoutEmpty(labels) ?? null,
  }),
};

export const outputFields = {
  key: {
    doc: { meaning: "The proxy key itself, a secret.", unit: "`ek-proxy-…`" },
    schema: z.string().min(1),
    secret: true,
  },
  fingerprint: {
    doc: {
      meaning: "A name for the key that is not a secret, the same as the resource's id.",
      unit: "`pk-` and 16 hexadecimal digits",
    },
    schema: z.string(),
  },
  createdAt: {
    doc: {
      meaning: "When the key was created. Absent if the API does not show it.",
      unit: "an ISO 8601 instant",
    },
    schema: z.string().optional(),
    wire: "created_at",
    fromWire: instantOf,
  },
  lastUsedAt: {
    doc: {
      meaning: "When the key was last used. Absent if it never was, or if the API does not show it.",
      unit: "an ISO 8601 instant",
    },
    schema: z.string().optional(),
    usage: true,
    wire: "last_used",
    fromWire: instantOf,
  },
  usedBudget: {
    doc: {
      meaning: "What the key has spent in the current window. Absent if the API does not show it.",
      unit: "credits",
    },
    schema: z.number().optional(),
    usage: true,
    wire: "used_ammount",
    fromWire: (credits: number) => credits,
  },
} satisfies Record<string, OutputField>;
