import { changeAfterLook } from "../api/changeAfterLook";
import type { CallOptions } from "../api/client";
import { isUnclear } from "../api/errorGuards";
import { UnexpectedResponseError, type ApiError } from "../api/errors";
import { DEFAULT_RETRY_POLICY, waitForLateEffect } from "../api/retry";
import type { KeyObject } from "../api/wire";
import { UserError } from "../util/userError";
import type { Operation } from "./accountContext";

const MAX_TOGGLES = DEFAULT_RETRY_POLICY.maxAttempts;

/**
 * Enables or disables a key. The API can only flip the state, so the key is looked up right before each toggle, and again
 * after an unclear response. A toggle without a response may take effect late and undo the next one, so from then on only
 * a lookup counts.
 *
 * @param observed the state, if a response has just shown it.
 * @param guard checks each lookup. @throws to leave the key alone.
 */
export async function ensureEnabled(
  key: string,
  desired: boolean,
  observed: boolean | undefined,
  { client, call }: Operation,
  guard?: (found: KeyObject) => void,
): Promise<void> {
  if (observed === desired) return;
  let toggles = 0;
  let unclear: ApiError | undefined;

  const isDone = (found: KeyObject) => {
    if (found.is_active === undefined) throw notShown(desired);
    const isAsDesired = found.is_active === desired;
    if (isAsDesired && toggles > 0) return true;
    guard?.(found);
    if (!isAsDesired && toggles >= MAX_TOGGLES) throw notSettled(desired, unclear);
    return isAsDesired;
  };
  /** Returns the new state. Undefined: only another lookup can show it. */
  const send = async (call: CallOptions) => {
    try {
      const state = await client.toggle(key, call);
      toggles++;
      return { state };
    } catch (error) {
      if (!isUnclear(error)) throw error;
      toggles++;
      unclear = error;
      return { state: undefined };
    }
  };
  const isUrgent = guard !== undefined;
  const change = { endpoint: "toggle", isDone, isUrgent, send } as const;

  let toggled = observed === undefined ? undefined : await send(call);
  for (;;) {
    if (toggled !== undefined) {
      if (unclear === undefined && toggled.state === desired) return;
      if (unclear !== undefined) await waitForLateEffect(toggles - 1, unclear, call);
    }
    toggled = await changeAfterLook(client, key, change, call);
    if (toggled === undefined) return;
  }
}

function notSettled(desired: boolean, unclear: ApiError | undefined): UnexpectedResponseError {
  return new UnexpectedResponseError({
    status: unclear?.status,
    cause: unclear,
    why: `${unclear === undefined ? "" : `${unclear.why} `}The key could not be ${desired ? "enabled" : "disabled"}: after every toggle it was in the other state again.`,
    nextStep: "Check whether another program toggles this key, then run the command again.",
  });
}

/** The API does not show whether the key is enabled, so a toggle could do the opposite. */
class NotShownError extends UserError {
  override readonly name = "NotShownError";
}

export function notShown(desired: boolean): NotShownError {
  return new NotShownError({
    why: `The API does not show whether the key is enabled, so no toggle is sent that may leave it ${desired ? "disabled" : "enabled"}.`,
    nextStep: "Check electronhub:baseUrl and any proxy between here and the API, then run the command again.",
  });
}
