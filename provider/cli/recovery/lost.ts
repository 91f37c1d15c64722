import { nameHashOf, type OpenCreation } from "../../lifecycle/creations/journalReader";
import {
  isUnused,
  isUseUnknown,
  matchLostKey,
  type LostCreation,
} from "../../lifecycle/creations/matchLostKey";
import type { KeyObject } from "../../api/wire";
import type { ListedKey } from "../account/accounts";
import type { Problem } from "../problems";
import type { PendingCreation } from "../pulumi/checkpoint";

/** An interrupted creation. Whether it created a key is unknown. */
export interface InterruptedCreation extends LostCreation {
  /** The operation in the state. Undefined: only this machine's journal has the creation. */
  pending: PendingCreation | undefined;
  /** When the state was saved. */
  savedMs?: number | undefined;
  /**
   * The engine received the key, which counts as lost because the state was saved earlier. When the creation began, by this
   * machine's clock. Undefined: the engine did not receive it.
   */
  deliveredMs?: number | undefined;
}

/** The keys of an account that an interrupted creation has created. */
export interface LostMatch {
  /** Keys that no state has and that were never used. */
  found: readonly (ListedKey & { fingerprint: string })[];
  /** Reasons why other keys are left alone. */
  problems: readonly Problem[];
  /** A stack has the key in its state, so no key was lost. */
  isKnown: boolean;
}

/** @param known fingerprints of the keys of all stacks of the backend. */
export function matchLost(
  lost: InterruptedCreation,
  keys: readonly ListedKey[],
  known: ReadonlySet<string>,
): LostMatch {
  const match = matchLostKey(
    keys.map(({ wire }) => wire),
    lost,
  );
  const fingerprints = new Map(keys.map(({ wire, fingerprint }) => [wire, fingerprint]));
  const found: (ListedKey & { fingerprint: string })[] = [];
  const problems = match.secretHidden.map(({ name }) => hiddenProblem(name));
  let isKnown = false;
  for (const wire of match.own) {
    const fingerprint = fingerprints.get(wire);
    if (fingerprint === undefined) continue;
    if (known.has(fingerprint)) isKnown = true;
    else if (mayBeLetGo(wire, lost)) problems.push(letGoProblem(wire.name, fingerprint));
    else if (isUnused(wire)) found.push({ wire, fingerprint });
    else problems.push(useProblem(wire.name, fingerprint, isUseUnknown(wire)));
  }
  for (const wire of match.possible) {
    const fingerprint = fingerprints.get(wire);
    if ((fingerprint !== undefined && known.has(fingerprint)) || isLongBefore(wire.created_at, lost))
      continue;
    problems.push(chosenNameProblem(wire.name, fingerprint));
  }
  return { found, problems, isKnown };
}

/**
 * Whether the stack may have let go of a key on purpose, as with `retainOnDelete`: it is disabled, or the clock of this
 * machine was ahead when the key was created, so that any later state looks older.
 */
function mayBeLetGo(wire: KeyObject, { deliveredMs }: InterruptedCreation): boolean {
  if (deliveredMs === undefined) return false;
  const createdMs = wire.created_at === undefined ? undefined : wire.created_at * 1_000;
  return wire.is_active === false || createdMs === undefined || createdMs < deliveredMs - CLOCK_TOLERANCE_MS;
}

/** The API's times are in whole seconds, and clocks that are kept right differ by less. */
const CLOCK_TOLERANCE_MS = 5_000;

/** Whether an interrupted creation may have created one of these keys. */
export function isListed(lost: InterruptedCreation, keys: readonly ListedKey[]): boolean {
  const match = matchLostKey(
    keys.map(({ wire }) => wire),
    lost,
  );
  return match.own.length + match.possible.length > 0;
}

