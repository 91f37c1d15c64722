import { MAX_UNIX_S } from "../../api/unixTime";

/** The spelling of "no expiry" in a program, and in the state. */
export const NEVER = "never";

const ISO_8601 =
  /^(?<day>\d{4}-\d\d-\d\d)(?<time>T(?:[01]\d|2[0-3])(?::[0-5]\d){2}(?:\.\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d))?$/;

/**
 * Converts `"never"`, an ISO 8601 date or instant, or Unix seconds to the stored form: `"never"` or an instant in UTC, to
 * the second.
 *
 * @returns undefined for a malformed value.
 */
export function readInstant(value: string | number): string | undefined {
  if (value === NEVER) return NEVER;
  if (typeof value === "number") return Number.isSafeInteger(value) ? instantOf(value) : undefined;
  const { day, time = "T00:00:00Z" } = (ISO_8601.exec(value)?.groups ?? {}) as {
    day?: string;
    time?: string;
  };
  return day !== undefined && isDay(day) ? instantOf(Date.parse(`${day}${time}`) / 1_000) : undefined;
}

/** Date.parse reads February 30 as March 2. */
function isDay(day: string): boolean {
  const midnightMs = Date.parse(`${day}T00:00:00Z`);
  return !Number.isNaN(midnightMs) && new Date(midnightMs).toISOString().startsWith(day);
}

/** The stored form of Unix seconds. Undefined outside the years 1970 to 9999. */
export function instantOf(unixS: number): string | undefined {
  const wholeS = Math.floor(unixS);
  if (!(wholeS >= 0 && wholeS <= MAX_UNIX_S)) return undefined;
  return new Date(wholeS * 1_000).toISOString().replace(".000Z", "Z");
}

/** Unix seconds of an instant in the stored form. */
export function unixSOf(instant: string): number {
  return Math.floor(Date.parse(instant) / 1_000);
}
