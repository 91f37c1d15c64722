import { UserError } from "../util/userError";
import { quotable } from "../util/redact";
import type { Settings } from "../config";

/** Identifies the server in states. The API has every endpoint with and without `/v1`. */
export function serverOf({ baseUrl }: Pick<Settings, "baseUrl">): string {
  return baseUrl.replace(/\/v1$/, "");
}

/** The configured server is not the one that last had the key. */
class OtherServerError extends UserError {
  override readonly name = "OtherServerError";
}

/**
 * Whether the list of the configured account can prove that a key is gone: only the account that owns the key lists it.
 *
 * @param account the anonymous name of that account in the state. Undefined: unknown, so any account is accepted.
 */
export function isOfAccount(account: string | undefined, configured: { account: string }): boolean {
  return account === undefined || account === configured.account;
}

/**
 * Called before a key counts as gone: a server that never had the key correctly reports that it does not exist.
 *
 * @param server the server in the state. Undefined: an earlier version wrote the state, so any server is accepted.
 * @throws OtherServerError when the settings name another server.
 */
export function requireSameServer(server: string | undefined, settings: Pick<Settings, "baseUrl">): void {
  const configured = serverOf(settings);
  if (server === undefined || server === configured) return;
  throw new OtherServerError({
    why: `${configured} does not have the key, but the state has it from ${quotable(server)}, so it is not taken for gone.`,
    nextStep:
      "Nothing was changed in the state. Check electronhub:baseUrl and ELECTRONHUB_BASE_URL, then run the command again. If the API has moved, forget keys that are gone with `pulumi state delete`.",
  });
}
