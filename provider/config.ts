import { join } from "node:path";
import { cacheRoot } from "./util/cacheRoot";
import type { Documentation } from "./util/documentation";
import { parseDurationMs } from "./util/duration";
import { UserError } from "./util/userError";
import { redisAddress, type RedisAddress } from "./api/rateLimit/redisAddress";
import { HOW_TO_WRITE_A_RATE, parseRateLimit } from "./api/rateLimit/rateText";
import type { RateLimit } from "./api/rateLimit/windowState";
import { isLoopback } from "./api/transport";

/** The namespace of the stack's configuration: `pulumi config set electronhub:apiKey --secret`. */
export const CONFIG_NAMESPACE = "electronhub";

/** Each setting's name in the stack's configuration, and the environment variable that is its fallback. */
export const SETTINGS = {
  apiKey: "ELECTRONHUB_API_KEY",
  baseUrl: "ELECTRONHUB_BASE_URL",
  rateLimit: "ELECTRONHUB_RATE_LIMIT",
  sharedWindow: "ELECTRONHUB_SHARED_WINDOW",
  maxWait: "ELECTRONHUB_MAX_WAIT",
  auditLog: "ELECTRONHUB_AUDIT_LOG",
  userAgent: "ELECTRONHUB_USER_AGENT",
} as const satisfies Record<keyof WrittenSettings, string>;

export type SettingName = keyof typeof SETTINGS;

export const settingNames = Object.keys(SETTINGS) as SettingName[];

/** What an `Account` keeps secret even if it is passed in clear. */
export const SECRET_SETTINGS = ["apiKey", "sharedWindow"] as const satisfies readonly SettingName[];

/** The source of the generated declarations and of the README's table (`npm run docs`). */
export const SETTING_DOCUMENTATION: Readonly<Record<SettingName, Documentation>> = {
  apiKey: {
    meaning: "The account's master API key, a secret. Set it with `--secret` in the stack's configuration.",
    unit: "`ek-…`",
  },
  baseUrl: {
    meaning: "The address of the API: `https`, or `http` on this machine only.",
    unit: "a URL",
    default: "`https://api.electronhub.ai/v1`",
  },
  rateLimit: {
    meaning: "A rate limit to keep even if the account allows more.",
    unit: "requests per time, such as `10/60s`",
    default: "the limit that the API's responses name",
  },
  sharedWindow: {
    meaning:
      "A Redis or Valkey server through which several machines share the account's rate limit. A secret if it has a password.",
    unit: "`redis://USER:PASSWORD@HOST:PORT`, or `rediss://…` for TLS",
    default: "none: the processes of each machine share it",
  },
  maxWait: {
    meaning: "How long one operation on one key may wait in all, for retries and for the rate limit.",
    unit: "a duration such as `90s`, `15m` or `1h`",
    default: "`1h`",
  },
  auditLog: {
    meaning: "A file that gets one line of JSON for every change.",
    unit: "a path, relative to the program's folder",
    default: "none",
  },
  userAgent: {
    meaning: "The `User-Agent` header of every request.",
    unit: "at most 256 printable ASCII characters",
    default: "the package's name and version",
  },
};

/** A setting or credential is missing or malformed. Thrown before any request is sent. */
export class ConfigurationError extends UserError {
  override readonly name = "ConfigurationError";
}

/** The settings as users write them. */
export interface WrittenSettings {
  apiKey: string;
  baseUrl?: string;
  rateLimit?: string;
  sharedWindow?: string;
  maxWait?: string;
  auditLog?: string;
  userAgent?: string;
}

export const DEFAULT_BASE_URL = "https://api.electronhub.ai/v1";
const DEFAULT_MAX_WAIT = "1h";

/** The stack's configuration, and the environment as the fallback. */
export interface SettingSources {
  stack: (key: string) => string | undefined;
  environment: Readonly<Record<string, string | undefined>>;
}

export interface Settings {
  apiKey: string;
  /** Without a slash at the end. */
  baseUrl: string;
  /** A limit to keep even if the account allows more. Undefined: the limit that the API's responses name. */
  rateLimit: RateLimit | undefined;
  /** The server through which machines share the rate limit. Undefined: none. */
  sharedWindow: RedisAddress | undefined;
  /** For one operation in all: retries and the rate limit. */
  maxWaitMs: number;
  userAgent: string;
  /** Relative to the program's folder. Undefined: none. */
  auditLog: string | undefined;
}

/**
 * Reads the settings at the time of the call, so that no credential is ever kept or serialized.
 *
 * @throws ConfigurationError that names the setting and its correct form.
 */
export function readSettings(sources: SettingSources): Settings {
  const { apiKey, ...options } = readOptions(sources);
  if (apiKey !== undefined) return { ...options, apiKey };
  throw new ConfigurationError({
    why: "No Electron Hub API key is configured.",
    nextStep: HOW_TO_SET_THE_API_KEY,
  });
}

/**
 * The settings, of which the API key may be missing, as in a preview on a machine without credentials.
 *
 * @throws ConfigurationError for one that is malformed.
 */
