import { hasExpired, merged, type KeyObject } from "../api/wire";
import type { Operation } from "../lifecycle/accountContext";
import {
  hiddenInputs,
  outputsFromWire,
  plainJson,
  shownInputs,
  type ProxyKeyOutputs,
} from "../lifecycle/schema/state";
import type { ProxyKeyInputs } from "../lifecycle/schema/inputs";

/**
 * What the account says of a key, as of the time of asking. The API never tells a key's budget window; what else its
 * response leaves out is absent.
 */
export interface ProxyKeyInfo {
  /** Several keys of an account may have the same. */
  name: ProxyKeyInputs["name"];
  /** Credits that the key may spend in each window. */
  budget: ProxyKeyInputs["budget"];
  /** Credits spent in the current window. */
  usedBudget?: ProxyKeyOutputs["usedBudget"] | undefined;
  /** `"never"`, or an ISO 8601 instant in UTC. */
  expiresAt?: ProxyKeyInputs["expiresAt"] | undefined;
  /** The key has expired, by this machine's clock. */
  expired?: boolean | undefined;
  /** Ids of the models that the key may use, sorted, or `"all"`. */
  models?: ProxyKeyInputs["models"] | undefined;
  /** IP addresses and CIDR blocks that may use the key, sorted, or `"any"`. */
  allowedIps?: ProxyKeyInputs["allowedIps"] | undefined;
  /** Somebody may have disabled the key. A key that has expired may be enabled nonetheless. */
  enabled?: ProxyKeyInputs["enabled"] | undefined;
  /** `pk-` and 16 hexadecimal digits. Absent where the account's list does not show its keys. */
  fingerprint?: string | undefined;
  /** When the key was made, an ISO 8601 instant. Absent where the API does not tell. */
  createdAt?: ProxyKeyOutputs["createdAt"];
  /** When the key was last used, an ISO 8601 instant. Absent while it never was, or where the API does not tell. */
  lastUsedAt?: ProxyKeyOutputs["lastUsedAt"];
}

export function infoOf(wire: KeyObject, nowMs: number): ProxyKeyInfo {
  const { fingerprint, createdAt, lastUsedAt, usedBudget } = outputsFromWire(wire.key ?? "", wire);
  return plainJson({
    ...shownInputs(wire),
    expired: hasExpired(wire, nowMs),
    fingerprint: wire.key === undefined ? undefined : fingerprint,
    createdAt,
    lastUsedAt,
    usedBudget,
  });
}

/** A key whose list entry leaves out what it is set to, by one lookup. */
export async function completed(wire: KeyObject, { client, wait }: Operation): Promise<KeyObject> {
  if (wire.key === undefined || hiddenInputs(wire).length === 0) return wire;
  return merged(wire, await client.lookup(wire.key, wait));
}
