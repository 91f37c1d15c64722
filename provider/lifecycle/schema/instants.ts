import { z } from "zod";
import { MAX_UNIX_S } from "../../api/unixTime";

/** The spelling of "no expiry" in a program, and in the state. */
export const NEVER = "never";

const isoInstant = z.iso.datetime({ offset: true });
const isoDay = z.iso.date();

/**
 * Reads `"never"`, an ISO 8601 date or instant, or Unix seconds into the one form that we store: `"never"` or an
 * instant in UTC, to the second.
 *
 * @returns undefined when it is none of them.
 */
export function readInstant(value: string | number): string | undefined {
  if (value === NEVER) return NEVER;
  if (typeof value === "number") return Number.isSafeInteger(value) ? instantOf(value) : undefined;
  if (isoDay.safeParse(value).success) return instantOf(Date.parse(`${value}T00:00:00Z`) / 1_000);
  return isoInstant.safeParse(value).success ? instantOf(Date.parse(value) / 1_000) : undefined;
}

/** An instant as we store it, from Unix seconds. Undefined beyond the years 1970 to 9999. */
export function instantOf(unixS: number): string | undefined {
  const wholeS = Math.floor(unixS);
  if (!(wholeS >= 0 && wholeS <= MAX_UNIX_S)) return undefined;
  return new Date(wholeS * 1_000).toISOString().replace(".000Z", "Z");
}

/** Unix seconds of an instant as we store it. */
export function unixSOf(instant: string): number {
  return Math.floor(Date.parse(instant) / 1_000);
}
