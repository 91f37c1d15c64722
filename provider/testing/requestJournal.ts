import type { JsonValue } from "./simulatedResponse";
import { BASE_PATH, type ReceivedRequest } from "./receivedRequest";

/** A request and its result. */
export interface JournalEntry {
  /** The number of the request in order of arrival, from 1. Not reset by `clearJournal()`. */
  readonly sequence: number;
  /** When the request had arrived completely, in milliseconds since the Unix epoch. */
  readonly atMs: number;
  /** The HTTP method. */
  readonly method: string;
  /** The path below the base path, with the query. Keys are masked. */
  readonly path: string;
  /** The name of the account that sent it. undefined: the Authorization header matches none. */
  readonly account: string | undefined;
  /** The parsed body. undefined: no body, or not JSON. */
  readonly body: JsonValue | undefined;
  /** The User-Agent header. */
  readonly userAgent: string | undefined;
  /** The status of the response. undefined: not sent yet, or the connection was closed. */
  readonly status: number | undefined;
  /** Whether the request took effect, with any response. */
  readonly applied: boolean;
  /** The injected fault, such as "cut:after" or "status:503". Absent: none. */
  readonly fault?: string;
}

/** A request that no client may send. */
export interface Violation {
  /** The kind of the violation. */
  readonly kind: ViolationKind;
  /** The HTTP method. */
  readonly method: string;
  /** The path below the base path, with the query. Keys are masked. */
  readonly path: string;
  /** When the request arrived, in milliseconds since the Unix epoch. */
  readonly atMs: number;
}

/**
 * The kind of a violation:
 *
 * - `delete-all`: removes every key of the account
 * - `legacy-path`: uses a retired path that contains the key
 * - `key-in-url`: has a key elsewhere in its URL
 * - `master-key-regen`: replaces the master key by a GET
 * - `blind-toggle`: toggles a key whose `is_active` no response has shown since its last toggle or change from outside
 */
export type ViolationKind = "delete-all" | "legacy-path" | "key-in-url" | "master-key-regen" | "blind-toggle";

export type OpenEntry = { -readonly [Property in keyof JournalEntry]: JournalEntry[Property] };

/** The received requests and the violations among them. */
export class RequestJournal {
  entries: OpenEntry[] = [];
  violations: Violation[] = [];
  #sequence = 0;

  /** Records a request at its arrival. The entry is completed later. */
  open(received: ReceivedRequest, account: string | undefined, atMs: number): OpenEntry {
    this.#sequence += 1;
    const { method, body, userAgent } = received;
    const path = displayedPath(received);
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
    for (const kind of violationsIn(received)) this.violate(kind, received, atMs);
    return entry;
  }

  violate(kind: ViolationKind, received: ReceivedRequest, atMs: number): void {
    this.violations.push({ kind, method: received.method, path: displayedPath(received), atMs });
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

function violationsIn(received: ReceivedRequest): readonly ViolationKind[] {
  const query = received.target.includes("?") ? received.target.slice(received.target.indexOf("?")) : "";
  const line = `${received.method} ${received.path ?? ""}`;
  const isLegacy = LEGACY_LINE.test(line);
  const kinds: ViolationKind[] = [];
  if (DELETE_ALL_LINE.test(line)) kinds.push("delete-all");
  if (line === "GET /auth/key/regen") kinds.push("master-key-regen");
  if (isLegacy) kinds.push("legacy-path");
  if ((isLegacy ? query : received.target).search(KEY_IN_TEXT) !== -1) kinds.push("key-in-url");
  return kinds;
}

function displayedPath(received: ReceivedRequest): string {
  const masked = received.target.replace(KEY_IN_TEXT, "$1$2***");
  return received.path === undefined ? `(outside ${BASE_PATH})${masked}` : masked.slice(BASE_PATH.length);
}
