import { isUnclearSuccess } from "../api/errorGuards";
import type { KeySettings } from "../api/wire";
import type { Operation } from "./accountContext";
import { showsSettings, type ProxyKeyInputs } from "./schema/inputs";

/**
 * Replaces all settings of a key. A success that is not in the API's words counts only if the key then shows the
 * settings, and is known to have had those before that no response shows.
 *
 * @param before the inputs that the key is known to have. Undefined: unknown.
 */
export async function applySettings(
  key: string,
  settings: KeySettings,
  { client, call }: Operation,
  before?: Partial<ProxyKeyInputs>,
): Promise<void> {
  try {
    await client.update(key, settings, call);
  } catch (error) {
    if (!isUnclearSuccess(error)) throw error;
    const found = await client.lookup(key, call).catch(() => undefined);
    if (found === undefined || !showsSettings(found, settings, before)) throw error;
  }
}