export function readOptions(sources: SettingSources): Omit<Settings, "apiKey"> & Partial<Settings> {
  const setting = (name: SettingName) => {
    const values = [sources.stack(`${CONFIG_NAMESPACE}:${name}`), sources.environment[SETTINGS[name]]];
    return values.find((value) => value !== undefined && value !== "");
  };
  const maxWait = setting("maxWait") ?? DEFAULT_MAX_WAIT;
  const maxWaitMs = parseDurationMs(maxWait);
  if (maxWaitMs === undefined)
    throw malformed("maxWait", "is not a duration", "Write for example 90s, 15m or 1h.");
  const userAgent = setting("userAgent") ?? defaultUserAgent();
  if (!/^[\x20-\x7e]{1,256}$/.test(userAgent)) {
    throw malformed("userAgent", "is not a header value", "Use at most 256 printable ASCII characters.");
  }
  return {
    ...acceptableApiKey(setting("apiKey")),
    baseUrl: acceptableBaseUrl(setting("baseUrl") ?? DEFAULT_BASE_URL),
    rateLimit: acceptableRateLimit(setting("rateLimit")),
    sharedWindow: acceptableSharedWindow(setting("sharedWindow")),
    maxWaitMs,
    userAgent,
    auditLog: setting("auditLog"),
  };
}

/** What must not be in any text. A short password would make common words look like secrets; no text quotes the URL. */
export function secretsOf({
  apiKey,
  sharedWindow,
}: Pick<Partial<Settings>, "apiKey" | "sharedWindow">): string[] {
  const { password = "" } = sharedWindow ?? {};
  return [apiKey ?? "", password.length >= 6 ? password : ""].filter((secret) => secret !== "");
}

function malformed(name: SettingName, why: string, nextStep: string): ConfigurationError {
  return new ConfigurationError({
    why: `${CONFIG_NAMESPACE}:${name} (or ${SETTINGS[name]}) ${why}.`,
    nextStep,
  });
}

function acceptableRateLimit(text: string | undefined): RateLimit | undefined {
  if (text === undefined) return undefined;
  const rateLimit = parseRateLimit(text);
  if (rateLimit === undefined) throw malformed("rateLimit", "is not a rate", HOW_TO_WRITE_A_RATE);
  return rateLimit;
}

function acceptableSharedWindow(text: string | undefined): RedisAddress | undefined {
  if (text === undefined) return undefined;
  const address = redisAddress(text);
  if (address === undefined)
    throw malformed(
      "sharedWindow",
      "is not the URL of a Redis or Valkey server",
      "Write redis://USER:PASSWORD@HOST:PORT, or rediss://… for TLS, with %23 for # and %2F for / in the password.",
    );
  return address;
}

/** What the processes of a user share: rate limits, creations in flight, unsettled keys, the keys of each run, revoked keys. */
export type CacheSubject = "rate" | "creations" | "unsettled" | "runs" | "revoked";

/** A folder in the user's cache. */
export function cacheFolder(
  subject: CacheSubject,
  environment: SettingSources["environment"],
  platform = process.platform,
): string {
  return join(cacheRoot(environment, platform), subject);
}

/** Credentials that are mistaken for the API key. */
const OTHER_KINDS: readonly [RegExp, string][] = [
  [/^ek-proxy-/, "is a proxy key, which cannot manage proxy keys"],
  [/^ek-dev-/, "is a DevPass key, which cannot manage proxy keys"],
  [/^eyJ/, "is a JWT, which the API refuses for managing proxy keys"],
  [/^Bearer\s/i, "starts with `Bearer`, which is not part of the key"],
  [/^["'].*["']$/, "is in quotation marks, which are not part of the key"],
];

const HOW_TO_SET_THE_API_KEY =
  "Set the account's master API key (ek-…): `pulumi config set electronhub:apiKey --secret`, or the environment variable ELECTRONHUB_API_KEY.";

function acceptableApiKey(apiKey: string | undefined): Pick<Partial<Settings>, "apiKey"> {
  if (apiKey === undefined) return {};
  const nextStep = HOW_TO_SET_THE_API_KEY;
  const kind = OTHER_KINDS.find(([pattern]) => pattern.test(apiKey));
  if (kind) throw malformed("apiKey", kind[1], nextStep);
  if (!/^[\x21-\x7e]+$/.test(apiKey)) {
    throw malformed(
      "apiKey",
      "has spaces, line breaks or other characters that API keys do not have",
      nextStep,
    );
  }
  // Another vendor's credential must not be sent to this one.
  if (!/^ek-./.test(apiKey)) {
    throw malformed("apiKey", "is not an Electron Hub API key: those start with `ek-`", nextStep);
  }
  return { apiKey };
}

function acceptableBaseUrl(text: string): string {
  const nextStep = `Leave it out for ${DEFAULT_BASE_URL}, or write https://HOST/v1.`;
  if (!URL.canParse(text)) throw malformed("baseUrl", "is not a URL", nextStep);
  const url = new URL(text);
  if (url.protocol !== "https:" && !(url.protocol === "http:" && isLoopback(url.hostname))) {
    throw malformed(
      "baseUrl",
      "must be https, since every request carries the API key (http only to loopback)",
      nextStep,
    );
  }
  if (url.username !== "" || url.password !== "" || /[?#]/.test(text)) {
    throw malformed("baseUrl", "must not have a user, a query or a fragment", nextStep);
  }
  return url.href.replace(/\/+$/, "");
}

let cachedUserAgent: string | undefined;

/** Identifies this package: the API's CDN is reported to block some default user agents. */
function defaultUserAgent(): string {
  return (cachedUserAgent ??= `pulumi-electronhub/${packageVersion()} (node/${process.versions.node})`);
}

/** The version of this package, from its own package.json. */
export function packageVersion(): string {
  // A bundler includes the file.
  const manifest = require("../package.json") as { version: string };
  return manifest.version;
}
