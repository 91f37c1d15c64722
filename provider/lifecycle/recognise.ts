import type { Listing } from "../api/client";
import { isWholeKey, type CreatedKey, type KeyObject, type KeySettings } from "../api/wire";
import { fingerprintOf } from "./state";

/** What is known of a creation whose answer was lost. */
export interface LostCreation {
  settings: KeySettings;
  /** The name was generated for this very attempt, so nobody else's key can have it. */
  nameGenerated: boolean;
  /** Milliseconds since the epoch, by our clock: when the first try went out. */
  startedMs: number;
  /** Fingerprints of keys that this process has already handed out. */
  claimed: ReadonlySet<string>;
  /** Whether this process is creating another key of the same name at the same time. */
  rivals: () => boolean;
}

export type Recognition =
  /** No key has the name: nothing was created. */
  | { kind: "absent" }
  /** These keys are ours, the oldest first; more than one only when a try that seemed lost took effect late. */
  | { kind: "own"; keys: readonly [CreatedKey, ...CreatedKey[]] }
  /** Keys have the name, and nothing proves whose they are. */
  | { kind: "ambiguous" }
  /** Our key is there, but the account's list does not show its secret. */
  | { kind: "withheld" };

/** Milliseconds by which the server's record of a creation may differ from its own clock's word in a header. */
export const CLOCK_TOLERANCE_MS = 2_000;

/** Looks for the key of a lost creation in the account's list. A key that may be somebody else's is never taken. */
export function recognise({ keys, serverAheadMs }: Listing, lost: LostCreation): Recognition {
  const named = unclaimedOfTheName(keys, lost);
  if (named.length === 0) return { kind: "absent" };
  const own = lost.nameGenerated ? named : named.filter((key) => madeByUs(key, lost, serverAheadMs));
  const certain = lost.nameGenerated || (own.length === 1 && named.length === 1 && !lost.rivals());
  if (!certain) return { kind: "ambiguous" };
  const complete = own.filter((key): key is CreatedKey => isWholeKey(key.key));
  if (complete.length < own.length) return { kind: "withheld" };
  const [first, ...later] = complete.toSorted((a, b) => (a.created_at ?? 0) - (b.created_at ?? 0));
  return first === undefined ? { kind: "absent" } : { kind: "own", keys: [first, ...later] };
}

/** The keys of the name, without those that this process has already handed out. */
export function unclaimedOfTheName(
  keys: readonly KeyObject[],
  { settings, claimed }: LostCreation,
): KeyObject[] {
  return keys.filter(
    ({ name, key }) => name === settings.name && !(key !== undefined && claimed.has(fingerprintOf(key))),
  );
}

/** A name that a person chose may be on other keys too: ours is unused, as we asked for it, and as old as the attempt. */
function madeByUs(
  key: KeyObject,
  { settings, startedMs }: LostCreation,
  serverAheadMs: number | undefined,
): boolean {
  if (key.created_at === undefined || serverAheadMs === undefined) return false;
  const startedByServerMs = startedMs + serverAheadMs;
  return (
    key.created_at * 1_000 + 1_000 >= startedByServerMs - CLOCK_TOLERANCE_MS &&
    isUnused(key) &&
    hasSettings(key, settings)
  );
}

/** Nobody has ever used the key, as far as the account says. */
export function isUnused({ used_ammount: used, last_used: lastUsed }: KeyObject): boolean {
  return used === 0 && (lastUsed ?? null) === null;
}

/** The key is set to just this; its window, which the API never tells, left aside. */
export function hasSettings(key: KeyObject, settings: KeySettings): boolean {
  return (
    key.allocated_ammount === settings.allocated_ammount &&
    key.expires_at === settings.expires_at &&
    sameSet(key.model_whitelist, settings.model_whitelist) &&
    sameSet(key.ip_whitelist, settings.ip_whitelist)
  );
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((entry) => b.includes(entry));
}
