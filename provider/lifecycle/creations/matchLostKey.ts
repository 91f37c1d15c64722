import { isForbidden, isInvalidRequest, isKeyGone } from "../../api/errorGuards";
import { isWholeKey, type CreatedKey, type KeyObject } from "../../api/wire";
import { fingerprintOf } from "../schema/state";
import { nameHashOf } from "./journalReader";

/** A creation whose response or whose record was lost. */
export interface LostCreation {
  /** `nameHashOf` the generated name, which no other key has. Undefined: unknown. */
  nameHash: string | undefined;
  /** The key's fingerprint, once a response has returned the key. */
  fingerprint?: string | undefined;
  /** The name that an update sets after the creation. Other keys may have it too. */
  chosenName?: string | undefined;
}

/** The keys of an account that belong to a lost creation, the oldest first. */
export interface LostKeyMatch {
  /** The creation made these: several if a request without a response took effect late. */
  own: readonly CreatedKey[];
  /** The creation made these, but the list does not show their secrets. */
  secretHidden: readonly KeyObject[];
  /** These have the chosen name, so the creation may have made them. */
  possible: readonly KeyObject[];
}

/** Decides which keys of an account belong to a lost creation. */
export function matchLostKey(
  keys: readonly KeyObject[],
  { nameHash, fingerprint, chosenName }: LostCreation,
): LostKeyMatch {
  const hasChosenName = (key: KeyObject) =>
    // With the fingerprint known, a name proves nothing.
    fingerprint === undefined && chosenName !== undefined && isSameName(key.name, chosenName);
  const isOwn = (key: KeyObject) =>
    nameHashOf(key.name) === nameHash ||
    (fingerprint !== undefined && isWholeKey(key.key) && fingerprintOf(key.key) === fingerprint);
  const sorted = keys.toSorted((a, b) => (a.created_at ?? 0) - (b.created_at ?? 0));
  const matched = sorted.filter(isOwn);
  // The key may have its chosen name by now, so any key without its secret may be the one.
  const hidden = fingerprint !== undefined && matched.length === 0 ? sorted : matched;
  return {
    own: matched.filter((key): key is CreatedKey => isWholeKey(key.key)),
    secretHidden: hidden.filter((key) => !isWholeKey(key.key)),
    possible: sorted.filter((key) => !isOwn(key) && hasChosenName(key)),
  };
}

/** Compares names as the API stores them: trimmed and normalized. */
export function isSameName(a: string, b: string): boolean {
  return nameHashOf(a) === nameHashOf(b);
}

/** Whether the account shows that the key was never used. */
export function isUnused({ used_ammount: used, last_used: lastUsed }: KeyObject): boolean {
  return used === 0 && lastUsed === null;
}

/** Whether the account does not show if the key was used. */
export function isUseUnknown(key: KeyObject): boolean {
  const { used_ammount: used, last_used: lastUsed } = key;
  return !((used ?? 0) > 0) && typeof lastUsed !== "number" && !isUnused(key);
}

/** Whether the API does not know a key that its list shows: the list then shows only a part of the key. */
export function isNoSuchKey(error: unknown): boolean {
  return isInvalidRequest(error) || isForbidden(error, "otherAccount") || isKeyGone(error);
}
