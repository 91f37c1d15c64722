import { isApiError, UnexpectedAnswerError, type ApiError } from "../api/errors";
import { DEFAULT_RETRY_POLICY, waitBeforeRetry } from "../api/retry";
import type { Operation } from "./session";

/**
 * Brings a key to the desired state. The API can only flip it, so the state is observed first, and again after every
 * answer that does not settle it.
 *
 * @param observed the state, where an answer has just shown it.
 */
export async function ensureEnabled(
  key: string,
  desired: boolean,
  observed: boolean | undefined,
  { client, snapshot, wait }: Operation,
): Promise<void> {
  let active = observed;
  let unclear: ApiError | undefined;
  for (let attempt = 0; attempt < DEFAULT_RETRY_POLICY.maxAttempts; attempt++) {
    active ??= (await client.lookup(key, wait)).is_active;
    if (active === desired) return;
    active = undefined;
    snapshot.invalidate();
    try {
      if ((await client.toggle(key, wait)) === desired) return;
    } catch (error) {
      if (!isApiError(error) || !error.outcomeUnknown) throw error;
      unclear = error;
      await waitBeforeRetry(attempt, error, wait);
    } finally {
      snapshot.invalidate();
    }
  }
  throw new UnexpectedAnswerError({
    status: unclear?.status,
    cause: unclear,
    why: `${unclear === undefined ? "" : `${unclear.why} `}The key could not be ${desired ? "enabled" : "disabled"}: every toggle left it, or somebody else put it, in the other state.`,
    nextStep: "Check whether another program toggles this key, then run the command again.",
  });
}
