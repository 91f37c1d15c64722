import { isApiError, UnexpectedAnswerError, type ApiError } from "../api/errors";
import type { Operation } from "./session";
import { keyOf } from "./state";

/**
 * Removes a key, at once and for good. Done when the API says so, or when it says that there is no such key. An answer
 * that may be anybody's word is believed only after the account's list has answered without the key.
 */
export async function remove(
  id: string,
  properties: Record<string, unknown>,
  operation: Operation,
): Promise<void> {
  const key = keyOf(id, properties);
  try {
    await operation.client.remove(key, operation.wait);
  } catch (error) {
    const doubtful = isApiError(error) ? doubtfulSuccess(error) : undefined;
    if (doubtful === undefined) throw error;
    if (doubtful === "evidence needed") await requireEvidence(key, error as ApiError, operation);
  } finally {
    operation.snapshot.invalidate();
  }
}

/** How far an error can mean that the key is gone. */
function doubtfulSuccess(error: ApiError): "gone" | "evidence needed" | undefined {
  if (error.name === "NotFoundError")
    return "saidByApi" in error && error.saidByApi ? "gone" : "evidence needed";
  // A success that is not in the API's words: perhaps an edge's or a proxy's page.
  return error.name === "UnexpectedAnswerError" && error.outcomeUnknown ? "evidence needed" : undefined;
}

async function requireEvidence(key: string, doubt: ApiError, { snapshot, wait }: Operation): Promise<void> {
  const isListed = async (listing: ReturnType<typeof snapshot.get>) =>
    (await listing).keys.some((entry) => entry.key === undefined || entry.key === key);
  try {
    const first = snapshot.get(wait);
    // A list from before the answer may still show a key that has just gone.
    if (!(await isListed(first)) || !(await isListed(snapshot.after(first, wait)))) return;
  } catch (error) {
    throw unproven(
      doubt,
      `The account's list does not answer either: ${isApiError(error) ? error.why : String(error)}`,
    );
  }
  throw unproven(doubt, "The account still lists the key, or does not show which keys it has.");
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
