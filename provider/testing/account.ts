import type { KeySettings, SimulatedKey } from "./keyRecord";
import type { RateLimit } from "./rateWindow";

/** How many proxy keys each tier may have. */
export const KEY_CAPS = { free: 10, basic: 15, standard: 30, pro: 50, enterprise: 100 } as const;

export type KeyCapTier = keyof typeof KEY_CAPS;

/** Which management calls the account's API key may make. */
export interface AccountPermissions {
  manageProxyKeys: boolean;
}

export interface AccountOptions {
  /** How tests call the account; unique within a simulator. */
  readonly name: string;
  /** The master API key. Default: random. */
  readonly apiKey?: string;
  /** Credits. Default: 100,000. */
  readonly balance?: number;
  /** Sets the default of `keyCap` and what `GET /user/me` calls the subscription. Default: none. */
  readonly tier?: KeyCapTier;
  /** How many proxy keys the account may have. Default: the tier's cap, or 10,000 without a tier. */
  readonly keyCap?: number;
  /** Default: undefined, no limit and no rate-limit headers. */
  readonly rateLimit?: RateLimit | undefined;
  /** Milliseconds for which everything is refused once the limit was exceeded. Default: 180,000. */
  readonly cooldownMs?: number;
  /** Whether a call refused during the cooldown starts it anew. Default: false. */
  readonly refusedCallsExtendCooldown?: boolean;
  /** Default: everything is permitted. */
  readonly permissions?: AccountPermissions;
  /** Every call is refused with 403: too many API keys for this IP address. Default: false. */
  readonly ipLimited?: boolean;
  /** Every call is refused with 403: the plan is paused. Default: false. */
  readonly paused?: boolean;
}

/** A key that somebody made outside of the code under test. */
export interface OutsideKey extends Partial<KeySettings> {
  name: string;
  /** Default: random. */
  key?: string;
  /** Default: true. */
  isActive?: boolean;
  /** Credits used so far; counted as spent. Default: 0. */
  usedAmount?: number;
  /** Unix seconds. Default: now. */
  createdAtUnixS?: number;
  /** Unix seconds. Default: null, or now when `usedAmount` is given. */
  lastUsedUnixS?: number | null;
}

/** A change that somebody made outside of the code under test; what is left out stays as it is. */
export interface OutsideChange extends Partial<KeySettings> {
  isActive?: boolean;
  createdAtUnixS?: number;
  lastUsedUnixS?: number | null;
}

/**
 * An account of the simulated API, seen from outside: what it holds, and what others do to it.
 * Wherever a key is named, its secret or its name will do; a name that several keys share is refused.
 */
export interface SimulatedAccount {
  readonly name: string;
  /** The master API key; a regeneration replaces it. */
  readonly apiKey: string;
  /** Credits not given to any key. Setting it is a top-up or a withdrawal. */
  balance: number;
  /** Balance, plus what the keys have not used, plus what was ever spent: constant under every call of the API. */
  readonly totalCredits: number;
  readonly tier: KeyCapTier | undefined;
  keyCap: number;
  rateLimit: RateLimit | undefined;
  permissions: AccountPermissions;
  ipLimited: boolean;
  paused: boolean;
  /** Milliseconds since the Unix epoch at which the latest cooldown ends or ended; undefined before the first. */
  readonly cooldownUntilMs: number | undefined;
  /** Every key, oldest first. */
  keys(): readonly SimulatedKey[];
  findKey(nameOrKey: string): SimulatedKey | undefined;
  /** Creates a key outside of the code under test; the balance and the cap hold for it too. */
  addKey(key: OutsideKey): SimulatedKey;
  /** Changes a key outside of the code under test; the balance pays for a larger allocation. */
  updateKey(nameOrKey: string, change: OutsideChange): SimulatedKey;
  disableKey(nameOrKey: string): SimulatedKey;
  /** Removes a key outside of the code under test. @returns the unused credits, which are back in the balance. */
  removeKey(nameOrKey: string): number;
  /** The key is used for `credits` now. @throws when its budget does not allow it. */
  spend(nameOrKey: string, credits: number): SimulatedKey;
  /** Replaces the master API key, as its owner does outside of the code under test. @returns the new one. */
  regenerateApiKey(): string;
  /** Another user of the account sends `requests` requests now; sending too many starts the cooldown. */
  takeFromWindow(requests: number): void;
}
