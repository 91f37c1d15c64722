import { nameHashOf, type OpenCreation } from "../../lifecycle/creations/journalReader";
import { isUnused, isUseUnknown } from "../../lifecycle/creations/matchLostKey";
import type { ListedKey } from "../account/accounts";
import type { Problem } from "../problems";
import type { PendingCreation } from "../pulumi/checkpoint";

/** A creation of which it is not known whether it made a key. */
export interface InterruptedCreation {
  /** Whether a key is the one, by its generated name, or by the fingerprint that this machine noted. */
  isOwn: (key: ListedKey) => boolean;
  /** Whether a key may be the one: it has the chosen name, which the update after the creation sets. */
  mayBeOwn: (key: ListedKey) => boolean;
  /** What this machine noted of its key. */
  fingerprint: string | undefined;
  /** The operation in the state. Undefined: only the machine that ran it remembers it. */
  pending: PendingCreation | undefined;
}

/** What an account says of a creation. Neither: it has no key of it, or not yet. */
export interface Verdict {
  /** These were made by this creation, and no state and no use of them is known. */
  found: readonly (ListedKey & { fingerprint: string })[];
  /** Keys that stay as they are, each with a reason. */
  problems: readonly Problem[];
  /** A stack has the key by now, so that nothing of it is lost. */
  isKnown: boolean;
}

/** What an account says, and what stacks know of it. */
export interface Evidence {
  keys: readonly ListedKey[];
  /** Fingerprints of keys that any stack of the backend has. */
  known: ReadonlySet<string>;
}

/**
 * Milliseconds: a key with the chosen name that was created that long before the state was saved is older than the
 * operation. Only decides what is left to the user to look at, never what is removed.
 */
const LONG_BEFORE_MS = 24 * 3_600_000;

/**
 * A creation that the state calls pending.
 *
 * @param noted what this machine remembers of it.
 */
export function fromState(
  pending: PendingCreation,
  noted: Pick<OpenCreation, "fingerprint"> | undefined,
  savedMs: number | undefined,
): InterruptedCreation {
  const { createdAs, chosenName } = pending;
  const nameHash = createdAs === undefined ? undefined : nameHashOf(createdAs);
  const chosenHash = chosenName === undefined ? undefined : nameHashOf(chosenName);
  const isOlder = ({ wire: { created_at: createdUnixS } }: ListedKey) =>
    savedMs !== undefined && createdUnixS !== undefined && createdUnixS * 1_000 < savedMs - LONG_BEFORE_MS;
  return {
    isOwn: isOwn(nameHash, noted?.fingerprint),
    // With the fingerprint at hand there is nothing to guess.
    mayBeOwn: (key) =>
      noted?.fingerprint === undefined && nameHashOf(key.wire.name) === chosenHash && !isOlder(key),
    fingerprint: noted?.fingerprint,
    pending,
  };
}

/** A creation that only this machine remembers, since the process that sent it died while its engine lived. */
export function fromJournal({ nameHash, fingerprint }: OpenCreation): InterruptedCreation {
  return { isOwn: isOwn(nameHash, fingerprint), mayBeOwn: () => false, fingerprint, pending: undefined };
}

function isOwn(nameHash: string | undefined, fingerprint: string | undefined) {
  return (key: ListedKey) =>
    nameHashOf(key.wire.name) === nameHash || (fingerprint !== undefined && key.fingerprint === fingerprint);
}

/** Looks for what a creation made. A key that may belong to another one is never taken for it. */
export function judge(lost: InterruptedCreation, { keys, known }: Evidence): Verdict {
  const has = ({ fingerprint }: ListedKey) => fingerprint !== undefined && known.has(fingerprint);
  const found: (ListedKey & { fingerprint: string })[] = [];
  const problems: Problem[] = [];
  for (const key of keys.filter((candidate) => !has(candidate))) {
    if (lost.isOwn(key)) {
      const { fingerprint } = key;
      if (fingerprint === undefined) problems.push(hiddenProblem(key));
      else if (isUnused(key.wire)) found.push({ ...key, fingerprint });
      else problems.push(isUseUnknown(key.wire) ? unknownUseProblem(key) : usedProblem(key));
    } else if (lost.mayBeOwn(key)) {
      problems.push(chosenNameProblem(key));
    }
  }
  // The key exists, perhaps with its chosen name by now; a list that hides secrets does not show which one it is.
  const hidden = keys.find(({ fingerprint }) => fingerprint === undefined);
  if (lost.fingerprint !== undefined && hidden !== undefined && !keys.some(lost.isOwn))
    problems.push(hiddenProblem(hidden));
  return { found, problems, isKnown: keys.some((key) => has(key) && lost.isOwn(key)) };
}

function hiddenProblem({ wire: { name } }: ListedKey): Problem {
  return {
    why: `A creation of key ${JSON.stringify(name)} was interrupted, and the account's list does not show the key's secret.`,
    nextStep: "Look at that key on the account, and remove it there if no application needs it.",
  };
}

function unknownUseProblem({ wire: { name }, fingerprint }: ListedKey): Problem {
  return {
    why: `A creation of key ${JSON.stringify(name)} was interrupted, and the API does not show whether the key (${fingerprint}) has been used since.`,
    nextStep: "Find out whether an application uses it. Adopt it with `adopt`, or remove it on the account.",
  };
}

function usedProblem({ wire: { name }, fingerprint }: ListedKey): Problem {
  return {
    why: `A creation of key ${JSON.stringify(name)} was interrupted, but the key (${fingerprint}) has been used since, so an application has it.`,
    nextStep: "Find out which one uses it. Adopt it with `adopt`, or remove it on the account.",
  };
}

function chosenNameProblem({ wire: { name }, fingerprint = "secret not shown" }: ListedKey): Problem {
  return {
    why: `A creation of a key named ${JSON.stringify(name)} was interrupted, and the account has one of that name (${fingerprint}) that no stack knows. It may have been made by it, or by hand.`,
    nextStep:
      "Find out who made it. Adopt it with `adopt` in the program, or remove it on the account; then run the command again. If it has nothing to do with this stack, run `pulumi refresh --clear-pending-creates` for the stack.",
  };
}
