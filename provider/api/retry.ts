import type { Clock } from "../util/clock";
import { formatDuration } from "../util/duration";
import { isUserError, type UserError } from "../util/userError";
import { isApiError, isMaxWait, isRateLimited, isRetryable, isServerError } from "./errorGuards";
import { MaxWaitError, type ApiError } from "./errors";

/** How often and how fast a failed request is sent again. */
export interface RetryPolicy {
  /** Tries in all, refusals for the rate not counted. */
  maxAttempts: number;
  /** Milliseconds: the longest first delay. Doubles from try to try. */
  baseDelayMs: number;
  /** Milliseconds: no delay is longer. */
  maxDelayMs: number;
}

export const DEFAULT_RETRY_POLICY: RetryPolicy = {
  maxAttempts: 6,
  baseDelayMs: 500,
  maxDelayMs: 20_000,
};

/** What every wait needs: whose time, whose chance, and when to give up. */
export interface WaitOptions {
  clock: Clock;
  /** A number in [0, 1). */
  random: () => number;
  /** Milliseconds since the epoch after which no wait may end. */
  deadlineMs: number;
  signal?: AbortSignal | undefined;
}

/** Capped exponential backoff with full jitter: any delay up to the cap is as likely, so that clients spread out. */
export function backoffDelayMs(attempt: number, policy: RetryPolicy, random: () => number): number {
  return Math.round(random() * Math.min(policy.maxDelayMs, policy.baseDelayMs * 2 ** attempt));
}

/** Waits before the next try after `error`: the backoff, or as long as the server asks for. */
export async function waitBeforeRetry(
  attempt: number,
  error: UserError,
  context: WaitOptions,
  policy: RetryPolicy = DEFAULT_RETRY_POLICY,
): Promise<void> {
  const askedMs = isServerError(error) ? error.retryAfterMs : 0;
  await waitWithin(Math.max(askedMs, backoffDelayMs(attempt, policy, context.random)), context, error);
}

/** Sleeps, unless that would end after the deadline. */
async function waitWithin(delayMs: number, context: WaitOptions, reason: UserError): Promise<void> {
  const { clock, deadlineMs, signal } = context;
  if (clock.nowMs() + delayMs > deadlineMs) {
    const gaveUp = new MaxWaitError({
      status: isApiError(reason) ? reason.status : undefined,
      why: `${reason.why} Waiting another ${formatDuration(delayMs)} would exceed maxWait.`,
      nextStep: `${reason.nextStep} Or raise electronhub:maxWait.`,
      cause: reason,
    });
    gaveUp.attempts = reason.attempts;
    throw gaveUp;
  }
  await clock.sleep(delayMs, signal);
}

/**
 * Repeats `attempt` while its error is worth it and `mayRepeat` allows.
 *
 * @param mayRepeat is asked for every retryable error: a call whose effect must not happen twice allows only errors that
 *   prove that nothing happened.
 * @throws the last error, with one line for each try before it.
 */
export async function withRetries<T>(
  attempt: (again: boolean) => Promise<T>,
  context: WaitOptions,
  {
    policy = DEFAULT_RETRY_POLICY,
    mayRepeat,
  }: { policy?: RetryPolicy; mayRepeat: (error: ApiError) => boolean },
): Promise<T> {
  const attempts: string[] = [];
  for (let failures = 0; ;) {
    try {
      return await attempt(attempts.length > 0);
    } catch (error) {
      if (!isUserError(error)) throw error;
      // That waiting was given up is no try of its own.
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
