import { createHash } from "node:crypto";
import type { AccountView, ListedKey } from "../account/accounts";
import type { Problem } from "../problems";
import type { Checkpoint, StateKey, StoredSettings } from "../pulumi/checkpoint";
import type { Candidate } from "./candidates";
import type { StackContext } from "../stack/stackContext";

/**
 * Whether a creation was certainly sent to this account, so that no key there means that no key was created. Settings of the
 * stack or of the environment prove nothing: they may be another account's by now.
 */
export function isProven(
  { lost: { pending }, sentTo }: Candidate,
  view: AccountView,
  listed: readonly ListedKey[],
  { keys }: Checkpoint,
): boolean {
  const fingerprints = new Set(listed.map(({ fingerprint }) => fingerprint));
  const isThere = (key: StateKey) => fingerprints.has(key.fingerprint);
  if (sentTo === undefined) return keys.length > 0 ? keys.some(isThere) : isWhole(pending?.account);
  // The account's API key may have been replaced since. A listed key that was created with the earlier one proves that.
  return sentTo === view.account || keys.some((key) => key.sentTo === sentTo && isThere(key));
}

/** The settings name the API key and the base URL. */
function isWhole(settings: StoredSettings): boolean {
  return settings?.["electronhub:apiKey"] !== undefined && settings["electronhub:baseUrl"] !== undefined;
}

export function unprovenProblem({ lost, noted }: Candidate, view: AccountView, task: StackContext): Problem {
  const { pending } = lost;
  const what =
    pending === undefined
      ? "a key"
      : `key ${JSON.stringify(pending.name ?? "?")} (resource ${pending.resource})`;
  const { apiKey, baseUrl } = view.settings;
  const hash = createHash("sha256").update(apiKey, "utf8").digest("hex").slice(0, 16);
  const forget =
    pending === undefined && noted !== undefined
      ? `delete ${noted.file}`
      : `run \`pulumi refresh --clear-pending-creates --stack ${task.stack}\``;
  return {
    why: `A creation of ${what} was interrupted. The configured account (${baseUrl}, with the API key whose SHA-256 begins with ${hash}) does not have the key, and nothing proves that the creation was sent to this account.`,
    nextStep: `Configure the API key and the base URL of the interrupted run, then run the command again. If you know that none of your accounts has the key, ${forget}.`,
  };
}
