import { setTimeout as delay } from "node:timers/promises";

/** The only source of time; injected, so that tests never sleep. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  nowMs(): number;
  /** Resolves after `delayMs` milliseconds; rejects with the signal's reason once it is aborted. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  sleep: async (delayMs, signal) => {
    try {
      await delay(delayMs, undefined, signal === undefined ? {} : { signal });
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  },
};

interface Sleeper {
  readonly dueMs: number;
  readonly wake: () => void;
}

/**
 * A clock that moves only when told to.
 *
 * @example
 * const clock = new ManualClock();
 * const nap = clock.sleep(1_000);
 * await clock.advance(1_000);
 * await nap;
 */
export class ManualClock implements Clock {
  #nowMs: number;
  #targetMs: number;
  readonly #sleepers = new Set<Sleeper>();

  /** @param startMs Milliseconds since the Unix epoch. Default: 2026-01-01T00:00:00Z. */
  constructor(startMs: number = Date.UTC(2026, 0, 1)) {
    this.#nowMs = startMs;
    this.#targetMs = startMs;
  }

  /** How many sleepers wait for the clock to move. */
  get sleeping(): number {
    return this.#sleepers.size;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      if (delayMs <= 0) {
        resolve();
        return;
      }
      const abort = (): void => {
        this.#sleepers.delete(sleeper);
        reject(signal?.reason);
      };
      const sleeper: Sleeper = {
        dueMs: this.#nowMs + delayMs,
        wake: () => {
          signal?.removeEventListener("abort", abort);
          this.#sleepers.delete(sleeper);
          resolve();
        },
      };
      signal?.addEventListener("abort", abort, { once: true });
      this.#sleepers.add(sleeper);
    });
  }

  /**
   * Moves the clock by `durationMs` milliseconds. Due sleepers wake in the order of their due times, each seeing the
   * clock at its own due time; what a woken sleeper does next (sleeping again included) happens before the next one.
   */
  async advance(durationMs: number): Promise<void> {
    if (!(durationMs >= 0)) throw new RangeError(`A clock cannot move by ${durationMs} ms.`);
    this.#targetMs += durationMs;
    for (let next = this.#nextDue(); next !== undefined; next = this.#nextDue()) {
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.wake();
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    this.#nowMs = this.#targetMs;
  }

  #nextDue(): Sleeper | undefined {
    let earliest: Sleeper | undefined;
    for (const sleeper of this.#sleepers) {
      if (sleeper.dueMs > this.#targetMs) continue;
      // Strictly earlier only: sleepers that are due together wake in the order in which they fell asleep.
      if (earliest === undefined || sleeper.dueMs < earliest.dueMs) earliest = sleeper;
    }
    return earliest;
  }
}
