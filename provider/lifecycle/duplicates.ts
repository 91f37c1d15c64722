import { UnexpectedResponseError } from "../api/errors";
import { mayHide } from "../api/keyList";
import type { CreatedKey } from "../api/wire";
import { isUserError } from "../util/userError";
import type { Operation } from "./accountContext";
import { withAuditLog } from "./auditLog";
import { nameHashOf } from "./creations/journalReader";
import { isNoSuchKey, isSameName, matchLostKey } from "./creations/matchLostKey";
import { fingerprintOf, outputsFromWire, shownInputs } from "./schema/state";

/**
 * Removes second keys, which requests that took effect late have created. The generated name proves that they are ours,
 * and no program received them.
 */
export async function removeDuplicates(
  created: CreatedKey,
  createdAs: string,
  operation: Operation,
): Promise<void> {
  const { client, call } = operation;
  const name = JSON.stringify(createdAs);
  const own = fingerprintOf(created.key);
  const { keys } = await client.keyList.get(call).catch((error: unknown) => {
    throw new UnexpectedResponseError({
      why: `Whether a lost request created a second key named ${name} is unknown: ${isUserError(error) ? error.why : "the list failed."}`,
      nextStep: `Look on the account for a second key named ${name}, and remove the one whose fingerprint is not ${own}.`,
      cause: error,
    });
  });
  const named = keys.filter(({ key, name: listed }) => key !== created.key && isSameName(listed, createdAs));
  // A list that hides secrets shows our own key among them, unless it has its chosen name by now.
  const isOwnHidden =
    keys.every(({ key }) => key !== created.key) && named.length === 1 && mayHide(named, created.key);
  if (isOwnHidden || named.length === 0) return;
  const { own: found, secretHidden } = matchLostKey(named, { nameHash: nameHashOf(createdAs) });
  try {
    if (secretHidden.length > 0) throw new Error("the list does not show its secret");
    for (const duplicate of found) await removeDuplicate(duplicate, operation);
  } catch (error) {
    const duplicates = secretHidden.length > 0 ? "" : found.map(({ key }) => fingerprintOf(key)).join(", ");
    throw new UnexpectedResponseError({
      why: `A lost request created a second key named ${name} (${duplicates || "secret not shown"}), which could not be removed: ${isUserError(error) ? error.why : String(error)}`,
      nextStep: `Remove the key named ${name} on the account whose fingerprint is not ${own}.`,
      cause: error,
    });
  }
}

async function removeDuplicate(duplicate: CreatedKey, operation: Operation): Promise<void> {
  const { client, call } = operation;
  const { key } = duplicate;
  await withAuditLog(
    "delete",
    { ...shownInputs(duplicate), ...outputsFromWire(key, duplicate) },
    operation,
    async () => {
      const outcome = await client.remove(key, call).then(
        () => "removed",
        async (error: unknown) => {
          if (!isNoSuchKey(error)) throw error;
          const { keys: left } = await client.keyList.fresh(call);
          if (left.some((entry) => entry.key === key)) throw error;
          return "already deleted";
        },
      );
      return { result: undefined, outcome };
    },
  );
}
