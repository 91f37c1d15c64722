import { isKeyGone } from "../../provider/api/errorGuards";
import type { KeyObject } from "../../provider/api/wire";
import type { LiveApi } from "./api";
import { NAME_PREFIX, runOf, type OwnKeys } from "./ownKeys";

/** A younger key may be in use by another run. */
const OLD_MS = 60 * 60_000;

/** The account's keys, by whom they belong to. */
export interface Survey {
  /** Left by runs that ended long ago. */
  stale: KeyObject[];
  /** Of runs that may still be going on, or of unknown age. */
  recent: KeyObject[];
  /** Their names start like those of the live test, but it has not given them. */
  doubtful: KeyObject[];
  /** All others. */
  foreign: KeyObject[];
}

/** @param serverNowMs by the clock that has dated the keys. */
export function survey(keys: readonly KeyObject[], serverNowMs: number): Survey {
  const found: Survey = { stale: [], recent: [], doubtful: [], foreign: [] };
  for (const key of keys) {
    const isOld = key.created_at !== undefined && serverNowMs - key.created_at * 1_000 > OLD_MS;
    if (runOf(key.name) !== undefined) found[isOld ? "stale" : "recent"].push(key);
    else if (key.name.startsWith(NAME_PREFIX)) found.doubtful.push(key);
    else found.foreign.push(key);
  }
  return found;
}

export interface Swept {
  /** Names. */
  removed: string[];
  /** Names of keys that may still exist, and why. */
  left: string[];
}

/** Removes what earlier runs have left. */
export async function removeStale(api: LiveApi, own: OwnKeys, stale: readonly KeyObject[]): Promise<Swept> {
  const swept: Swept = { removed: [], left: [] };
  for (const { key, name, allocated_ammount } of stale) {
    if (key === undefined) {
      swept.left.push(`${name} (the list does not show the key)`);
      continue;
    }
    own.claim(key, name, allocated_ammount);
    await remove(api, { key, name }, swept);
  }
  return swept;
}

/** Removes every key of this run: those it knows, and those that the list shows after a lost response. */
export async function removeOwn(api: LiveApi, own: OwnKeys): Promise<Swept & { last: readonly KeyObject[] }> {
  const swept: Swept = { removed: [], left: [] };
  for (const known of own.remaining) if (own.isOfThisRun(known.name)) await remove(api, known, swept);
  let { keys } = await api.client.list(api.call);
  const strays = keys.filter(({ name }) => own.isOfThisRun(name));
  for (const { key, name } of strays) {
    if (key === undefined) continue;
    own.claim(key, name);
    await remove(api, { key, name }, swept);
  }
  if (strays.length > 0) ({ keys } = await api.client.list(api.call));
  const existing = keys.filter(({ name }) => own.isOfThisRun(name)).map(({ name }) => name);
  const reasons = new Map(swept.left.map((line) => [line.split(" ")[0], line]));
  // The list is the proof: a removal that seemed to fail may have succeeded.
  return { removed: swept.removed, left: existing.map((name) => reasons.get(name) ?? name), last: keys };
}

async function remove(
  api: LiveApi,
  { key, name }: { key: string; name: string },
  swept: Swept,
): Promise<void> {
  try {
    await api.client.remove(key, api.call);
    swept.removed.push(name);
  } catch (error) {
    if (isKeyGone(error)) return;
    swept.left.push(`${name} (${error instanceof Error ? error.message : String(error)})`);
  }
}

/** The names of keys of others that are not as they were. Their use is no change. */
export function changedKeys(before: readonly KeyObject[], after: readonly KeyObject[]): string[] {
  const settings = ({
    name,
    expires_at,
    allocated_ammount,
    is_active,
    model_whitelist,
    ip_whitelist,
  }: KeyObject) =>
    JSON.stringify([name, expires_at, allocated_ammount, is_active, model_whitelist, ip_whitelist]);
  const later = after.map(settings);
  return before.flatMap((key) => {
    const at = later.indexOf(settings(key));
    if (at !== -1) later.splice(at, 1);
    return at === -1 ? [key.name] : [];
  });
}
