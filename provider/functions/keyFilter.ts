import { NEVER, readInstant } from "../lifecycle/schema/instants";
import { parseDurationMs } from "../util/duration";
import { InvokeError } from "./invokeError";
import type { ProxyKeyInfo } from "./proxyKeyInfo";

/**
 * Which keys: all given conditions must hold. A condition does not hold if the account's list leaves out what it is about.
 */
export interface GetProxyKeysArgs {
  /**
   * Keys whose name starts with this text. Generated names start with the resource's name.
   *
   * Unit: characters.
   *
   * @default any name
   */
  namePrefix?: string | undefined;
  /**
   * Keys that are enabled (true), or disabled (false).
   *
   * @default both
   */
  enabled?: boolean | undefined;
  /**
   * Keys that have expired (true), or that have not (false).
   *
   * @default both
   */
  expired?: boolean | undefined;
  /**
   * Keys that expire between now and this time from now, without keys that have expired.
   *
   * Unit: a duration such as `12h` or `14d`.
   *
   * @default any expiry
   */
  expiresWithin?: string | undefined;
  /**
   * Keys that expire before this instant, including keys that have expired, without keys that never expire.
   *
   * Unit: an ISO 8601 instant or date (UTC), or Unix seconds.
   *
   * @default any expiry
   */
  expiresBefore?: string | number | undefined;
}

/**
 * A function that decides whether a key meets the conditions.
 *
 * @throws InvokeError if a condition is malformed.
 */
export function keyFilter(
  { namePrefix, enabled, expired, expiresWithin, expiresBefore }: GetProxyKeysArgs,
  nowMs: number,
): (info: ProxyKeyInfo) => boolean {
  const withinMs = expiresWithin === undefined ? undefined : durationMs(expiresWithin);
  const beforeMs = expiresBefore === undefined ? undefined : instantMs(expiresBefore);
  return (info) => {
    if (namePrefix !== undefined && !info.name.startsWith(namePrefix)) return false;
    if (enabled !== undefined && info.enabled !== enabled) return false;
    if (expired !== undefined && info.expired !== expired) return false;
    const { expiresAt = "" } = info;
    // NaN if it is unknown, which meets no condition.
    const expiresMs = expiresAt === NEVER ? Infinity : Date.parse(expiresAt);
    if (withinMs !== undefined && (info.expired !== false || !(expiresMs <= nowMs + withinMs))) return false;
    return beforeMs === undefined || expiresMs < beforeMs;
  };
}

function durationMs(text: string): number {
  const ms = parseDurationMs(text);
  if (ms !== undefined) return ms;
  throw malformed("expiresWithin", "is not a duration", "Write for example 12h or 14d.");
}

function instantMs(value: string | number): number {
  const instant = readInstant(value);
  if (instant !== undefined && instant !== NEVER) return Date.parse(instant);
  throw malformed(
    "expiresBefore",
    "is not an instant",
    "Write an ISO 8601 instant or date such as 2030-01-31, or Unix seconds (not milliseconds).",
  );
}

function malformed(name: keyof GetProxyKeysArgs, why: string, nextStep: string): InvokeError {
  return new InvokeError({ why: `\`${name}\` ${why}.`, nextStep });
}
