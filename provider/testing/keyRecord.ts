/** The window over which a key's budget is counted. */
export type LimitType = "daily" | "weekly" | "monthly";

/** A key as the simulator knows it, at the moment of asking: a snapshot, never a live view. */
export interface SimulatedKey {
  readonly name: string;
  /** The secret itself. */
  readonly key: string;
  /** Unix seconds; -1: never. */
  readonly expiresAtUnixS: number;
  /** Credits given to the key. */
  readonly allocatedAmount: number;
  /** Credits used so far. */
  readonly usedAmount: number;
  readonly isActive: boolean;
  /** Empty: every model. */
  readonly modelWhitelist: readonly string[];
  /** Empty: any address. */
  readonly ipWhitelist: readonly string[];
  /** Unix seconds. */
  readonly createdAtUnixS: number;
  /** Unix seconds; null: never used. */
  readonly lastUsedUnixS: number | null;
  /** Known to the API, yet never part of any answer. */
  readonly limitType: LimitType;
}

/** The settings that an update replaces. */
export interface KeySettings {
  name: string;
  expiresAtUnixS: number;
  allocatedAmount: number;
  modelWhitelist: readonly string[];
  ipWhitelist: readonly string[];
  limitType: LimitType;
}

/** The living key. Credits are whole micro-credits, so that 0.1 + 0.2 is 0.3. */
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
  /** Grows with every toggle and every change from outside. */
  activeVersion: number;
  /** The latest version that an answer showed to a caller; -1: none yet. */
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

/** What the key still reserves of its account's credits. */
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
