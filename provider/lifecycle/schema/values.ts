import { z } from "zod";
import { parseDurationMs } from "../../util/duration";
import { sortedJson } from "../../util/sortedJson";
import { UNFIT_CHARACTER } from "../../util/unfitCharacter";
import { labelsFault } from "../labels";
import { NEVER, readInstant } from "./instants";
import { canonicalIpBlock, isIpBlock } from "./ipBlocks";

/** The schemas of the inputs' values. */

export const MAX_NAME_LENGTH = 25;

/** A smaller difference is due to rounding. */
export const MIN_CREDITS = 1e-6;

export const keyName = z
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
  });

export const budgetAmount = z
  .number("must be a number of credits, more than 0")
  .positive("must be more than 0 credits");

const EXPIRY_FORMS = `must be "${NEVER}", an ISO 8601 instant such as 2030-01-31T12:00:00Z, or Unix seconds (not milliseconds)`;

export const instant = z.union([z.string(), z.number()], EXPIRY_FORMS).transform((value, context) => {
  const read = readInstant(value);
  if (read === undefined) context.addIssue(EXPIRY_FORMS);
  return read ?? NEVER;
});

const DURATION_FORMS = "must be a duration such as 30m, 24h or 7d";

/** @param minMs the shortest duration that is accepted. */
export function duration(minMs: number) {
  return z.string(DURATION_FORMS).refine((text) => (parseDurationMs(text) ?? 0) >= minMs, DURATION_FORMS);
}

export const modelList = z
  .union([z.literal("all"), z.array(z.string())], 'must be "all" or a list of model ids')
  .superRefine((models, context) => {
    if (models.length === 0) context.addIssue(emptyList("every model", "all"));
    else if (models !== "all" && models.some((id) => id.trim() === ""))
      context.addIssue("has a blank model id");
  })
  .transform((models) => (models === "all" ? models : sortedSet(models)));

const BLOCK_FORMS = "write for example 203.0.113.7, 10.0.0.0/8 or 2001:db8::/32";

export const addressList = z
  .union([z.literal("any"), z.array(z.string())], 'must be "any" or a list of IP addresses and CIDR blocks')
  .superRefine((blocks, context) => {
    if (blocks.length === 0) context.addIssue(emptyList("any address", "any"));
    else if (blocks !== "any") {
      const bad = blocks.findIndex((block) => !isIpBlock(block));
      // The message does not repeat the entry: it may be a secret, pasted by mistake.
      if (bad !== -1) context.addIssue(`has no IP address or CIDR block at [${bad}]; ${BLOCK_FORMS}`);
    }
  })
  .transform((blocks) => (blocks === "any" ? blocks : sortedSet(blocks.map(canonicalIpBlock))));

const LABEL_FORMS = 'must be a record of texts, such as { owner: "team-a" }';

/** No labels are the same as none at all. */
export const labelRecord = z
  .record(z.string(), z.string(LABEL_FORMS), LABEL_FORMS)
  .superRefine((labels, context) => {
    const fault = labelsFault(labels);
    if (fault !== undefined) context.addIssue(fault);
  })
  .transform((labels) => withoutEmpty(labels));

/** A canonical form in which an empty record is absent. */
export function withoutEmpty<T>(value: T): T | undefined {
  const isEmpty = typeof value === "object" && value !== null && Object.keys(value).length === 0;
  return isEmpty && !Array.isArray(value) ? undefined : value;
}

export function sortedSet(values: readonly string[]): string[] {
  return [...new Set(values)].toSorted();
}

/** A canonical form in which the order of a list does not count. */
export function inAnyOrder(value: unknown): unknown {
  return Array.isArray(value) ? value.map(sortedJson).toSorted() : value;
}

function emptyList(meaning: string, word: string): string {
  return `must not be an empty list, which the API reads as ${meaning}; write "${word}" if that is what you want`;
}
