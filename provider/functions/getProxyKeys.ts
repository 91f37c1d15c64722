import type * as pulumi from "@pulumi/pulumi";
import { parseDurationMs } from "../util/duration";
import { NEVER, readInstant } from "../lifecycle/schema/instants";
import type { ProxyKeyInfo } from "./proxyKeyInfo";
import { allKeys, invoke, invokeOutput, InvokeError } from "./invoke";
import type { InvokeOptions } from "./invokeOptions";

/**
 * Which keys are asked for: all conditions that are given must hold, and none holds for a key of which the account's list
 * does not tell. Default: every key of the account.
 */
export interface GetProxyKeysArgs {
  /** How the name begins. Generated names begin with the resource's. */
  namePrefix?: string | undefined;
  /** Keys that are enabled, or keys that are disabled. */
  enabled?: boolean | undefined;
  /** Keys that have expired, or keys that have not. */
  expired?: boolean | undefined;
  /** A duration such as `12h` or `14d`: keys that expire from now until then. Those that have expired are left out. */
  expiresWithin?: string | undefined;
  /**
   * An ISO 8601 instant or date (UTC), or Unix seconds: keys that expire before it. Those that have expired are among
   * them, those that never expire are not.
   */
  expiresBefore?: string | number | undefined;
}

/**
 * Keys of the account, by name, without their secrets. One call answers all who ask at the same time.
 *
 * @throws RunError that says why, and what to do next.
 */
export function getProxyKeys(
  args: GetProxyKeysArgs = {},
  options: InvokeOptions = {},
): Promise<ProxyKeyInfo[]> {
  return invoke("Cannot list the account's proxy keys", options, async (operation, { infoOf }) => {
    const nowMs = operation.wait.clock.nowMs();
    const fits = keyFilter(args, nowMs);
    const keys = await allKeys.answer(operation);
    return keys
      .map((wire) => infoOf(wire, nowMs))
      .filter(fits)
      .toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  });
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
 * Whether a key is among those that are asked for.
 *
 * @throws QuestionError when a condition can hold for no key, because it is malformed.
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
    // NaN where it is unknown, which fits no condition.
    const expiresMs = expiresAt === NEVER ? Infinity : Date.parse(expiresAt);
    if (withinMs !== undefined && (info.expired !== false || !(expiresMs <= nowMs + withinMs))) return false;
    return beforeMs === undefined || expiresMs < beforeMs;
  };
}

function durationMs(text: string): number {
  const ms = parseDurationMs(text);
  if (ms !== undefined) return ms;
  throw malformed("expiresWithin", "is no duration", "Write for example 12h or 14d.");
}

function instantMs(value: string | number): number {
  const instant = readInstant(value);
  if (instant !== undefined && instant !== NEVER) return Date.parse(instant);
  throw malformed(
    "expiresBefore",
    "is no instant",
    "Write an ISO 8601 instant or date such as 2030-01-31, or Unix seconds (not milliseconds).",
  );
}

function malformed(name: keyof GetProxyKeysArgs, why: string, nextStep: string): InvokeError {
  return new InvokeError({ why: `\`${name}\` ${why}.`, nextStep });
}
