import { changeAfterLook } from "../api/changeAfterLook";
import type { CallOptions } from "../api/client";
import { isKeyGone, isNotFound, isUnclearSuccess } from "../api/errorGuards";
import { UnexpectedResponseError, type ApiError } from "../api/errors";
import { mayHide } from "../api/keyList";
import type { Listing } from "../api/keyListCache";
import type { KeyObject } from "../api/wire";
import { isUserError, UserError } from "../util/userError";
import { isTakenOver, settleForHolder } from "./adopt";
import { ensureEnabled } from "./enabled";
import { isOfAccount, requireSameServer } from "./server";
import type { Operation } from "./accountContext";
import type { Done } from "./auditLog";
import { keyOf, type Stored } from "./schema/state";
import { usageGuard } from "./usageGuard";

export type DeleteOutcome = "removed" | "already deleted" | "disabled" | "taken over";

/**
 * Removes a key, irreversibly. Succeeds when the API confirms the removal, or states that the key does not exist. Any other
 * success or 404 counts only if the account's complete list does not show the key. An absent key counts only on the server
 * that had it.
 *
 * @param requireFound looks the key up right before the request, and checks what is found. Throws to keep the key.
 */
export async function remove(
  id: string,
  stored: Stored,
  operation: Operation,
  requireFound?: Guard,
): Promise<Done<void> & { outcome: DeleteOutcome }> {
  const key = keyOf(id, stored);
  const isTaken = () => isTakenOver(id, stored, operation);
  try {
    if (!isTaken()) {
      const outcome = await removeKey(key, stored, guarded(operation, isTaken), requireFound);
      return { result: undefined, outcome };
    }
  } catch (error) {
    if (!(error instanceof TakenOverError)) throw error;
  }
  await settleForHolder(key, stored, operation);
  operation.report(
    `Proxy key ${JSON.stringify(stored.name)} (${id}) stays on the account: another resource of the program has it.`,
  );
  return { result: undefined, outcome: "taken over" };
}

/** Another resource took the key while its deletion waited for the rate limit. */
class TakenOverError extends Error {}

/** Repeats the checks right before each request: their results may change while it waits. */
function guarded(operation: Operation, isTaken: () => boolean): Operation {
  refuseAfterFailure(operation);
  const beforeMutation = async () => {
    await operation.call.beforeMutation?.();
    if (isTaken()) throw new TakenOverError();
    refuseAfterFailure(operation);
  };
  return { ...operation, call: { ...operation.call, beforeMutation } };
}

async function removeKey(
  key: string,
  stored: Stored,
  operation: Operation,
  requireFound: Guard | undefined,
): Promise<DeleteOutcome> {
  let refusal: unknown;
  const send = (call: CallOptions) =>
    operation.client.remove(key, call).catch((error: unknown) => {
      refusal = error;
      throw error;
    });
  try {
    const guard = both(requireFound, usageGuard(stored.refuseIfUsedWithin, operation));
    if (stored.onDestroy === "disable") return await disable(key, stored, operation, guard);
    await (guard === undefined ? send(operation.call) : removeAfterLook(key, guard, send, operation));
    return "removed";
  } catch (error) {
    const requireServer = () => requireSameServer(stored.server, operation.settings);
    if (isKeyGone(error)) {
      requireServer();
      return "already deleted";
    }
    // An edge or a proxy may have sent the response, so the account's list must prove that the key is gone.
    const isSuccess = error === refusal && isUnclearSuccess(error);
    if (!isSuccess && !isNotFound(error)) throw error;
    await requireEvidence(key, stored, error, operation);
    requireServer();
    return isSuccess ? "removed" : "already deleted";
  }
}

type Guard = (found: KeyObject) => void;

function both(first: Guard | undefined, second: Guard | undefined): Guard | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  return (found) => {
    first(found);
    second(found);
  };
}

async function removeAfterLook(
  key: string,
  guard: Guard,
  send: (call: CallOptions) => Promise<void>,
  { client, call }: Operation,
): Promise<void> {
  const isDone = (found: KeyObject) => {
    guard(found);
    return false;
  };
  await changeAfterLook(client, key, { endpoint: "remove", isDone, isUrgent: true, send }, call);
}

/** With `--continue-on-error` the engine deletes resources that a failed program did not come to declare. */
function refuseAfterFailure({ keys }: Operation): void {
  if (!keys.hasFailed) return;
  throw new IncompleteRunError({
    why: "Another operation of this run failed, so the program may declare resources that the engine does not know.",
    nextStep: "Nothing was removed. Fix the cause in the other message, then run `pulumi up` again.",
  });
}

class IncompleteRunError extends UserError {
  override readonly name = "IncompleteRunError";
}

async function disable(
  key: string,
  { name, fingerprint }: Stored,
  operation: Operation,
  guard: Guard | undefined,
): Promise<DeleteOutcome> {
  await ensureEnabled(key, false, undefined, operation, guard);
  operation.report(
    `Proxy key ${JSON.stringify(name)} (${fingerprint}) is disabled, not removed (onDestroy): it stays on the account with its unused credits.`,
  );
  return "disabled";
}

async function requireEvidence(
  key: string,
  stored: Stored,
  doubt: ApiError,
  operation: Operation,
): Promise<void> {
  const { client, call } = operation;
  if (!isOfAccount(stored.__account, operation)) {
    requireSameServer(stored.server, operation.settings);
    throw unproven(
      doubt,
      "The key was created or adopted with another API key, so the list of this account proves nothing.",
    );
  }
  let seen: Sighting;
  try {
    const first = client.keyList.get(call);
    seen = sightingOf(key, await first);
    // A list from before the response may still show the removed key.
    if (seen !== "gone") seen = sightingOf(key, await client.keyList.after(first, call));
  } catch (error) {
    throw unproven(
      doubt,
      `The list of the account's keys failed too: ${isUserError(error) ? error.why : String(error)}`,
    );
  }
  if (seen === "listed") throw unproven(doubt, "The account still lists the key.");
  if (seen === "hidden") throw unproven(doubt, "The account's list does not show which keys it has.");
}

type Sighting = "gone" | "listed" | "hidden";

function sightingOf(key: string, { keys }: Listing): Sighting {
  if (keys.some((entry) => entry.key === key)) return "listed";
  return mayHide(keys, key) ? "hidden" : "gone";
}

function unproven(doubt: ApiError, why: string): UnexpectedResponseError {
  return new UnexpectedResponseError({
    status: doubt.status,
    why: `${doubt.why} That does not prove a removal. ${why}`,
    nextStep:
      "Check electronhub:baseUrl and any proxy between here and the API, then run the command again. The resource stays in the state.",
    cause: doubt,
  });
}
