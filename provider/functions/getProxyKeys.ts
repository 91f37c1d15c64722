import * as pulumi from "@pulumi/pulumi";
import { answered, beginQuery, type QueryOptions } from "./query";
import { infoOf, type ProxyKeyInfo } from "./proxyKeyInfo";

/** Which keys are asked for; every condition that is given must hold. */
export interface GetProxyKeysArgs {
  namePrefix?: string;
  enabled?: boolean;
  expired?: boolean;
  /** Only keys that expire before this instant (ISO 8601); keys that never expire are left out. */
  expiresBefore?: string;
}

/**
 * The account's keys, without their secrets, by name. One call for all who ask at about the same time.
 *
 * @throws RunError that says why, and what to do next.
 */
export function getProxyKeys(
  args: GetProxyKeysArgs = {},
  options: QueryOptions = {},
): Promise<ProxyKeyInfo[]> {
  return answered("Cannot list the account's proxy keys", async () => {
    const { snapshot, wait } = beginQuery(options);
    const { keys } = await snapshot.get(wait);
    return keys
      .map((wire) => infoOf(wire, wait.clock.nowMs()))
      .filter((info) => matches(info, args))
      .toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  });
}

/** `getProxyKeys` for arguments that are outputs. */
export function getProxyKeysOutput(
  args: { [K in keyof GetProxyKeysArgs]: pulumi.Input<NonNullable<GetProxyKeysArgs[K]>> } = {},
  options: QueryOptions = {},
): pulumi.Output<ProxyKeyInfo[]> {
  return pulumi.output(args).apply((known) => getProxyKeys(known as GetProxyKeysArgs, options));
}

function matches(
  info: ProxyKeyInfo,
  { namePrefix, enabled, expired, expiresBefore }: GetProxyKeysArgs,
): boolean {
  if (namePrefix !== undefined && !info.name.startsWith(namePrefix)) return false;
  if (enabled !== undefined && info.enabled !== enabled) return false;
  if (expired !== undefined && info.expired !== expired) return false;
  // "never" is no date, and comes before none.
  return expiresBefore === undefined || Date.parse(info.expiresAt) < Date.parse(expiresBefore);
}
