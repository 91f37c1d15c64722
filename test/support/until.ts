import { setTimeout as delay } from "node:timers/promises";

/** Milliseconds between two looks. */
const INTERVAL_MS = 25;

/** Looks again and again, until it is so; false when it is not within `limitMs` milliseconds. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  limitMs: number,
  intervalMs = INTERVAL_MS,
): Promise<boolean> {
  const deadline = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() > deadline) return false;
    await delay(intervalMs);
  }
  return true;
}

/** The promise, unless it takes longer than `limitMs` milliseconds; then an error that says what hangs. */
export async function within<T>(promise: Promise<T>, limitMs: number, what: string): Promise<T> {
  const limit = new AbortController();
  const tooLong = delay(limitMs, undefined, { signal: limit.signal }).then(() => {
    throw new Error(`${what} is not done after ${limitMs / 1_000} s.`);
  });
  tooLong.catch(() => {});
  return Promise.race([promise, tooLong]).finally(() => limit.abort());
}
