/** How many requests an account may send within a sliding window. */
export interface RateLimit {
  /** Requests per window. */
  readonly limit: number;
  /** Length of the window, in milliseconds. */
  readonly windowMs: number;
}

/** What the `X-RateLimit-*` headers say. */
export interface RateFigures {
  readonly limit: number;
  readonly remaining: number;
  /** Unix seconds at which the next place becomes free: the cooldown's end, or when the oldest request leaves. */
  readonly resetUnixS: number;
}

export interface RateWindowOptions {
  readonly rateLimit?: RateLimit | undefined;
  /** Milliseconds for which everything is refused once the limit was exceeded. Default: 180,000. */
  readonly cooldownMs?: number;
  /** Whether a call refused during the cooldown starts it anew. Default: false. */
  readonly refusedCallsExtendCooldown?: boolean;
}

/** A sliding-window log with the cooldown that exceeding it starts. Refused requests take no place in the window. */
export class RateWindow {
  rateLimit: RateLimit | undefined;
  readonly #cooldownMs: number;
  readonly #refusedCallsExtendCooldown: boolean;
  #cooldownUntilMs: number | undefined;
  #admittedAtMs: number[] = [];

  constructor(options: RateWindowOptions = {}) {
    this.rateLimit = options.rateLimit;
    this.#cooldownMs = options.cooldownMs ?? 180_000;
    this.#refusedCallsExtendCooldown = options.refusedCallsExtendCooldown ?? false;
  }

  /** Milliseconds since the Unix epoch at which the latest cooldown ends or ended; undefined before the first. */
  get cooldownUntilMs(): number | undefined {
    return this.#cooldownUntilMs;
  }

  /** Takes a place for a request that arrives now; false when the request is refused. */
  take(nowMs: number): boolean {
    if (this.rateLimit === undefined) return true;
    if (!this.passCooldown(nowMs)) return false;
    this.#prune(nowMs);
    if (this.#admittedAtMs.length >= this.rateLimit.limit) {
      this.#cooldownUntilMs = nowMs + this.#cooldownMs;
      return false;
    }
    this.#admittedAtMs.push(nowMs);
    return true;
  }

  /** Whether no cooldown refuses a request that arrives now; for requests that are free of the quota. */
  passCooldown(nowMs: number): boolean {
    if (this.rateLimit === undefined || nowMs >= (this.#cooldownUntilMs ?? -Infinity)) return true;
    if (this.#refusedCallsExtendCooldown) this.#cooldownUntilMs = nowMs + this.#cooldownMs;
    return false;
  }

  /** Milliseconds until a request would be admitted again; 0 when there is room now. */
  waitMs(nowMs: number): number {
    if (this.rateLimit === undefined) return 0;
    this.#prune(nowMs);
    const freeAtMs =
      this.#admittedAtMs.length >= this.rateLimit.limit
        ? (this.#admittedAtMs[0] ?? nowMs) + this.rateLimit.windowMs
        : nowMs;
    return Math.max(freeAtMs, this.#cooldownUntilMs ?? nowMs, nowMs) - nowMs;
  }

  /** The header figures now; undefined without a limit. */
  figures(nowMs: number): RateFigures | undefined {
    if (this.rateLimit === undefined) return undefined;
    const { limit, windowMs } = this.rateLimit;
    this.#prune(nowMs);
    if (nowMs < (this.#cooldownUntilMs ?? -Infinity)) {
      return { limit, remaining: 0, resetUnixS: Math.ceil((nowMs + this.waitMs(nowMs)) / 1_000) };
    }
    const oldestMs = this.#admittedAtMs[0];
    return {
      limit,
      remaining: Math.max(0, limit - this.#admittedAtMs.length),
      resetUnixS: Math.ceil((oldestMs === undefined ? nowMs : oldestMs + windowMs) / 1_000),
    };
  }

  #prune(nowMs: number): void {
    const windowMs = this.rateLimit?.windowMs ?? 0;
    this.#admittedAtMs = this.#admittedAtMs.filter((atMs) => atMs > nowMs - windowMs);
  }
}
