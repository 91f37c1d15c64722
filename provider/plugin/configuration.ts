import { nearestWord } from "../util/nearestWord";
import { CONFIG_NAMESPACE, settingNames, SETTINGS } from "../config";
import type { Properties } from "../lifecycle/schema/inputs";

export interface SettingFailure {
  /** Empty: the engine prints the value of a property that it is given, and a misspelled API key is one. */
  property: string;
  reason: string;
}

/** What the engine adds to a provider's settings. */
const OF_THE_ENGINE = new Set([
  "version",
  "pluginDownloadURL",
  "pluginChecksums",
  "name",
  "parameterization",
]);

/** Settings that have no effect. Not values: the verbs check them, since a preview may not know them yet. */
export function unknownSettings(settings: Properties): SettingFailure[] {
  return Object.keys(settings)
    .filter((name) => !(name in SETTINGS) && !OF_THE_ENGINE.has(name) && !name.startsWith("__"))
    .map((property) => ({
      property: "",
      reason: `${CONFIG_NAMESPACE}:${property} is not a setting of Electron Hub and has no effect. Did you mean ${CONFIG_NAMESPACE}:${nearestWord(property, settingNames).word}? Known are ${settingNames.join(", ")}.`,
    }));
}

/** Whether the engine made the provider from the stack's configuration, rather than the program. */
export function isDefaultProvider(name: string): boolean {
  return name === "default" || name.startsWith("default_");
}

/** Reads a setting by its name in a stack's configuration, such as `electronhub:apiKey`. */
export function settingReader(settings: Properties): (key: string) => string | undefined {
  return (key) => {
    const value = settings[key.slice(CONFIG_NAMESPACE.length + 1)];
    return typeof value === "string" ? value : undefined;
  };
}

export const API_KEY_IN_CLEAR = `${CONFIG_NAMESPACE}:apiKey is not encrypted: it stands in plain text in the stack's configuration, and after an \`up\` in its state. Run \`pulumi config set ${CONFIG_NAMESPACE}:apiKey --secret\`, then \`pulumi up\`; replace the API key if the file or the state was shared.`;

export const NO_API_KEY = `No Electron Hub API key is configured: the preview needs none, but \`pulumi up\` would fail. Run \`pulumi config set ${CONFIG_NAMESPACE}:apiKey --secret\`, or set the environment variable ${SETTINGS.apiKey}.`;
