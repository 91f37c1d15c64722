import { hasLabels } from "../../lifecycle/labels";
import type { AccountView } from "../account/accounts";
import { listedKey } from "../account/accounts";
import { isUnauthorized } from "../../api/errorGuards";
import type { Problem } from "../problems";
import { labelsOf, type DeclaredKeys } from "./declaredKeys";
import { listOnce, listShown, type Listing } from "./listing";
import { noteFailure, observe, revokedKey, type RevokedKey } from "./revokedKey";
import type { Selection } from "./selection";

export interface Found {
  keys: readonly RevokedKey[];
  /** The account's list, if it was read. */
  listing: Listing | undefined;
}

/**
 * Finds the selected keys on the account. A single key on stdin needs no list: its lookup finds it.
 *
 * @param declared the states; undefined: the selection does not need them.
 * @throws if the list fails, unless all keys are named on stdin.
 */
export async function findKeys(
  selection: Selection,
  account: AccountView,
  declared: DeclaredKeys | undefined,
): Promise<Found> {
  if (selection.kind === "named" && selection.fingerprints.length === 0) {
    const keys = selection.secrets.map((secret) => revokedKey({ secret }));
    const isSingle = keys.length === 1;
    const listing = isSingle ? undefined : await listUnlessBroken(account);
    return { keys, listing };
  }
  const listing = await listShown(account);
  const listed = listing.keys.map(listedKey);
  if (selection.kind === "named") {
    return {
      keys: selection.fingerprints.map((wanted) => {
        const key = listed.find(({ fingerprint }) => fingerprint === wanted);
        return key === undefined ? absentKey(wanted, listing) : revokedKey({ secret: key.wire.key });
      }),
      listing,
    };
  }
  const { namePrefix = "", labels, stacks } = selection;
  const places = declared?.byFingerprint;
  const placesOf = (fingerprint = "") => places?.get(fingerprint) ?? [];
  const isDeclared = (fingerprint: string) =>
    placesOf(fingerprint).some((place) => labels === undefined || hasLabels(place.labels, labels));
  const readsStates = (labels ?? stacks) !== undefined;
  const keys = listed
    .filter(({ wire }) => wire.name.startsWith(namePrefix))
    .filter(({ fingerprint }) => !readsStates || (fingerprint !== undefined && isDeclared(fingerprint)))
    .map((key) =>
      key.wire.key === undefined
        ? revokedKey({ secret: undefined, wire: key.wire, problems: [hiddenProblem(key.wire.name)] })
        : revokedKey({ secret: key.wire.key, labels: labelsOf(placesOf(key.fingerprint)) }),
    );
  const isListed = new Set(listed.map(({ fingerprint }) => fingerprint));
  // Of a key that no list shows, the name is unknown.
  const mayFit =
    namePrefix === "" ||
    listed.some(({ wire, fingerprint }) => fingerprint === undefined && wire.name.startsWith(namePrefix));
  const unlisted = mayFit
    ? [...(places?.keys() ?? [])].filter((it) => !isListed.has(it) && isDeclared(it))
    : [];
  return { keys: [...keys, ...unlisted.map((fingerprint) => absentKey(fingerprint, listing))], listing };
}

/** Undefined: only lookups can show the keys. */
async function listUnlessBroken(account: AccountView): Promise<Listing | undefined> {
  return listOnce(account).catch((error: unknown) => {
    if (isUnauthorized(error)) throw error;
    return undefined;
  });
}

function hiddenProblem(name: string): Problem {
  return {
    why: `The account's list does not show the secret of key ${JSON.stringify(name)}, without which it cannot be disabled.`,
    nextStep: "Pass the whole key on stdin, or disable it on the Electron Hub website.",
  };
}

function absentKey(fingerprint: string, { keys, sentMs, flaw }: Listing): RevokedKey {
  const isHidden = flaw !== undefined || keys.some(({ key }) => key === undefined);
  return revokedKey({
    secret: undefined,
    fingerprint,
    status: "absent",
    provenAtMs: isHidden ? undefined : sentMs,
    problems: [
      {
        why: `The account's list does not show a key ${fingerprint}${isHidden ? ", but may hide some" : ""}: it was removed already, or another account owns it.`,
        nextStep: "Check the fingerprint, and that the API key is that of the key's account.",
      },
    ],
  });
}

/** Shows the keys for a dry run, which sends no toggle. Never throws: each key has its problem. */
export async function showKeys({ keys, listing }: Found, account: AccountView): Promise<void> {
  await Promise.all(
    keys.map(async (key) => {
      const { secret } = key;
      if (secret === undefined) return;
      const shown = listing?.keys.find((entry) => entry.key === secret);
      try {
        const { client, call } = account.begin();
        observe(key, shown ?? (await client.lookup(secret, call)));
      } catch (error) {
        noteFailure(key, error);
      }
    }),
  );
}
