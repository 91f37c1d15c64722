import { randomBytes } from "node:crypto";
import type { SimulatedClock } from "./simulatedClock";
import { type KeyRecord, type SimulatedKeySettings, toCredits, toMicro, unusedMicro } from "./keyRecord";
import { RequestError } from "./requestError";

/** The keys and credits of one account. Every method is one atomic change. */
export class KeyBook {
  readonly records = new Map<string, KeyRecord>();
  keyCap: number;
  readonly #clock: SimulatedClock;
  #balanceMicro: number;
  #spentMicro = 0;

  constructor(balance: number, keyCap: number, clock: SimulatedClock) {
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

  create(settings: SimulatedKeySettings, key = `ek-proxy-${randomBytes(24).toString("hex")}`): KeyRecord {
    if (this.records.size >= this.keyCap)
      throw new RequestError(403, `Maximum number of proxy keys reached (${this.keyCap})`);
    if (this.records.has(key)) throw new Error("The account already has this key.");
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

  replace(record: KeyRecord, settings: SimulatedKeySettings): void {
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

  /** Moves credits between balance and key. Used credits cannot return to the balance. */
  #allocate(record: KeyRecord, credits: number): void {
    const wantedMicro = toMicro(credits);
    const costMicro = Math.max(0, wantedMicro - record.usedMicro) - unusedMicro(record);
    if (costMicro > 0 && costMicro > this.#balanceMicro) throw new RequestError(402, "Insufficient balance");
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
      throw new Error(`${named.length} keys are named "${nameOrKey}". Use the key instead of its name.`);
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

function withoutAmount(settings: SimulatedKeySettings): Omit<SimulatedKeySettings, "allocatedAmount"> {
  const { allocatedAmount: _, ...rest } = settings;
  return rest;
}

/** A name, or a masked key. */
function masked(nameOrKey: string): string {
  return nameOrKey.startsWith("ek-") ? "ek-***" : `"${nameOrKey}"`;
}
