import { UserError } from "../util/userError";
import { quotable } from "../util/redact";
import type { Settings } from "../config";

/** Where an API is, as the state remembers it. The API has every endpoint with and without `/v1`. */
export function serverOf({ baseUrl }: Pick<Settings, "baseUrl">): string {
  return baseUrl.replace(/\/v1$/, "");
}

/** The server that is asked is not the one that last had the key. */
class OtherServerError extends UserError {
  override readonly name = "OtherServerError";
}

/**
 * A server that never had a key says honestly that there is none. Asked before a key counts as gone.
 *
 * @param server the one that the state names. Undefined: an earlier version wrote the state, so any server is believed.
 * @throws OtherServerError where it is another one than the settings name.
 */
export function requireSameServer(server: unknown, settings: Pick<Settings, "baseUrl">): void {
  const asked = serverOf(settings);
  if (typeof server !== "string" || server === asked) return;
  throw new OtherServerError({
    why: `${asked} does not have the key, but the state has it from ${quotable(server)}, so it is not taken for gone.`,
    nextStep:
      "Nothing was changed in the state. Check electronhub:baseUrl and ELECTRONHUB_BASE_URL, then run the command again. If the API has moved, forget keys that are gone with `pulumi state delete`.",
  });
}
