import type { Clock } from "../../provider/util/clock";

/** A clock whose sleeps end immediately and move the time: hours of waiting take no real time. */
export class InstantClock implements Clock {
  #nowMs: number;

  /** @param startMs The start in milliseconds since the Unix epoch. Default: 2026-01-01T00:00:00Z. */
  constructor(startMs: number = Date.UTC(2026, 0, 1)) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  async sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.#nowMs += Math.max(0, delayMs);
  }
}
