import * as pulumi from "@pulumi/pulumi";
import { nearestWord } from "../util/nearestWord";
import { CONFIG_NAMESPACE, SETTINGS, settingNames } from "../config";
import { IN_CLEAR, inClear, NO_API_KEY, unknownSetting } from "./settingWarnings";
import { testMocks } from "./testMocks";

/** Whether a resource or function uses the stack's settings, rather than those of an `Account`. */
export interface SettingsUse {
  usesStack: boolean;
}

/** The warnings of each run, by its engine: a process may run several programs. */
const warnedIn = new WeakMap<object, Set<string>>();

/**
 * Warns about the stack's settings, each warning once per run: credentials that are not encrypted, misspelled settings, and in
 * a preview an API key that is missing.
 */
export function warnAboutSettings({ usesStack }: SettingsUse): void {
  const engine: object | undefined = pulumi.runtime.getMonitor();
  if (engine === undefined || testMocks() !== undefined) return;
  const warned = warnedIn.get(engine) ?? new Set();
  warnedIn.set(engine, warned);
  for (const warning of warnings(usesStack)) {
    if (warned.has(warning)) continue;
    warned.add(warning);
    void pulumi.log.warn(warning);
  }
}

const API_KEY = `${CONFIG_NAMESPACE}:apiKey`;

function warnings(usesStack: boolean): string[] {
  const config = pulumi.runtime.allConfig();
  const keyOf = (name: string) => `${CONFIG_NAMESPACE}:${name}`;
  const found = inClear(
    (name) => config[keyOf(name)],
    (name) => isSecret(keyOf(name)),
  ).map((name) => IN_CLEAR[name]);
  if (usesStack && pulumi.runtime.isDryRun() && !config[API_KEY] && !process.env[SETTINGS.apiKey])
    found.push(NO_API_KEY);
  // A project named like the namespace has its own settings there, too.
  const furthest = pulumi.getProject() === CONFIG_NAMESPACE ? 2 : Infinity;
  for (const key of Object.keys(config)) {
    const written = key.slice(CONFIG_NAMESPACE.length + 1);
    if (!key.startsWith(`${CONFIG_NAMESPACE}:`) || settingNames.some((name) => name === written)) continue;
    if (nearestWord(written, settingNames).distance <= furthest) found.push(unknownSetting(written));
  }
  return found;
}

/** The SDK has the function at run time, but leaves it out of its types. */
function isSecret(key: string): boolean {
  const { isConfigSecret } = pulumi.runtime as { isConfigSecret?: (key: string) => boolean };
  if (isConfigSecret !== undefined) return isConfigSecret(key);
  return (process.env["PULUMI_CONFIG_SECRET_KEYS"] ?? "").includes(JSON.stringify(key));
}
