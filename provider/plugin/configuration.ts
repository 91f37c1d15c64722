import { CONFIG_NAMESPACE, SETTINGS } from "../config";
import type { Properties } from "../lifecycle/schema/inputs";
import { unknownSetting } from "../resources/settingWarnings";

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
    .filter((name) => !Object.hasOwn(SETTINGS, name) && !OF_THE_ENGINE.has(name) && !name.startsWith("__"))
    .map((property) => ({
      property: "",
      reason: unknownSetting(property),
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
