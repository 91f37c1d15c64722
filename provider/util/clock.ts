/** The source of time, which tests replace. */
export interface Clock {
  /** Since the Unix epoch. */
  nowMs(): number;
  /**
   * Resolves after a delay.
   *
   * @throws the signal's reason as soon as the signal aborts.
   */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

/** The longest delay of a Node timer. A timer with a longer one fires immediately. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The clock of the machine. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  sleep: (delayMs, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason as Error);
        return;
      }
      const onAbort = () => {
        clearTimeout(timer);
        reject(signal?.reason as Error);
      };
      const timer = setTimeout(
        () => {
          signal?.removeEventListener("abort", onAbort);
          resolve();
        },
        Math.min(Math.max(0, delayMs), MAX_TIMER_MS),
      );
      signal?.addEventListener("abort", onAbort, { once: true });
    }),
};
