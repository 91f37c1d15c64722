import { randomBytes } from "node:crypto";
import {
  type AccountOptions,
  type AccountPermissions,
  KEY_CAPS,
  type KeyCapTier,
  type OutsideChange,
  type OutsideKey,
  type SimulatedAccount,
} from "./simulatedAccount";
import type { SimulatedClock } from "./simulatedClock";
import { KeyBook } from "./keyBook";
import { type SimulatedKeySettings, type SimulatedKey, snapshot } from "./keyRecord";
import { type RateFigures, type SimulatedRateLimit, RequestWindow } from "./requestWindow";

const FREE_PROFILE_INTERVAL_MS = 60_000;

/** One account: its keys, its API key, its request window, and changes from outside. */
export class AccountModel implements SimulatedAccount {
  readonly name: string;
  readonly tier: KeyCapTier | undefined;
  permissions: AccountPermissions;
  ipLimited: boolean;
  paused: boolean;
  budgetCap: number;
  readonly book: KeyBook;
  readonly #clock: SimulatedClock;
  readonly #window: RequestWindow;
  #apiKey: string;
  #freeProfileAtMs: number | undefined;

  constructor(options: AccountOptions, clock: SimulatedClock) {
    this.name = options.name;
    this.#clock = clock;
    this.#apiKey = options.apiKey ?? `ek-${randomBytes(24).toString("hex")}`;
    this.tier = options.tier;
    const keyCap = options.keyCap ?? (options.tier === undefined ? 10_000 : KEY_CAPS[options.tier]);
    this.book = new KeyBook(options.balance ?? 100_000, keyCap, clock);
    this.permissions = { ...(options.permissions ?? { manageProxyKeys: true }) };
    this.ipLimited = options.ipLimited ?? false;
    this.paused = options.paused ?? false;
    this.budgetCap = options.budgetCap ?? 10_000;
    this.#window = new RequestWindow(options);
  }

  get apiKey(): string {
    return this.#apiKey;
  }

  get balance(): number {
    return this.book.balance;
  }

  set balance(credits: number) {
    this.book.balance = credits;
  }

  get totalCredits(): number {
    return this.book.totalCredits;
  }

  get keyCap(): number {
    return this.book.keyCap;
  }

  set keyCap(keyCap: number) {
    this.book.keyCap = keyCap;
  }

  get rateLimit(): SimulatedRateLimit | undefined {
    return this.#window.rateLimit;
  }

  set rateLimit(rateLimit: SimulatedRateLimit | undefined) {
    this.#window.rateLimit = rateLimit;
  }

  get cooldownUntilMs(): number | undefined {
    return this.#window.cooldownUntilMs;
  }

  keys(): readonly SimulatedKey[] {
    return [...this.book.records.values()].map(snapshot);
  }

  findKey(nameOrKey: string): SimulatedKey | undefined {
    const record = this.book.find(nameOrKey);
    return record && snapshot(record);
  }

  addKey({
    key,
    isActive,
    usedAmount,
    createdAtUnixS,
    lastUsedUnixS,
    ...settings
  }: OutsideKey): SimulatedKey {
    const record = this.book.create({ ...DEFAULT_SETTINGS, ...settings }, key);
    if (usedAmount !== undefined) this.book.use(record, usedAmount);
    if (isActive !== undefined) record.isActive = isActive;
    if (createdAtUnixS !== undefined) record.createdAtUnixS = createdAtUnixS;
    if (lastUsedUnixS !== undefined) record.lastUsedUnixS = lastUsedUnixS;
    return snapshot(record);
  }

  updateKey(nameOrKey: string, change: OutsideChange): SimulatedKey {
    const record = this.book.require(nameOrKey);
    const { isActive, createdAtUnixS, lastUsedUnixS, ...settings } = change;
    const { name, expiresAtUnixS, allocatedAmount, modelWhitelist, ipWhitelist, limitType } =
      snapshot(record);
    this.book.replace(record, {
      name,
      expiresAtUnixS,
      allocatedAmount,
      modelWhitelist,
      ipWhitelist,
      limitType,
      ...settings,
    });
    if (isActive !== undefined) record.isActive = isActive;
    if (createdAtUnixS !== undefined) record.createdAtUnixS = createdAtUnixS;
    if (lastUsedUnixS !== undefined) record.lastUsedUnixS = lastUsedUnixS;
    record.activeVersion += 1;
    return snapshot(record);
  }

  disableKey(nameOrKey: string): SimulatedKey {
    return this.updateKey(nameOrKey, { isActive: false });
  }

  removeKey(nameOrKey: string): number {
    return this.book.remove(this.book.require(nameOrKey));
  }

  spend(nameOrKey: string, credits: number): SimulatedKey {
    const record = this.book.require(nameOrKey);
    this.book.use(record, credits);
    return snapshot(record);
  }

  takeFromWindow(requests: number): void {
    for (let taken = 0; taken < requests; taken += 1) this.#window.take(this.#clock.nowMs());
  }

  /** Counts a request in the window. Returns false if it exceeds the limit. */
  admit(isProfileRequest: boolean): boolean {
    const nowMs = this.#clock.nowMs();
    const isFree =
      isProfileRequest && nowMs - (this.#freeProfileAtMs ?? -Infinity) >= FREE_PROFILE_INTERVAL_MS;
    if (!isFree) return this.#window.take(nowMs);
    // A profile request that gets 429 does not use up the free one.
    if (!this.#window.passCooldown(nowMs)) return false;
    this.#freeProfileAtMs = nowMs;
    return true;
  }

  rateFigures(): RateFigures | undefined {
    return this.#window.figures(this.#clock.nowMs());
  }

  /** Returns the time until a request is admitted again. */
  waitMs(): number {
    return this.#window.waitMs(this.#clock.nowMs());
  }

  regenerateApiKey(): string {
    this.#apiKey = `ek-${randomBytes(24).toString("hex")}`;
    return this.#apiKey;
  }
}

const DEFAULT_SETTINGS = {
  expiresAtUnixS: -1,
  allocatedAmount: 1,
  modelWhitelist: [],
  ipWhitelist: [],
  limitType: "daily",
} as const satisfies Partial<SimulatedKeySettings>;
