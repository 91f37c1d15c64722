import { nearestWord } from "../util/nearestWord";
import { CONFIG_NAMESPACE, SECRET_SETTINGS, settingNames, SETTINGS } from "../config";

/** What the user is warned about, through either door. This module does not load the SDK. */

const API_KEY = `${CONFIG_NAMESPACE}:apiKey`;
const SET_API_KEY = `\`pulumi config set ${API_KEY} --secret\``;

const API_KEY_IN_CLEAR = `${API_KEY} is not encrypted: it stands in plain text in the stack's configuration, and after an \`up\` in its state. Run ${SET_API_KEY}, then \`pulumi up\`; replace the API key if the file or the state was shared.`;

export const NO_API_KEY = `No Electron Hub API key is configured: the preview needs none, but \`pulumi up\` would fail. Run ${SET_API_KEY}, or set the environment variable ${SETTINGS.apiKey}.`;

const SHARED_WINDOW = `${CONFIG_NAMESPACE}:sharedWindow`;

const PASSWORD_IN_CLEAR = `${SHARED_WINDOW} has a password, and is not encrypted: it stands in plain text in the stack's configuration. Run \`pulumi config set ${SHARED_WINDOW} --secret\`; replace the password if the file was shared.`;

export type SecretSetting = (typeof SECRET_SETTINGS)[number];

/** The warning about a credential that is not encrypted. */
export const IN_CLEAR: Readonly<Record<SecretSetting, string>> = {
  apiKey: API_KEY_IN_CLEAR,
  sharedWindow: PASSWORD_IN_CLEAR,
};

/**
 * The settings that contain a credential and are not encrypted.
 *
 * @param valueOf a setting's value in the stack's configuration.
 */
export function inClear(
  valueOf: (name: SecretSetting) => unknown,
  isEncrypted: (name: SecretSetting) => boolean,
): SecretSetting[] {
  return SECRET_SETTINGS.filter((name) => hasCredential(name, valueOf(name)) && !isEncrypted(name));
}

/** Whether the value contains something secret. A URL, which may be malformed, does with a user or a password. */
function hasCredential(name: SecretSetting, value: unknown): boolean {
  if (name === "sharedWindow") return typeof value === "string" && value.includes("@");
  return Boolean(value);
}

/** @param written the name that is no setting's. */
export function unknownSetting(written: string): string {
  const { word } = nearestWord(written, settingNames);
  return `${CONFIG_NAMESPACE}:${written} is not a setting of Electron Hub and has no effect. Did you mean ${CONFIG_NAMESPACE}:${word}? The settings are ${settingNames.join(", ")}.`;
}
