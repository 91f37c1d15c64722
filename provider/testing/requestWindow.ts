/** The number of requests that an account may send in a sliding window. */
export interface SimulatedRateLimit {
  /** Requests per window. */
  readonly limit: number;
  /** The length of the window. */
  readonly windowMs: number;
}

/** The values of the `X-RateLimit-*` headers. */
export interface RateFigures {
  readonly limit: number;
  readonly remaining: number;
  /** When a request is admitted again, in Unix seconds: the end of the cooldown, or when the oldest request leaves. */
  readonly resetUnixS: number;
}

export interface RequestWindowOptions {
  readonly rateLimit?: SimulatedRateLimit | undefined;
  /** The time during which all requests get 429 after the limit was exceeded. Default: 180,000. */
  readonly cooldownMs?: number;
  /** Whether a request during the cooldown restarts it. Default: false. */
  readonly requestsExtendCooldown?: boolean;
}

/** A sliding-window log with a cooldown after exceeding the limit. Requests that get 429 are not counted. */
export class RequestWindow {
  rateLimit: SimulatedRateLimit | undefined;
  readonly #cooldownMs: number;
  readonly #requestsExtendCooldown: boolean;
  #cooldownUntilMs: number | undefined;
  #admittedAtMs: number[] = [];

  constructor(options: RequestWindowOptions = {}) {
    this.rateLimit = options.rateLimit;
    this.#cooldownMs = options.cooldownMs ?? 180_000;
    this.#requestsExtendCooldown = options.requestsExtendCooldown ?? false;
  }

  /** The end of the latest cooldown in milliseconds since the Unix epoch. undefined: there was none. */
  get cooldownUntilMs(): number | undefined {
    return this.#cooldownUntilMs;
  }

  /** Counts a request that arrives now. Returns false if it exceeds the limit. */
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

  /** Whether no cooldown is active, for requests that are not counted. */
  passCooldown(nowMs: number): boolean {
    if (this.rateLimit === undefined || nowMs >= (this.#cooldownUntilMs ?? -Infinity)) return true;
    if (this.#requestsExtendCooldown) this.#cooldownUntilMs = nowMs + this.#cooldownMs;
    return false;
  }

  /** Returns the time until a request is admitted again. 0: now. */
  waitMs(nowMs: number): number {
    if (this.rateLimit === undefined) return 0;
    this.#prune(nowMs);
    const freeAtMs =
      this.#admittedAtMs.length >= this.rateLimit.limit
        ? (this.#admittedAtMs[0] ?? nowMs) + this.rateLimit.windowMs
        : nowMs;
    return Math.max(freeAtMs, this.#cooldownUntilMs ?? nowMs, nowMs) - nowMs;
  }

  /** Returns the header values. undefined: no limit. */
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
