import {
  CONFIG_NAMESPACE,
  SETTINGS,
  readSettings,
  type SettingName,
  type SettingSources,
  type Settings,
} from "../../config";
import { formatDuration } from "../../util/duration";
import { configurationOf, type StackChoice } from "../account/accountForCommand";
import { problemOf, type Problem } from "../problems";
import type { OpenedProject } from "./backend";
import { failure, ok, problemIn, type Check } from "./check";

/** Where the settings of the account come from. */
export interface Credentials {
  sources: SettingSources;
  /** The stack whose configuration is looked at first. Undefined: only the environment counts. */
  stack: string | undefined;
  /** The API key stands in that configuration without being encrypted. */
  isInClear: boolean;
  /** The configuration cannot be read. */
  problem?: Check;
}

type Environment = SettingSources["environment"];

const API_KEY = `${CONFIG_NAMESPACE}:apiKey`;

/** Finds the settings as every other command does, see `accountOf`. */
export async function findCredentials(
  choice: StackChoice,
  environment: Environment,
  opened: OpenedProject,
): Promise<Credentials> {
  const open = () => ("error" in opened ? Promise.reject(opened.error) : Promise.resolve(opened.project));
  try {
    const { stack, entries = {} } = (await configurationOf(choice, environment, open)) ?? {};
    return {
      sources: { stack: (key) => entries[key]?.value, environment },
      stack,
      isInClear: Boolean(entries[API_KEY]?.value) && entries[API_KEY]?.secret !== true,
    };
  } catch (error) {
    const { why, nextStep } = problemIn(error, "See `pulumi stack ls` for the stacks of the project.");
    // The account of the environment may not be that of the stack.
    return {
      sources: { stack: () => undefined, environment: {} },
      stack: choice.stack,
      isInClear: false,
      problem: failure("Stack", why, nextStep),
    };
  }
}

/** The API key as it is written, whatever it is; undefined: none. */
export function writtenApiKey({ sources }: Credentials): string | undefined {
  return sources.stack(API_KEY) || sources.environment[SETTINGS.apiKey] || undefined;
}

/** Every API key that is written anywhere, whichever counts: none may be shown. */
export function writtenApiKeys({ sources }: Credentials): string[] {
  return [sources.stack(API_KEY), sources.environment[SETTINGS.apiKey]].flatMap((apiKey) => apiKey || []);
}

/** What the API key is and where it comes from, in words that do not tell it. */
export function describeApiKey(credentials: Credentials, apiKey: string): string {
  const isOfStack = Boolean(credentials.sources.stack(API_KEY));
  const origin = isOfStack ? `the configuration of stack ${credentials.stack}` : SETTINGS.apiKey;
  return `${masked(apiKey)}, ${kindOf(apiKey)} from ${origin}`;
}

/** The kinds of keys by their prefixes: the longer ones first, since they overlap. */
const KINDS: readonly [prefix: string, kind: string][] = [
  ["ek-proxy-", "a proxy key"],
  ["ek-dev-", "a DevPass key"],
  ["ek-", "a master key"],
  ["eyJ", "a JWT"],
];

/** What people copy along with a key. */
const WRAPPING = /^["']?Bearer\s+|^["']|["']$/gi;

/** The characters at the end that still tell one key from another, and how long a key must be to show them. */
const SHOWN = 4;
const LONG_ENOUGH = 20;

/** The key's prefix and its last four characters; of a short one the prefix alone. */
export function masked(apiKey: string): string {
  const bare = apiKey.replace(WRAPPING, "").trim();
  const prefix = KINDS.find(([prefix]) => bare.startsWith(prefix))?.[0] ?? "";
  const end = bare.slice(prefix.length).length >= LONG_ENOUGH ? bare.slice(-SHOWN) : "";
  return `${prefix}…${/^[\x21-\x7e]*$/.test(end) ? end : ""}`;
}

/** Whether it is at least written like an account's master key. */
export function isMasterKey(apiKey: string): boolean {
  return kindOf(apiKey) === "a master key";
}

function kindOf(apiKey: string): string {
  const bare = apiKey.replace(WRAPPING, "").trim();
  return KINDS.find(([prefix]) => bare.startsWith(prefix))?.[1] ?? "a key of no known kind";
}

/** The settings with one of them as it is written and defaults for the others, or why that one will not do. */
function settingAlone(name: SettingName, { stack, environment }: SettingSources): Settings | Problem {
  const wanted = `${CONFIG_NAMESPACE}:${name}`;
  try {
    return readSettings({
      stack: (key) => (key === wanted ? stack(key) : key === API_KEY ? "ek-any" : undefined),
      environment: { [SETTINGS[name]]: environment[SETTINGS[name]] },
    });
  } catch (error) {
    return problemOf(error);
  }
}

/** Why one setting will not do, whatever the others are. */
export function problemWith(name: SettingName, { sources }: Credentials): Problem | undefined {
  const alone = settingAlone(name, sources);
  return "why" in alone ? alone : undefined;
}

/** A setting's value or default, whatever the others are; undefined where it will not do. */
export function valueOf<Name extends "baseUrl" | "rateLimit">(
  name: Name,
  { sources }: Credentials,
): Settings[Name] | undefined {
  const alone = settingAlone(name, sources);
  return "why" in alone ? undefined : alone[name];
}

/**
 * The settings, with the defaults for what is malformed and not needed to ask the account; undefined when the API key or
 * the base URL will not do.
 */
export function usableSettings(credentials: Credentials): Settings | undefined {
  const { sources } = credentials;
  const names = Object.keys(SETTINGS) as SettingName[];
  const malformed = names.filter((name) => problemWith(name, credentials) !== undefined);
  if (malformed.includes("apiKey") || malformed.includes("baseUrl")) return undefined;
  const leftOut = new Set(malformed.flatMap((name) => [`${CONFIG_NAMESPACE}:${name}`, SETTINGS[name]]));
  return readSettings({
    stack: (key) => (leftOut.has(key) ? undefined : sources.stack(key)),
    environment: Object.fromEntries(
      Object.entries(sources.environment).filter(([name]) => !leftOut.has(name)),
    ),
  });
}

/** The settings that no other check is about. */
export function settingsCheck(credentials: Credentials, settings: Settings | undefined): Check {
  for (const name of ["maxWait", "userAgent"] as const) {
    const problem = problemWith(name, credentials);
    if (problem !== undefined) return failure("Settings", problem.why, problem.nextStep);
  }
  if (settings === undefined) return ok("Settings", "maxWait and userAgent are well-formed");
  return ok("Settings", `maxWait ${formatDuration(settings.maxWaitMs)}; userAgent ${settings.userAgent}`);
}
