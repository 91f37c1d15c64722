/** The window in which a key's budget is counted. */
export type LimitType = "daily" | "weekly" | "monthly";

/** A snapshot of a key. Later changes do not affect it. */
export interface SimulatedKey {
  /** The key's name. */
  readonly name: string;
  /** The key itself, a secret. */
  readonly key: string;
  /** Expiry time in Unix seconds. -1: never. */
  readonly expiresAtUnixS: number;
  /** Credits allocated to the key. */
  readonly allocatedAmount: number;
  /** Used credits. */
  readonly usedAmount: number;
  /** Whether the key is enabled. */
  readonly isActive: boolean;
  /** Allowed models. Empty: all. */
  readonly modelWhitelist: readonly string[];
  /** Allowed IP addresses and CIDR blocks. Empty: all. */
  readonly ipWhitelist: readonly string[];
  /** Creation time in Unix seconds. */
  readonly createdAtUnixS: number;
  /** Time of the last use in Unix seconds. null: never. */
  readonly lastUsedUnixS: number | null;
  /** The budget's window. No response of the API contains it. */
  readonly limitType: LimitType;
}

/** The settings that an update replaces. */
export interface SimulatedKeySettings {
  /** The key's name, up to 25 characters. */
  name: string;
  /** Expiry time in Unix seconds. -1: never. Default for a key from outside: -1. */
  expiresAtUnixS: number;
  /** Credits allocated to the key. Default for a key from outside: 1. */
  allocatedAmount: number;
  /** Allowed models. Empty, the default for a key from outside: all. */
  modelWhitelist: readonly string[];
  /** Allowed IP addresses and CIDR blocks. Empty, the default for a key from outside: all. */
  ipWhitelist: readonly string[];
  /** The budget's window. Default for a key from outside: "daily". */
  limitType: LimitType;
}

/** The stored key. Credits are whole micro-credits, so that 0.1 + 0.2 is 0.3. */
export interface KeyRecord {
  readonly key: string;
  name: string;
  expiresAtUnixS: number;
  allocatedMicro: number;
  usedMicro: number;
  isActive: boolean;
  modelWhitelist: readonly string[];
  ipWhitelist: readonly string[];
  createdAtUnixS: number;
  lastUsedUnixS: number | null;
  limitType: LimitType;
  /** Increases with every toggle and every change from outside. */
  activeVersion: number;
  /** The latest version that a response has shown. -1: none. */
  observedVersion: number;
}

const MICRO_PER_CREDIT = 1_000_000;

export function toMicro(credits: number): number {
  const micro = Math.round(credits * MICRO_PER_CREDIT);
  if (!Number.isSafeInteger(micro)) throw new RangeError(`${credits} is not an amount of credits.`);
  return micro;
}

export function toCredits(micro: number): number {
  return micro / MICRO_PER_CREDIT;
}

/** The allocated credits that are not used. */
export function unusedMicro(record: KeyRecord): number {
  return Math.max(0, record.allocatedMicro - record.usedMicro);
}

export function snapshot(record: KeyRecord): SimulatedKey {
  return Object.freeze({
    name: record.name,
    key: record.key,
    expiresAtUnixS: record.expiresAtUnixS,
    allocatedAmount: toCredits(record.allocatedMicro),
    usedAmount: toCredits(record.usedMicro),
    isActive: record.isActive,
    modelWhitelist: [...record.modelWhitelist],
    ipWhitelist: [...record.ipWhitelist],
    createdAtUnixS: record.createdAtUnixS,
    lastUsedUnixS: record.lastUsedUnixS,
    limitType: record.limitType,
  });
}
