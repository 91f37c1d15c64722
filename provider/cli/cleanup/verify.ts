import { requireSameServer } from "../../lifecycle/server";
import { listKeys, type AccountView, type ListedKey } from "../account/accounts";
import { FIX_AND_RUN_AGAIN, problemOf, Refusal, type Problem } from "../problems";
import type { StateKey } from "../pulumi/checkpoint";
import { keyFacts, type KeyReport } from "../terminal/report";
import type { Failures } from "./engineEvents";
import { confirmAbsence } from "./confirmAbsence";
import type { StackAccounts } from "../account/stackAccounts";
import type { Sighting } from "./sighting";

export type Facts = ReadonlyMap<StateKey, Sighting>;

export interface FactOptions {
  /** Ends the waiting. Default: the signal that stops the command. */
  signal?: AbortSignal | undefined;
  /** Looks up each key that is absent from a list. Default: the list of the account that created it is proof. */
  looksUp?: boolean;
}

/** Lists the accounts of these keys. An account that fails affects only its own keys. */
export async function factsOf(
  accounts: StackAccounts,
  keys: readonly StateKey[],
  { signal, looksUp = false }: FactOptions = {},
): Promise<Facts> {
  const facts = new Map<StateKey, Sighting>();
  const lists = new Map<AccountView, ReturnType<typeof listKeys>>();
  for (const key of keys) {
    try {
      const view = await accounts.forResource(key.account);
      const list = lists.get(view) ?? listKeys(view, signal);
      lists.set(view, list);
      const listed = (await list).keys;
      let sighting = sightingOf(key, listed);
      if (sighting.kind === "absent") {
        requireSameServer(key.server, view.settings);
        if (looksUp) sighting = await confirmAbsence(key, view);
        else requireSameAccount(key, view, keys, listed);
      }
      facts.set(key, sighting);
    } catch (error) {
      facts.set(key, { kind: "unasked", ...problemOf(error) });
    }
  }
  return facts;
}

/**
 * The list proves nothing if another account's API key is configured by now. If the same account only has a new API key, a
 * listed key that was created with the earlier one proves that.
 */
function requireSameAccount(
  { sentTo, name, fingerprint }: StateKey,
  view: AccountView,
  keys: readonly StateKey[],
  listed: readonly ListedKey[],
): void {
  if (sentTo === undefined || sentTo === view.account) return;
  const fingerprints = new Set(listed.map((entry) => entry.fingerprint));
  if (keys.some((other) => other.sentTo === sentTo && fingerprints.has(other.fingerprint))) return;
  throw new Refusal({
    why: `Key ${labelOf({ name, fingerprint })} was created with another API key, and nothing proves that this one is of the same account.`,
    nextStep: "Configure the API key of the account that has the key, then run the command again.",
  });
}

function sightingOf(key: StateKey, listed: readonly ListedKey[]): Sighting {
  const found = listed.find(({ fingerprint }) => fingerprint === key.fingerprint);
  if (found !== undefined) return { kind: "listed", key: found };
  // Names prove nothing: they change, and need not be unique.
  if (listed.every(({ fingerprint }) => fingerprint !== undefined)) return { kind: "absent" };
  return {
    kind: "hidden",
    why: "The account's list shows keys without their secrets.",
    nextStep: "Run the command again when the list shows them.",
  };
}

/** Reports what a destroy would do to a key. */
export function plannedFor(key: StateKey, facts: Facts): KeyReport {
  const sighting = sightingIn(facts, key);
  const head = headOf(key, sighting);
  if (key.kept === "external") return { ...head, ...outcomeOfExternal(sighting) };
  if (sighting.kind === "unasked")
    return { ...head, outcome: "unknown", why: sighting.why, nextStep: sighting.nextStep };
  if (sighting.kind === "foreign" && key.kept !== "retainOnDelete") {
    const why = `Key ${labelOf(key)} cannot be removed: ${sighting.why}`;
    return { ...head, outcome: "foreign", why, nextStep: sighting.nextStep };
  }
  if (sighting.kind === "absent") return { ...head, outcome: "already-gone" };
  // A destroy removes also a hidden key: the state has its secret.
  return { ...head, outcome: key.kept === undefined ? "would-remove" : "kept" };
}

/** Reports what a destroy did to the keys. The account's list counts more than the engine's events. */
export function verify(
  keys: readonly StateKey[],
  before: Facts,
  left: Facts,
  failures: Failures,
): readonly KeyReport[] {
  return keys.map((key) => {
    const sighting = sightingIn(before, key);
    return { ...headOf(key, sighting), ...verdictOn(key, sighting, sightingIn(left, key), failures) };
  });
}

function verdictOn(
  key: StateKey,
  before: Sighting,
  left: Sighting,
  failures: Failures,
): Pick<KeyReport, "outcome" | "why" | "nextStep"> {
  if (key.kept === "external") return outcomeOfExternal(left);
  const failed = failures.reasonFor(key.urn);
  const isKept = key.kept !== undefined;
  if (left.kind === "absent" && before.kind === "listed")
    return { outcome: isKept ? "already-gone" : "removed" };
  if (failed !== undefined) return { outcome: "failed", ...split(failed) };
  if (left.kind === "listed") {
    if (isKept) return { outcome: "kept" };
    const why = `Key ${labelOf(key)} is still on the account.`;
    return { outcome: "failed", why, nextStep: "Run the command again." };
  }
  if (before.kind === "absent" || (left.kind === "absent" && isKept)) return { outcome: "already-gone" };
  // The provider deletes only with proof, so its report counts if the list proves nothing.
  if (failures.hasDeleted(key)) return { outcome: isKept ? "kept" : "removed" };
  if (left.kind !== "absent") {
    const why = `Whether key ${labelOf(key)} is gone is unknown: ${left.why}`;
    return { outcome: "unknown", why, nextStep: left.nextStep };
  }
  const why = `Key ${labelOf(key)} is gone; whether this command removed it is unknown.`;
  return { outcome: "unknown", why, nextStep: "Run the command again." };
}

/** A destroy asks the plugin nothing about a key that the program only reads. */
function outcomeOfExternal({ kind }: Sighting): Pick<KeyReport, "outcome"> {
  return { outcome: kind === "absent" ? "already-gone" : "kept" };
}

function sightingIn(facts: Facts, key: StateKey): Sighting {
  const sighting = facts.get(key);
  if (sighting === undefined) throw new Error(`The account of ${key.urn} was not listed.`);
  return sighting;
}

function labelOf({ name, fingerprint }: { name?: string | null | undefined; fingerprint: string }): string {
  return `${JSON.stringify(name ?? "?")} (${fingerprint})`;
}

function headOf(
  { name, fingerprint, resource, labels }: StateKey,
  sighting: Sighting,
): Omit<KeyReport, "outcome"> {
  const wire = sighting.kind === "listed" ? sighting.key.wire : undefined;
  return { name: name ?? null, fingerprint, resource, labels, ...keyFacts(wire) };
}

/** Splits off the next step, which is the last line of the provider's messages. */
function split(message: string): Problem {
  const at = message.lastIndexOf("\n");
  if (at === -1) return { why: message, nextStep: FIX_AND_RUN_AGAIN };
  return { why: message.slice(0, at), nextStep: message.slice(at + 1) };
}
