import type { Fixture } from "../fixture";

export type JsonValue = string | number | boolean | null | readonly string[];

/** A key object of the API without some fields. */
export function shown(fixture: Fixture, key: string, without: readonly string[]): Record<string, JsonValue> {
  const known = fixture.simulator.account().findKey(key);
  if (known === undefined) throw new Error("The account has no such key.");
  const whole = {
    name: known.name,
    key,
    expires_at: known.expiresAtUnixS,
    allocated_ammount: known.allocatedAmount,
    used_ammount: known.usedAmount,
    is_active: known.isActive,
    model_whitelist: known.modelWhitelist,
    ip_whitelist: known.ipWhitelist,
    created_at: known.createdAtUnixS,
    last_used: known.lastUsedUnixS,
  };
  return Object.fromEntries(Object.entries(whole).filter(([name]) => !without.includes(name)));
}
