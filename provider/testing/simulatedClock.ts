import { setTimeout as delay } from "node:timers/promises";

/** The simulator's only source of time. Injected, so that tests never sleep. */
export interface SimulatedClock {
  /** Returns the time in milliseconds since the Unix epoch. */
  nowMs(): number;
  /** Resolves after the delay. Rejects with the signal's reason if the signal aborts. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

/** The clock of the machine. */
export const realClock: SimulatedClock = {
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
 * A clock that only moves when `advance` is called.
 *
 * @example
 * const clock = new ManualClock();
 * const nap = clock.sleep(1_000);
 * await clock.advance(1_000);
 * await nap;
 */
export class ManualClock implements SimulatedClock {
  #nowMs: number;
  #targetMs: number;
  readonly #sleepers = new Set<Sleeper>();

  /** @param startMs The start in milliseconds since the Unix epoch. Default: 2026-01-01T00:00:00Z. */
  constructor(startMs: number = Date.UTC(2026, 0, 1)) {
    this.#nowMs = startMs;
    this.#targetMs = startMs;
  }

  /** The number of sleepers that wait for the clock to move. */
  get sleeping(): number {
    return this.#sleepers.size;
  }

  /** Returns the time in milliseconds since the Unix epoch. */
  nowMs(): number {
    return this.#nowMs;
  }

  /** Resolves when the clock has moved by the delay. Rejects if the signal aborts. */
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
   * Moves the clock forward. Wakes each due sleeper at its own time, in order. Code that a sleeper
   * runs next, including another sleep, runs before the next sleeper wakes.
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
      // Strictly earlier: sleepers with the same due time wake in the order of their calls.
      if (earliest === undefined || sleeper.dueMs < earliest.dueMs) earliest = sleeper;
    }
    return earliest;
  }
}
