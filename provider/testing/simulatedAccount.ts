import type { SimulatedKeySettings, SimulatedKey } from "./keyRecord";
import type { SimulatedRateLimit } from "./requestWindow";

/** The maximum number of proxy keys in each tier. */
export const KEY_CAPS = { free: 10, basic: 15, standard: 30, pro: 50, enterprise: 100 } as const;

/** A subscription tier with a maximum number of proxy keys. */
export type KeyCapTier = keyof typeof KEY_CAPS;

/** What the account's API key may do. */
export interface AccountPermissions {
  /** Whether it may manage proxy keys. Otherwise such requests get 403. */
  manageProxyKeys: boolean;
}

export interface AccountOptions {
  /** The account's name in tests. Unique within a simulator. */
  readonly name: string;
  /** The master API key. Default: a random one. */
  readonly apiKey?: string;
  /** Credits that are not allocated to keys. Default: 100,000. */
  readonly balance?: number;
  /** The subscription in `GET /user/me`, and the default of `keyCap`. Default: none, shown as "enterprise". */
  readonly tier?: KeyCapTier;
  /** The maximum number of proxy keys. Default: the tier's maximum, or 10,000 without a tier. */
  readonly keyCap?: number;
  /** The maximum budget of one proxy key, in credits. Default: 10,000. */
  readonly budgetCap?: number;
  /** The rate limit. Default: undefined, no limit and no `X-RateLimit-*` headers. */
  readonly rateLimit?: SimulatedRateLimit | undefined;
  /** The time during which all requests get 429 after the limit was exceeded. Default: 180,000. */
  readonly cooldownMs?: number;
  /** Whether a request during the cooldown restarts it. Default: false. */
  readonly requestsExtendCooldown?: boolean;
  /** What the API key may do. Default: everything. */
  readonly permissions?: AccountPermissions;
  /** Whether all requests get 403: too many API keys for this IP address. Default: false. */
  readonly ipLimited?: boolean;
  /** Whether all requests get 403: the plan is paused. Default: false. */
  readonly paused?: boolean;
}

/** A key that was created outside of the code under test. */
export interface OutsideKey extends Partial<SimulatedKeySettings> {
  name: string;
  /** The key itself. Default: a random one. */
  key?: string;
  /** Whether the key is enabled. Default: true. */
  isActive?: boolean;
  /** Used credits. Default: 0. */
  usedAmount?: number;
  /** Creation time in Unix seconds. Default: now. */
  createdAtUnixS?: number;
  /** Time of the last use in Unix seconds. Default: null (never), or now with `usedAmount`. */
  lastUsedUnixS?: number | null;
}

/** A change that was made outside of the code under test. Omitted properties are not changed. */
export interface OutsideChange extends Partial<SimulatedKeySettings> {
  /** Whether the key is enabled. */
  isActive?: boolean;
  /** Creation time in Unix seconds. */
  createdAtUnixS?: number;
  /** Time of the last use in Unix seconds. null: never. */
  lastUsedUnixS?: number | null;
}

/**
 * An account of the simulated API: its content, and changes from outside of the code under test.
 * `nameOrKey` is a key or its name. Functions throw if several keys have the name.
 */
export interface SimulatedAccount {
  /** The account's name in tests. */
  readonly name: string;
  /** The master API key. A regeneration replaces it. */
  readonly apiKey: string;
  /** Credits that are not allocated to keys. */
  balance: number;
  /** Balance, unused credits of the keys, and all used credits. No request changes the sum. */
  readonly totalCredits: number;
  /** The subscription tier. */
  readonly tier: KeyCapTier | undefined;
  /** The maximum number of proxy keys. */
  keyCap: number;
  /** The maximum budget of one proxy key that a request may set. */
  budgetCap: number;
  /** The rate limit. undefined: none. */
  rateLimit: SimulatedRateLimit | undefined;
  /** What the API key may do. */
  permissions: AccountPermissions;
  /** Whether all requests get 403: too many API keys for this IP address. */
  ipLimited: boolean;
  /** Whether all requests get 403: the plan is paused. */
  paused: boolean;
  /** The end of the latest cooldown in milliseconds since the Unix epoch. undefined: there was none. */
  readonly cooldownUntilMs: number | undefined;
  /** Returns all keys, the oldest first. */
  keys(): readonly SimulatedKey[];
  /** Returns a key, or undefined if there is none. */
  findKey(nameOrKey: string): SimulatedKey | undefined;
  /** Creates a key outside of the code under test. @throws if the balance or the maximum does not allow it. */
  addKey(key: OutsideKey): SimulatedKey;
  /** Changes a key outside of the code under test. @throws if the balance does not allow the allocation. */
  updateKey(nameOrKey: string, change: OutsideChange): SimulatedKey;
  /** Disables a key outside of the code under test. */
  disableKey(nameOrKey: string): SimulatedKey;
  /** Removes a key outside of the code under test. @returns its unused credits, which return to the balance. */
  removeKey(nameOrKey: string): number;
  /** Uses credits of a key now. @throws if its budget does not allow it. */
  spend(nameOrKey: string, credits: number): SimulatedKey;
  /** Replaces the master API key outside of the code under test. @returns the new one. */
  regenerateApiKey(): string;
  /** Counts requests that another client of the account sends now. Exceeding the limit starts the cooldown. */
  takeFromWindow(requests: number): void;
}
