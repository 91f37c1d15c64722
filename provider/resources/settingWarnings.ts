import { nearestWord } from "../util/nearestWord";
import { CONFIG_NAMESPACE, settingNames, SETTINGS } from "../config";

/** What the user is warned about, through either door. This module does not load the SDK. */

const API_KEY = `${CONFIG_NAMESPACE}:apiKey`;
const SET_API_KEY = `\`pulumi config set ${API_KEY} --secret\``;

export const API_KEY_IN_CLEAR = `${API_KEY} is not encrypted: it stands in plain text in the stack's configuration, and after an \`up\` in its state. Run ${SET_API_KEY}, then \`pulumi up\`; replace the API key if the file or the state was shared.`;

export const NO_API_KEY = `No Electron Hub API key is configured: the preview needs none, but \`pulumi up\` would fail. Run ${SET_API_KEY}, or set the environment variable ${SETTINGS.apiKey}.`;

/** @param written the name that is no setting's. */
export function unknownSetting(written: string): string {
  const { word } = nearestWord(written, settingNames);
  return `${CONFIG_NAMESPACE}:${written} is not a setting of Electron Hub and has no effect. Did you mean ${CONFIG_NAMESPACE}:${word}? Known are ${settingNames.join(", ")}.`;
}
