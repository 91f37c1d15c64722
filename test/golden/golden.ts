import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ExportedState, StateResource } from "../support/checkpoint";
import type { GoldenAccount } from "./program";

/**
 * Golden states: what the engine exported from stacks of released versions, to prove for good that today's code reads
 * them. Secrets stand in them in plain text, since no passphrase of a test is worth committing; so every key is made up,
 * and stands there as a placeholder that a test fills in. `make.ts` makes such a file.
 */
export const GOLDEN_STACK = "golden";

/** The type tokens: a contract, so they are written out here rather than computed. */
const PROXY_KEYS = new Set(["pulumi-nodejs:dynamic/electronhub:ProxyKey", "electronhub:index:ProxyKey"]);

/** What stands in a golden file for what differs from machine to machine, or looks like a secret. */
export const PLACEHOLDERS = {
  apiKey: "{{apiKey}}",
  baseUrl: "{{baseUrl}}",
  server: "{{server}}",
  account: "{{account}}",
  shim: "{{shim.golden.txt}}",
  key: (resource: string) => `{{key of ${resource}}}`,
} as const;

/** The text that Pulumi stores as the provider of each dynamic resource: a frozen contract. */
export const SHIM_TEXT = readFileSync(
  join(__dirname, "..", "unit", "dynamic", "providerCode.golden.txt"),
  "utf8",
);

/** The made-up key of a resource; the same for ever, since its fingerprint stands in the file. */
export function madeUpKey(resource: string): string {
  return ["ek", "proxy", "made-up", resource].join("-");
}

/** Written out here once more, so that a change of the contract is found. */
export function fingerprintOf(key: string): string {
  return `pk-${createHash("sha256").update(key).digest("hex").slice(0, 16)}`;
}

/** The same for the name of an account. */
export function accountNameOf({ apiKey, baseUrl }: GoldenAccount): string {
  const parts = ["account", new URL(baseUrl).origin, apiKey];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 32);
}

export function resourceName(urn: string): string {
  return urn.slice(urn.lastIndexOf("::") + 2);
}

export function goldenText(file: string): string {
  return readFileSync(join(__dirname, file), "utf8");
}

/** A golden file as the engine takes it, with the account that it works on. */
export function readGolden(file: string, account: GoldenAccount): ExportedState {
  let text = goldenText(file);
  const fill = (placeholder: string, value: string) => {
    text = text.replaceAll(placeholder, escaped(value));
  };
  fill(PLACEHOLDERS.apiKey, account.apiKey);
  fill(PLACEHOLDERS.baseUrl, account.baseUrl);
  fill(PLACEHOLDERS.server, new URL(account.baseUrl).origin);
  fill(PLACEHOLDERS.account, accountNameOf(account));
  fill(PLACEHOLDERS.shim, SHIM_TEXT);
  for (const resource of proxyKeysIn(JSON.parse(text) as ExportedState)) {
    const name = resourceName(resource.urn);
    fill(PLACEHOLDERS.key(name), madeUpKey(name));
  }
  return JSON.parse(text) as ExportedState;
}

export function proxyKeysIn(state: ExportedState): StateResource[] {
  return (state.deployment.resources ?? []).filter(({ type }) => PROXY_KEYS.has(type));
}

/** A text as it stands between the quotation marks of JSON. */
export function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
