import type { Clock } from "../util/clock";
import { formatDuration } from "../util/duration";
import { isUserError, type UserError } from "../util/userError";
import { isApiError, isMaxWait, isRateLimited, isRetryable, isServerError } from "./errorGuards";
import { MaxWaitError, type ApiError } from "./errors";

/** How often and how fast a failed request is retried. */
export interface RetryPolicy {
  /** Without attempts that got a 429. */
  maxAttempts: number;
  /** Upper bound of the first delay. Doubles with each attempt. */
  baseDelayMs: number;
  maxDelayMs: number;
}

export const DEFAULT_RETRY_POLICY: RetryPolicy = {
  maxAttempts: 6,
  baseDelayMs: 500,
  maxDelayMs: 20_000,
};

/** Options for every wait: clock, randomness, deadline, abort signal. */
export interface WaitOptions {
  clock: Clock;
  /** A number in [0, 1). */
  random: () => number;
  /** No wait may end after this instant. */
  deadlineMs: number;
  /** What set the deadline. Default: the setting `maxWait`. */
  limit?: WaitLimit | undefined;
  signal?: AbortSignal | undefined;
  /** The requests go before those with which other processes wait. */
  urgent?: boolean;
}

/** What limits waits, for messages. */
export interface WaitLimit {
  name: string;
  /** Where the user sets it. */
  where: string;
}

export const MAX_WAIT: WaitLimit = { name: "maxWait", where: "electronhub:maxWait" };

/** Capped exponential backoff with full jitter: a uniformly random delay up to the cap. */
export function backoffDelayMs(attempt: number, policy: RetryPolicy, random: () => number): number {
  return Math.round(random() * Math.min(policy.maxDelayMs, policy.baseDelayMs * 2 ** attempt));
}

/** Waits before the next attempt: the backoff, or longer if the server asks for it. */
export async function waitBeforeRetry(
  attempt: number,
  error: UserError,
  context: WaitOptions,
  policy: RetryPolicy = DEFAULT_RETRY_POLICY,
): Promise<void> {
  await waitAtLeast(0, attempt, error, context, policy);
}

/** A server may still carry out a request for a while after the connection broke. */
const LATE_EFFECT_MS = 3_000;

/** Waits until the account probably shows what a request without a clear response has done. */
export async function waitForLateEffect(
  attempt: number,
  unclear: UserError,
  context: WaitOptions,
): Promise<void> {
  await waitAtLeast(LATE_EFFECT_MS, attempt, unclear, context, DEFAULT_RETRY_POLICY);
}

async function waitAtLeast(
  leastMs: number,
  attempt: number,
  error: UserError,
  context: WaitOptions,
  policy: RetryPolicy,
): Promise<void> {
  const askedMs = isServerError(error) ? error.retryAfterMs : 0;
  const delayMs = Math.max(leastMs, askedMs, backoffDelayMs(attempt, policy, context.random));
  await waitWithin(delayMs, context, error);
}

/** Sleeps. @throws MaxWaitError if that would end after the deadline. */
async function waitWithin(delayMs: number, context: WaitOptions, reason: UserError): Promise<void> {
  const { clock, deadlineMs, limit = MAX_WAIT, signal } = context;
  if (clock.nowMs() + delayMs > deadlineMs) {
    const gaveUp = new MaxWaitError({
      status: isApiError(reason) ? reason.status : undefined,
      why: `${reason.why} Waiting another ${formatDuration(delayMs)} would exceed ${limit.name}.`,
      nextStep: `${reason.nextStep} Or raise ${limit.where}.`,
      cause: reason,
    });
    gaveUp.attempts = reason.attempts;
    throw gaveUp;
  }
  await clock.sleep(delayMs, signal);
}

/**
 * Repeats `attempt` while its error is retryable and `mayRepeat` allows.
 *
 * @param mayRepeat called for every retryable error. A request that must not take effect twice allows only errors that
 *   prove that it had no effect.
 * @throws the last error, with one line for each attempt.
 */
export async function withRetries<T>(
  attempt: (again: boolean) => Promise<T>,
  context: WaitOptions,
  {
    policy = DEFAULT_RETRY_POLICY,
    mayRepeat,
  }: { policy?: RetryPolicy | undefined; mayRepeat: (error: ApiError) => boolean },
): Promise<T> {
  const attempts: string[] = [];
  for (let failures = 0; ;) {
    try {
      return await attempt(attempts.length > 0);
    } catch (error) {
      // All waits that a signal ends have one reason in common, and none of them is an attempt.
      if (!isUserError(error) || error === context.signal?.reason) throw error;
      // A wait that was given up is not an attempt.
      if (!isMaxWait(error)) {
        attempts.push(`${new Date(context.clock.nowMs()).toISOString()} ${error.name}: ${error.why}`);
      }
      if (attempts.length > 1) error.attempts = attempts;
      if (!isRetryable(error) || !mayRepeat(error)) throw error;
      // Retries immediately: the rate limiter enforces the cooldown.
      if (isRateLimited(error)) continue;
      failures++;
      if (failures >= policy.maxAttempts) throw error;
      await waitBeforeRetry(failures - 1, error, context, policy);
    }
  }
}
