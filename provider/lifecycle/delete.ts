import type { Listing } from "../api/client";
import { formatDuration, parseDurationMs } from "../api/duration";
import { ApiError, isApiError, UnexpectedAnswerError } from "../api/errors";
import { quotable } from "../api/redact";
import { isTakenOver, settleForHolder } from "./adopt";
import { ensureEnabled } from "./enabled";
import { requireSameServer } from "./server";
import type { Operation } from "./session";
import { fingerprintOf, keyOf } from "./state";

/** What a destroy did. */
export type DeleteOutcome = "removed" | "already deleted" | "disabled" | "taken over";

/**
 * Removes a key, at once and for good. Done when the API says so in its words, or that there is no such key. Any other
 * success or 404 is believed only after the account's complete list has answered without the key. That there is no key
 * counts only from the server that had it.
 */
export async function remove(
  id: string,
  properties: Record<string, unknown>,
  operation: Operation,
): Promise<DeleteOutcome> {
  const key = keyOf(id, properties);
  if (isTakenOver(fingerprintOf(key), operation)) {
    await settleForHolder(key, properties, operation);
    operation.report(
      `Proxy key ${JSON.stringify(properties["name"])} (${id}) stays on the account: another resource of the program has it.`,
    );
    return "taken over";
  }
  let removing = false;
  try {
    await refuseIfUsed(key, properties["refuseIfUsedWithin"], operation);
    if (properties["onDestroy"] === "disable") return await disable(key, properties, operation);
    removing = true;
    await operation.client.remove(key, operation.wait);
    return "removed";
  } catch (error) {
    if (!isApiError(error)) throw error;
    const requireServer = () => requireSameServer(properties["server"], operation.settings);
    if (isApisWordThatItIsGone(error)) {
      requireServer();
      return "already deleted";
    }
    // A 404 that may be anybody's, or a success that is not in the API's words: perhaps an edge's or a proxy's page.
    const isVagueSuccess = removing && error.name === "UnexpectedAnswerError" && error.outcomeUnknown;
    if (error.name !== "NotFoundError" && !isVagueSuccess) throw error;
    await requireEvidence(key, error, operation);
    requireServer();
    return isVagueSuccess ? "removed" : "already deleted";
  } finally {
    operation.snapshot.invalidate();
  }
}

function isApisWordThatItIsGone(error: ApiError): boolean {
  return error.name === "NotFoundError" && "saidByApi" in error && error.saidByApi === true;
}

/** The key was used more recently than its `refuseIfUsedWithin` allows. */
class StillUsedError extends ApiError {
  override readonly name = "StillUsedError";
}

async function refuseIfUsed(key: string, within: unknown, { client, wait }: Operation): Promise<void> {
  if (typeof within !== "string") return;
  const withinMs = parseDurationMs(within);
  if (withinMs === undefined) {
    throw new StillUsedError({
      why: `The state's refuseIfUsedWithin (${quotable(within)}) is no duration, so whether the key is still used cannot be told.`,
      nextStep: "Correct it in the program and run `pulumi up`, then destroy.",
    });
  }
  const { last_used: lastUsedUnixS } = await client.lookup(key, wait);
  if (lastUsedUnixS === undefined) {
    throw new StillUsedError({
      why: `The API does not say when the key was last used, and refuseIfUsedWithin is ${within}.`,
      nextStep:
        "Nothing was removed. Make sure that nobody uses the key, leave refuseIfUsedWithin out, run `pulumi up`, then destroy.",
    });
  }
  if (lastUsedUnixS === null) return;
  const { serverAheadMs } = client;
  if (serverAheadMs === undefined) {
    throw new StillUsedError({
      why: `The API's responses do not have the time (a Date header), so how long ago the key was used is unknown, and refuseIfUsedWithin is ${within}.`,
      nextStep:
        "Nothing was removed. Check any proxy between here and the API, or leave refuseIfUsedWithin out, run `pulumi up`, then destroy.",
    });
  }
  // The server wrote down when the key was used, so its clock decides. A use in its future is one just now.
  const agoMs = Math.max(0, wait.clock.nowMs() + serverAheadMs - lastUsedUnixS * 1_000);
  if (agoMs >= withinMs) return;
  throw new StillUsedError({
    why: `The key was used ${formatDuration(agoMs)} ago, and refuseIfUsedWithin is ${within}.`,
    nextStep:
      "Nothing was removed. Move the application that uses it to another key and wait, or lower refuseIfUsedWithin, run `pulumi up`, then destroy.",
  });
}

async function disable(
  key: string,
  { name, fingerprint }: Record<string, unknown>,
  operation: Operation,
): Promise<DeleteOutcome> {
  await ensureEnabled(key, false, undefined, operation);
  operation.report(
    `Proxy key ${JSON.stringify(name)} (${String(fingerprint)}) is disabled, not removed (onDestroy): it stays on the account with its unused credits.`,
  );
  return "disabled";
}

async function requireEvidence(key: string, doubt: ApiError, { snapshot, wait }: Operation): Promise<void> {
  let seen: Sighting;
  try {
    const first = snapshot.get(wait);
    seen = sightingOf(key, await first);
    // A list from before the answer may still show a key that has just gone.
    if (seen !== "gone") seen = sightingOf(key, await snapshot.after(first, wait));
  } catch (error) {
    throw unproven(
      doubt,
      `The account's list does not answer either: ${isApiError(error) ? error.why : String(error)}`,
    );
  }
  if (seen === "listed") throw unproven(doubt, "The account still lists the key.");
  if (seen === "hidden") throw unproven(doubt, "The account's list does not show which keys it has.");
}

type Sighting = "gone" | "listed" | "hidden";

function sightingOf(key: string, { keys }: Listing): Sighting {
  if (keys.some((entry) => entry.key === key)) return "listed";
  return keys.some((entry) => entry.key === undefined) ? "hidden" : "gone";
}

function unproven(doubt: ApiError, why: string): UnexpectedAnswerError {
  return new UnexpectedAnswerError({
    status: doubt.status,
    why: `${doubt.why} That is not taken for a removal. ${why}`,
    nextStep:
      "Check electronhub:baseUrl and any proxy between here and the API, then run the command again. The resource stays in the state.",
    cause: doubt,
  });
}