/** @param noted the same creation in this machine's journal. */
export function fromState(
  pending: PendingCreation,
  noted: Pick<OpenCreation, "fingerprint"> | undefined,
  savedMs: number | undefined,
): InterruptedCreation {
  const { createdAs, chosenName } = pending;
  const nameHash = createdAs === undefined ? undefined : nameHashOf(createdAs);
  return { nameHash, chosenName, fingerprint: noted?.fingerprint ?? pending.fingerprint, pending, savedMs };
}

/** A creation that is only in this machine's journal: the plugin was killed, or an older state was restored. */
export function fromJournal({
  nameHash,
  fingerprint,
  delivered,
  startedMs,
}: OpenCreation): InterruptedCreation {
  const deliveredMs = delivered ? startedMs : undefined;
  return { nameHash, fingerprint, pending: undefined, deliveredMs };
}

const DAY_MS = 24 * 3_600_000;

/** Whether a key with the chosen name is certainly older than the operation. Allows for clocks that differ by a day. */
function isLongBefore(createdUnixS: number | undefined, { savedMs }: InterruptedCreation): boolean {
  return savedMs !== undefined && createdUnixS !== undefined && createdUnixS * 1_000 < savedMs - DAY_MS;
}

function hiddenProblem(name: string): Problem {
  return {
    why: `A creation of key ${JSON.stringify(name)} was interrupted, and the account's list does not show the key's secret.`,
    nextStep: "Remove that key on the account if no application needs it.",
  };
}

function letGoProblem(name: string, fingerprint: string): Problem {
  return {
    why: `Key ${JSON.stringify(name)} (${fingerprint}) was created for this stack, whose state does not have it. Whether the stack has let go of it on purpose is unknown: the key is disabled, or this machine's clock was wrong when it was created.`,
    nextStep:
      "If an application uses it, adopt it with the input `adopt`. Otherwise remove it on the account, or with `npx pulumi-electronhub orphans`.",
  };
}

function useProblem(name: string, fingerprint: string, isUnknown: boolean): Problem {
  const use = isUnknown
    ? `and the API does not show whether the key (${fingerprint}) has been used since.`
    : `but the key (${fingerprint}) has been used since, so an application has it.`;
  return {
    why: `A creation of key ${JSON.stringify(name)} was interrupted, ${use}`,
    nextStep:
      "Find out which application uses it. Adopt the key with the input `adopt`, or remove it on the account.",
  };
}

function chosenNameProblem(name: string, fingerprint = "secret not shown"): Problem {
  return {
    why: `A creation of a key named ${JSON.stringify(name)} was interrupted, and the account has a key of that name (${fingerprint}) that is in no stack. The creation or a user may have made it.`,
    nextStep:
      "Find out which application uses the key. Adopt it with the input `adopt`, or remove it on the account, then run the command again. If the key does not belong to this stack, run `pulumi refresh --clear-pending-creates` for the stack.",
  };
}

export function receivedProblem({ wire, fingerprint }: ListedKey): Problem {
  return {
    why: `Key ${JSON.stringify(wire.name)} (${fingerprint}) was created after the state was saved, and a program may have received it.`,
    nextStep:
      "If an application uses it, adopt it with the input `adopt`. Otherwise remove it with `npx pulumi-electronhub cleanup`, which destroys the whole stack, or on the account.",
  };
}

export function otherBackendProblem({ wire, fingerprint }: ListedKey): Problem {
  return {
    why: `A creation of key ${JSON.stringify(wire.name)} (${fingerprint}) was interrupted in a stack of this name, perhaps of another backend: which backend is unknown.`,
    nextStep:
      "Find out which stack created it. Adopt it there with the input `adopt`, or remove it on the account.",
  };
}

export function namelessProblem({ resource }: PendingCreation): Problem {
  return {
    why: `The state has an interrupted creation of a key (resource ${resource}) without the name that was sent.`,
    nextStep:
      "Look for the key on the account, and remove it there if no application needs it. Then run `pulumi refresh --clear-pending-creates` for the stack.",
  };
}
