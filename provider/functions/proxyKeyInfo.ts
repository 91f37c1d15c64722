import type { KeyObject } from "../api/wire";
import { inputsFromWire, outputsFromWire, plainJson, type ProxyKeyOutputs } from "../lifecycle/state";
import type { ProxyKeyInputs } from "../lifecycle/inputs";

/** What the account says of a key; the API never tells its budget window. */
export interface ProxyKeyInfo
  extends
    Pick<ProxyKeyInputs, "name" | "budget" | "expiresAt" | "models" | "allowedIps" | "enabled">,
    Pick<ProxyKeyOutputs, "createdAt" | "lastUsedAt" | "usedBudget"> {
  /** `pk-` and 16 hexadecimal digits; absent where the account's list does not show its keys. */
  fingerprint?: string | undefined;
  /** The key has expired, as of the time of asking. */
  expired: boolean;
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
