import { randomBytes } from "node:crypto";
import type { Clock } from "./clock";
import { type KeyRecord, type KeySettings, toCredits, toMicro, unusedMicro } from "./keyRecord";
import { Refusal } from "./refusal";

/** The keys of one account and the credits behind them. Every method is one atomic change. */
export class KeyBook {
  readonly records = new Map<string, KeyRecord>();
  keyCap: number;
  readonly #clock: Clock;
  #balanceMicro: number;
  #spentMicro = 0;

  constructor(balance: number, keyCap: number, clock: Clock) {
    this.#balanceMicro = toMicro(balance);
    this.keyCap = keyCap;
    this.#clock = clock;
  }

  get balance(): number {
    return toCredits(this.#balanceMicro);
  }

  set balance(credits: number) {
    this.#balanceMicro = toMicro(credits);
  }

  get totalCredits(): number {
    const reservedMicro = [...this.records.values()].reduce((sum, record) => sum + unusedMicro(record), 0);
    return toCredits(this.#balanceMicro + reservedMicro + this.#spentMicro);
  }

  create(settings: KeySettings, key = `ek-proxy-${randomBytes(24).toString("hex")}`): KeyRecord {
    if (this.records.size >= this.keyCap)
      throw new Refusal(403, `Maximum number of proxy keys reached (${this.keyCap})`);
    if (this.records.has(key)) throw new Error("The account has this key already.");
    const record: KeyRecord = {
      ...withoutAmount(settings),
      key,
      allocatedMicro: 0,
      usedMicro: 0,
      isActive: true,
      createdAtUnixS: this.#nowUnixS(),
      lastUsedUnixS: null,
      activeVersion: 0,
      observedVersion: -1,
    };
    this.#allocate(record, settings.allocatedAmount);
    this.records.set(key, record);
    return record;
  }

  replace(record: KeyRecord, settings: KeySettings): void {
    this.#allocate(record, settings.allocatedAmount);
    Object.assign(record, withoutAmount(settings));
  }

  toggle(record: KeyRecord): void {
    record.isActive = !record.isActive;
    record.activeVersion += 1;
  }

  remove(record: KeyRecord): number {
    const unused = unusedMicro(record);
    this.records.delete(record.key);
    this.#balanceMicro += unused;
    return toCredits(unused);
  }

  removeAll(): void {
    for (const record of this.records.values()) this.remove(record);
  }

  /** Moves credits between balance and key. What the key has used is spent: lowering below it returns no more. */
  #allocate(record: KeyRecord, credits: number): void {
    const wantedMicro = toMicro(credits);
    const costMicro = Math.max(0, wantedMicro - record.usedMicro) - unusedMicro(record);
    if (costMicro > 0 && costMicro > this.#balanceMicro) throw new Refusal(402, "Insufficient balance");
    this.#balanceMicro -= costMicro;
    record.allocatedMicro = wantedMicro;
  }

  use(record: KeyRecord, credits: number): void {
    const micro = toMicro(credits);
    if (micro < 0) throw new RangeError(`A key cannot be used for ${credits} credits.`);
    const unused = unusedMicro(record);
    if (micro > unused) {
      throw new Error(
        `The key "${record.name}" has ${toCredits(unused)} credits left and cannot be used for ${credits}.`,
      );
    }
    record.usedMicro += micro;
    record.lastUsedUnixS = this.#nowUnixS();
    this.#spentMicro += micro;
  }

  find(nameOrKey: string): KeyRecord | undefined {
    const byKey = this.records.get(nameOrKey);
    if (byKey !== undefined) return byKey;
    const named = [...this.records.values()].filter((record) => record.name === nameOrKey);
    if (named.length > 1)
      throw new Error(`${named.length} keys are named "${nameOrKey}"; say which by its key.`);
    return named[0];
  }

  require(nameOrKey: string): KeyRecord {
    const record = this.find(nameOrKey);
    if (record === undefined) throw new Error(`The account has no such key: ${masked(nameOrKey)}.`);
    return record;
  }

  #nowUnixS(): number {
    return Math.floor(this.#clock.nowMs() / 1_000);
  }
}

function withoutAmount(settings: KeySettings): Omit<KeySettings, "allocatedAmount"> {
  const { allocatedAmount: _, ...rest } = settings;
  return rest;
}

/** A name as it is; a key without its secret. */
function masked(nameOrKey: string): string {
  return nameOrKey.startsWith("ek-") ? "ek-***" : `"${nameOrKey}"`;
}
