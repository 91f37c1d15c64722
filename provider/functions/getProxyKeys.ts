import type * as pulumi from "@pulumi/pulumi";
import { parseDurationMs } from "../util/duration";
import { NEVER, readInstant } from "../lifecycle/schema/instants";
import type { ProxyKeyInfo } from "./proxyKeyInfo";
import { allKeys, invoke, invokeOutput } from "./invoke";
import { InvokeError } from "./invokeError";
import type { MockedCall } from "./mockedResult";
import type { InvokeOptions } from "./invokeOptions";

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
 * Lists keys of the account, sorted by name, without their secrets. Calls at the same time share one request.
 *
 * @throws RunError with the reason and the next step.
 */
export function getProxyKeys(
  args: GetProxyKeysArgs = {},
  options: InvokeOptions = {},
): Promise<ProxyKeyInfo[]> {
  const mock: MockedCall<ProxyKeyInfo[]> = {
    name: "getProxyKeys",
    args,
    shape: "{ keys: [] }",
    result: ({ keys }) => (Array.isArray(keys) ? keys : undefined),
  };
  return invoke(
    { what: "Cannot list the account's proxy keys", mock },
    options,
    async (operation, { infoOf }) => {
      const nowMs = operation.call.clock.nowMs();
      const fits = keyFilter(args, nowMs);
      const keys = await allKeys.get(operation);
      return keys
        .map((wire) => infoOf(wire, nowMs))
        .filter(fits)
        .toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
    },
  );
}

/** `getProxyKeys` for arguments, and for an `Account`'s settings, that are outputs. */
export function getProxyKeysOutput(
  args: { [K in keyof GetProxyKeysArgs]: pulumi.Input<GetProxyKeysArgs[K]> } = {},
  options: InvokeOptions = {},
): pulumi.Output<ProxyKeyInfo[]> {
  return invokeOutput<GetProxyKeysArgs, ProxyKeyInfo[]>(
    args as pulumi.Input<GetProxyKeysArgs>,
    options,
    (known) => getProxyKeys(known, options),
  );
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
