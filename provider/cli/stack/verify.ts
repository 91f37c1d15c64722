import { listKeys, type AccountView, type ListedKey } from "../accounts";
import { problemOf, type Problem } from "../exit";
import type { StateKey } from "../pulumi/checkpoint";
import { keyFacts, type KeyReport } from "../report";
import type { Failures } from "./engineEvents";
import type { StackAccounts } from "./task";

/** What the stack's accounts say of their keys. */
export interface Facts {
  byFingerprint: ReadonlyMap<string, ListedKey>;
  /** Names of keys whose secret the list does not show, so that nobody can tell which they are. */
  hidden: ReadonlySet<string>;
  /** Keys whose account could not be asked, by fingerprint, and why. */
  unasked: ReadonlyMap<string, Problem>;
}

/**
 * What the accounts of these keys say, as of now. One that does not answer does not keep the others' keys from being known.
 *
 * @param signal ends the waiting. Default: whatever ends the command.
 */
export async function factsOf(
  accounts: StackAccounts,
  keys: readonly StateKey[],
  signal?: AbortSignal,
): Promise<Facts> {
  const byFingerprint = new Map<string, ListedKey>();
  const hidden = new Set<string>();
  const unasked = new Map<string, Problem>();
  const lists = new Map<AccountView, ReturnType<typeof listKeys>>();
  for (const { account, fingerprint } of keys) {
    try {
      const view = await accounts.of(account);
      const list = lists.get(view) ?? listKeys(view, signal);
      lists.set(view, list);
      for (const listed of (await list).keys) {
        if (listed.fingerprint === undefined) hidden.add(listed.wire.name);
        else byFingerprint.set(listed.fingerprint, listed);
      }
    } catch (error) {
      unasked.set(fingerprint, problemOf(error));
    }
  }
  return { byFingerprint, hidden, unasked };
}

/** What became of the keys: the account's word counts, not the engine's. */
export function verify(
  keys: readonly StateKey[],
  before: Facts,
  left: Facts,
  failures: Failures,
): readonly KeyReport[] {
  const reports: KeyReport[] = [];
  for (const key of keys) {
    const listed = before.byFingerprint.get(key.fingerprint);
    const verdict = verdictOn(key, listed !== undefined, left, failures.reasonFor(key.urn));
    reports.push({ ...headOf(key), ...keyFacts(listed?.wire), ...verdict });
  }
  return reports;
}

function verdictOn(
  key: StateKey,
  wasThere: boolean,
  left: Facts,
  failed: string | undefined,
): Pick<KeyReport, "outcome" | "why" | "nextStep"> {
  const unasked = left.unasked.get(key.fingerprint);
  const isThere = left.byFingerprint.has(key.fingerprint);
  const isHidden = left.hidden.has(key.name ?? "");
  const isGone = unasked === undefined && !isThere && !isHidden;
  if (isGone && wasThere) return { outcome: "removed" };
  if (failed !== undefined) return { outcome: "failed", ...split(failed) };
  if (isGone) return { outcome: "already-gone" };
  if (key.kept !== undefined) return { outcome: "kept" };
  if (isThere) {
    return {
      outcome: "failed",
      why: `Key ${labelOf(key)} is still on the account.`,
      nextStep: "Run the command again.",
    };
  }
  const why = `Whether key ${labelOf(key)} is gone cannot be told:`;
  if (unasked !== undefined)
    return { outcome: "unknown", why: `${why} ${unasked.why}`, nextStep: unasked.nextStep };
  return {
    outcome: "unknown",
    why: `${why} the account's list has one of that name, without its secret.`,
    nextStep: "Look at it on the account, and remove it there.",
  };
}

function labelOf({ name, fingerprint }: { name?: string | null | undefined; fingerprint: string }): string {
  return `${JSON.stringify(name ?? "?")} (${fingerprint})`;
}

export function headOf({
  name,
  fingerprint,
  resource,
}: StateKey): Pick<KeyReport, "name" | "fingerprint" | "resource"> {
  return { name: name ?? null, fingerprint, resource };
}

/** The provider's messages end with a line that says what to do next. */
function split(message: string): Problem {
  const at = message.lastIndexOf("\n");
  if (at === -1) return { why: message, nextStep: "Mend that, then run the command again." };
  return { why: message.slice(0, at), nextStep: message.slice(at + 1) };
}
