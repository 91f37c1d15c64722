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
}

/** What the accounts of these keys say, as of now. */
export async function factsOf(accounts: StackAccounts, keys: readonly StateKey[]): Promise<Facts> {
  const byFingerprint = new Map<string, ListedKey>();
  const hidden = new Set<string>();
  const views = new Set<AccountView>();
  for (const key of keys) views.add(await accounts.of(key.account));
  for (const view of views) {
    for (const listed of (await listKeys(view)).keys) {
      if (listed.fingerprint === undefined) hidden.add(listed.wire.name);
      else byFingerprint.set(listed.fingerprint, listed);
    }
  }
  return { byFingerprint, hidden };
}

/** What became of the keys: the account's word counts, not the engine's. */
export async function verify(
  accounts: StackAccounts,
  keys: readonly StateKey[],
  before: Facts,
  failures: Failures,
): Promise<KeyReport[]> {
  const headed = keys.map((key) => {
    const listed = before.byFingerprint.get(key.fingerprint);
    return { key, wasThere: listed !== undefined, head: { ...headOf(key), ...keyFacts(listed?.wire) } };
  });
  let left: Facts;
  try {
    left = await factsOf(accounts, keys);
  } catch (error) {
    const { why, nextStep } = problemOf(error);
    return headed.map(({ head }) => ({
      ...head,
      outcome: "unknown",
      why: `Whether key ${labelOf(head)} is gone could not be verified: ${why}`,
      nextStep,
    }));
  }
  const reports: KeyReport[] = [];
  for (const { key, wasThere, head } of headed) {
    reports.push({ ...head, ...verdictOn(key, wasThere, left, failures.reasonFor(key.urn)) });
  }
  return reports;
}

function verdictOn(
  key: StateKey,
  wasThere: boolean,
  left: Facts,
  failed: string | undefined,
): Pick<KeyReport, "outcome" | "why" | "nextStep"> {
  const isThere = left.byFingerprint.has(key.fingerprint);
  if (wasThere && !isThere) return { outcome: "removed" };
  if (failed !== undefined) return { outcome: "failed", ...split(failed) };
  if (key.kept !== undefined) return { outcome: "kept" };
  if (left.hidden.has(key.name ?? "")) {
    return {
      outcome: "unknown",
      why: `Whether key ${labelOf(key)} is gone cannot be told: the account's list has one of that name, without its secret.`,
      nextStep: "Look at it on the account, and remove it there.",
    };
  }
  if (!isThere) return { outcome: "already-gone" };
  return {
    outcome: "failed",
    why: `Key ${labelOf(key)} is still on the account.`,
    nextStep: "Run the command again.",
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
