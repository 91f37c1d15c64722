import type { JsonValue } from "./answers";
import { BASE_PATH, type Call } from "./call";

/** One request as it arrived, and what became of it. */
export interface JournalEntry {
  /** Counts requests from 1 in order of arrival; never starts again. */
  readonly sequence: number;
  /** Milliseconds since the Unix epoch at which the request had arrived whole. */
  readonly atMs: number;
  readonly method: string;
  /** Below the base path, with the query; keys in it are masked. */
  readonly path: string;
  /** The name of the account that sent it; undefined when its Authorization names none. */
  readonly account: string | undefined;
  /** The parsed body, as sent; undefined without one or when it is not JSON. */
  readonly body: JsonValue | undefined;
  readonly userAgent: string | undefined;
  /** The status of the answer; undefined while there is none, and for good when it was cut. */
  readonly status: number | undefined;
  /** Whether the endpoint did what it was asked, whatever the caller was told. */
  readonly applied: boolean;
  /** What was injected, for example "cut:after" or "status:503". */
  readonly fault?: string;
}

/** A mistake that no client may make, found in a request. */
export interface Violation {
  readonly kind: ViolationKind;
  readonly method: string;
  /** Below the base path, with the query; keys in it are masked. */
  readonly path: string;
  /** Milliseconds since the Unix epoch. */
  readonly atMs: number;
}

/**
 * - `delete-all`: the call that removes every key of the account
 * - `legacy-path`: a retired path that carries the key
 * - `key-in-url`: a key anywhere else in a URL
 * - `master-key-regen`: the GET that replaces the master key
 * - `blind-toggle`: a toggle that took effect on a key whose `is_active` no answer has shown since its last toggle or
 *   its last change from outside
 */
export type ViolationKind = "delete-all" | "legacy-path" | "key-in-url" | "master-key-regen" | "blind-toggle";

export type OpenEntry = { -readonly [Property in keyof JournalEntry]: JournalEntry[Property] };

/** Everything that was asked of the simulator. */
export class Journal {
  entries: OpenEntry[] = [];
  violations: Violation[] = [];
  #sequence = 0;

  /** Records a request at its arrival; the entry is completed as things happen. */
  open(call: Call, account: string | undefined, atMs: number): OpenEntry {
    this.#sequence += 1;
    const { method, body, userAgent } = call;
    const path = displayedPath(call);
    const entry: OpenEntry = {
      sequence: this.#sequence,
      atMs,
      method,
      path,
      account,
      body,
      userAgent,
      status: undefined,
      applied: false,
    };
    this.entries.push(entry);
    for (const kind of violationsIn(call)) this.violate(kind, call, atMs);
    return entry;
  }

  violate(kind: ViolationKind, call: Call, atMs: number): void {
    this.violations.push({ kind, method: call.method, path: displayedPath(call), atMs });
  }

  clear(): void {
    this.entries = [];
    this.violations = [];
  }
}

const KEY_IN_TEXT = /(ek-(?:proxy-|dev-)?)[^\s/?&#=]+|([?&]proxy_key=)[^&]+/g;
const LEGACY_LINE =
  /^(DELETE \/auth\/proxy\/delete|POST \/auth\/proxy\/(?:toggle|update)|GET \/auth\/proxy)\/[^/?]*$/;
const DELETE_ALL_LINE = /^DELETE \/auth\/proxy(?:\/delete\/?)?$/;

function violationsIn(call: Call): readonly ViolationKind[] {
  const query = call.target.includes("?") ? call.target.slice(call.target.indexOf("?")) : "";
  const line = `${call.method} ${call.path ?? ""}`;
  const isLegacy = LEGACY_LINE.test(line);
  const kinds: ViolationKind[] = [];
  if (DELETE_ALL_LINE.test(line)) kinds.push("delete-all");
  if (line === "GET /auth/key/regen") kinds.push("master-key-regen");
  if (isLegacy) kinds.push("legacy-path");
  if ((isLegacy ? query : call.target).search(KEY_IN_TEXT) !== -1) kinds.push("key-in-url");
  return kinds;
}

function displayedPath(call: Call): string {
  const masked = call.target.replace(KEY_IN_TEXT, "$1$2***");
  return call.path === undefined ? `(outside ${BASE_PATH})${masked}` : masked.slice(BASE_PATH.length);
}
