import { setTimeout as delay } from "node:timers/promises";

const INTERVAL_MS = 25;

/** Polls until the condition is true. Returns false if it is not within `limitMs`. */
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

/** Awaits the promise. @throws if it takes longer than `limitMs`. */
export async function within<T>(promise: Promise<T>, limitMs: number, what: string): Promise<T> {
  const limit = new AbortController();
  const tooLong = delay(limitMs, undefined, { signal: limit.signal }).then(() => {
    throw new Error(`${what} is not done after ${limitMs / 1_000} s.`);
  });
  tooLong.catch(() => {});
  return Promise.race([promise, tooLong]).finally(() => limit.abort());
}
