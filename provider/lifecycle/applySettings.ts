import { isUnclearSuccess } from "../api/errorGuards";
import type { KeySettings } from "../api/wire";
import type { Operation } from "./accountContext";
import { showsSettings, type ProxyKeyInputs } from "./schema/inputs";

/**
 * Replaces all settings of a key. An unclear success counts only if a lookup then shows the settings, and the key is
 * known to have had those that a lookup does not show.
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
