import { isForbidden, isInvalidRequest, isKeyGone } from "../../api/errorGuards";
import { isWholeKey, normalName, type CreatedKey, type KeyObject } from "../../api/wire";

/** What the account's list says of a creation whose response was lost. */
export type LostKeyMatch =
  /** No key has the generated name: none was created, or not yet. */
  | { kind: "absent" }
  /** These keys were created, the oldest first; more than one if a request that seemed lost took effect late. */
  | { kind: "own"; keys: readonly [CreatedKey, ...CreatedKey[]] }
  /** The key exists, but the list does not show its secret. */
  | { kind: "withheld" };

/**
 * Finds the key of a lost creation by the one exact rule: every key is created under a generated name that no other key
 * has.
 *
 * @param createdAs the generated name.
 */
export function matchLostKey(keys: readonly KeyObject[], createdAs: string): LostKeyMatch {
  const named = keys.filter(({ name }) => isSameName(name, createdAs));
  const complete = named.filter((key): key is CreatedKey => isWholeKey(key.key));
  if (complete.length < named.length) return { kind: "withheld" };
  const [first, ...later] = complete.toSorted((a, b) => (a.created_at ?? 0) - (b.created_at ?? 0));
  return first === undefined ? { kind: "absent" } : { kind: "own", keys: [first, ...later] };
}

/** The API may trim and normalise the names that it stores. */
export function isSameName(a: string, b: string): boolean {
  return normalName(a) === normalName(b);
}

/** Whether the account says that the key was never used. */
export function isUnused({ used_ammount: used, last_used: lastUsed }: KeyObject): boolean {
  return used === 0 && lastUsed === null;
}

/** Whether the account says neither that the key was used nor that it was not. */
export function isUseUnknown({ used_ammount: used, last_used: lastUsed }: KeyObject): boolean {
  return !((used ?? 0) > 0) && typeof lastUsed !== "number" && !(used === 0 && lastUsed === null);
}

/** Whether the API refuses to know a key that its list shows: then the list shows a part of it. */
export function isNoSuchKey(error: unknown): boolean {
  return isInvalidRequest(error) || isForbidden(error, "otherAccount") || isKeyGone(error);
}
