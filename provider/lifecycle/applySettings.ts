import type { KeySettings } from "../api/wire";
import type { Operation } from "./session";

/** Replaces all settings of a key. */
export async function applySettings(
  key: string,
  settings: KeySettings,
  { client, wait }: Operation,
): Promise<void> {
  await client.update(key, settings, wait);
}
