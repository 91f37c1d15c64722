import type { KeyObject } from "../api/wire";
import { inputsFromWire, outputsFromWire, plainJson, type ProxyKeyOutputs } from "../lifecycle/state";
import type { ProxyKeyInputs } from "../lifecycle/inputs";

/** What the account says of a key, as of the time of asking. The API never tells a key's budget window. */
export interface ProxyKeyInfo {
  /** Several keys of an account may have the same. */
  name: ProxyKeyInputs["name"];
  /** Credits that the key may spend in each window. */
  budget: ProxyKeyInputs["budget"];
  /** Credits spent in the current window. */
  usedBudget: ProxyKeyOutputs["usedBudget"];
  /** `"never"`, or an ISO 8601 instant in UTC. */
  expiresAt: ProxyKeyInputs["expiresAt"];
  /** The key has expired, by this machine's clock. */
  expired: boolean;
  /** Ids of the models that the key may use, sorted, or `"all"`. */
  models: ProxyKeyInputs["models"];
  /** IP addresses and CIDR blocks that may use the key, sorted, or `"any"`. */
  allowedIps: ProxyKeyInputs["allowedIps"];
  /** Somebody may have disabled the key. A key that has expired may be enabled nonetheless. */
  enabled: ProxyKeyInputs["enabled"];
  /** `pk-` and 16 hexadecimal digits. Absent where the account's list does not show its keys. */
  fingerprint?: string | undefined;
  /** When the key was made, an ISO 8601 instant. Absent where the API does not tell. */
  createdAt?: ProxyKeyOutputs["createdAt"];
  /** When the key was last used, an ISO 8601 instant. Absent while it never was. */
  lastUsedAt?: ProxyKeyOutputs["lastUsedAt"];
}

export function infoOf(wire: KeyObject, nowMs: number): ProxyKeyInfo {
  const { name, budget, expiresAt, models, allowedIps, enabled } = inputsFromWire(wire, {});
  const { fingerprint, createdAt, lastUsedAt, usedBudget } = outputsFromWire(wire.key ?? "", wire);
  return plainJson({
    name,
    budget,
    expiresAt,
    models,
    allowedIps,
    enabled,
    expired: wire.expires_at >= 0 && wire.expires_at * 1_000 <= nowMs,
    fingerprint: wire.key === undefined ? undefined : fingerprint,
    createdAt,
    lastUsedAt,
    usedBudget,
  });
}
