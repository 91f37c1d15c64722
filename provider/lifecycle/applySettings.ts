import { isUserError, type UserError } from "../api/errors";
import { showsSettings, type KeySettings } from "../api/wire";
import type { Operation } from "./accountContext";

/**
 * Replaces all settings of a key. A success that is not in the API's words counts only if the key then shows the
 * settings, and is known to have had this window before, which no key shows.
 *
 * @param windowBefore the window that the key is known to have. Undefined: unknown.
 */
export async function applySettings(
  key: string,
  settings: KeySettings,
  { client, wait }: Operation,
  windowBefore?: KeySettings["limit_type"],
): Promise<void> {
  try {
    await client.update(key, settings, wait);
  } catch (error) {
    if (!isVagueSuccess(error)) throw error;
    const found = await client.lookup(key, wait).catch(() => undefined);
    if (found === undefined || !showsSettings(found, settings)) throw error;
    if (windowBefore !== settings.limit_type) throw error;
  }
}

function isVagueSuccess(error: unknown): error is UserError {
  return isUserError(error) && error.name === "UnexpectedAnswerError" && error.outcomeUnknown;
}
