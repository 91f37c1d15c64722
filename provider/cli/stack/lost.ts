import type { KeyObject } from "../../api/wire";
import { nameHashOf, settingsHashOf, type OpenCreation } from "../../lifecycle/creationNotes";
import { inputsSchema, toWireSettings } from "../../lifecycle/inputs";
import { CLOCK_TOLERANCE_MS, hasSettings, isUnused } from "../../lifecycle/recognise";
import type { ListedKey } from "../accounts";
import type { Problem } from "../exit";
import type { PendingCreation } from "../pulumi/checkpoint";

/** A creation of which nobody knows whether it made a key. */
export interface InterruptedCreation {
  /** Whether a key of this name is the one. */
  isNamed: (name: string) => boolean;
  /** The name was generated for this one creation, so a key that has it is the one. */
  nameGenerated: boolean;
  /** When the key was made, if it was, by this machine's clock. Undefined: not known, and so nothing proves it. */
  madeMs: { from: number; to: number } | undefined;
  /** Whether a key is set as this one was to be. */
  isSetSo: (key: KeyObject) => boolean;
  /** The operation in the state. Undefined: only the machine that ran it remembers it. */
  pending: PendingCreation | undefined;
}

export type Verdict =
  /** No key has the name: none was made, or not yet. */
  | { kind: "absent" }
  /** These were made by this creation, and nobody ever received them. */
  | { kind: "found"; keys: readonly (ListedKey & { fingerprint: string })[] }
  /** Keys have the name, and nothing proves whose they are. */
  | { kind: "unclear"; problem: Problem };

/** What the stacks of the backend have of keys. */
export interface KnownElsewhere {
  /** Fingerprints of keys that any stack has. */
  known: ReadonlySet<string>;
  /** Names of keys that other stacks are just making, or were when they were interrupted. */
  inTheMaking: ReadonlySet<string>;
}

/** What an account says, and what stacks know of it. */
export interface Evidence extends KnownElsewhere {
  keys: readonly ListedKey[];
  serverAheadMs: number | undefined;
}

/**
 * Milliseconds for which an operation may take, unless `maxWait` says otherwise: a creation that the state still calls
 * pending began at most that long before the state was saved, and took effect at most that long after it.
 */
const LONGEST_WAIT_MS = 3_600_000;

/** A creation that the state calls pending. */
export function fromState(pending: PendingCreation, savedMs: number | undefined): InterruptedCreation {
  const { name, nameGenerated, inputs } = pending;
  const parsed = inputsSchema.safeParse(inputs);
  return {
    isNamed: (candidate) => candidate === name,
    nameGenerated,
    madeMs:
      savedMs === undefined ? undefined : { from: savedMs - LONGEST_WAIT_MS, to: savedMs + LONGEST_WAIT_MS },
    isSetSo: (key) => parsed.success && hasSettings(key, toWireSettings(parsed.data)),
    pending,
  };
}

/** A creation that only this machine remembers, since the process that sent it died while its engine lived. */
export function fromJournal(noted: OpenCreation): InterruptedCreation {
  return {
    isNamed: (candidate) => nameHashOf(candidate) === noted.nameHash,
    nameGenerated: noted.nameGenerated,
    madeMs: { from: noted.startedMs, to: noted.startedMs + LONGEST_WAIT_MS },
    isSetSo: (key) => settingsHashOf(key) === noted.settingsHash,
    pending: undefined,
  };
}

/** Looks for what a creation made. A key that may be somebody else's is never taken for it. */
export function judge(
  lost: InterruptedCreation,
  { keys, serverAheadMs, known, inTheMaking }: Evidence,
): Verdict {
  const named = keys.filter(
    ({ wire, fingerprint }) =>
      lost.isNamed(wire.name) && !(fingerprint !== undefined && known.has(fingerprint)),
  );
  const [first] = named;
  if (first === undefined) return { kind: "absent" };
  const name = JSON.stringify(first.wire.name);
  if (inTheMaking.has(first.wire.name)) {
    return unclear(
      `A creation of key ${name} was interrupted, and another stack is making, or was interrupted in making, a key of that name.`,
      "Let that stack's run end, or run `recover` on it first, then this command again.",
    );
  }
  const whole = named.filter(
    (key): key is ListedKey & { fingerprint: string } => key.fingerprint !== undefined,
  );
  if (whole.length < named.length) {
    return unclear(
      `A creation of key ${name} was interrupted, and the account's list does not show the key's secret.`,
      "Look at that key on the account, and remove it there if nobody needs it.",
    );
  }
  const used = whole.filter(({ wire }) => !isUnused(wire));
  if (used.length > 0) {
    return unclear(
      `A creation of key ${name} was interrupted, but the key (${used.map(({ fingerprint }) => fingerprint).join(", ")}) has been used since, so somebody has it.`,
      "Find out who uses it. Take it over with `adopt`, or remove it on the account.",
    );
  }
  if (lost.nameGenerated) return { kind: "found", keys: whole };
  if (named.length > 1) {
    return unclear(
      `A creation of a key named ${name} was interrupted, and ${named.length} keys of that name that no stack knows are on the account: ${whole.map(({ fingerprint }) => fingerprint).join(", ")}.`,
      "Look at them on the account, and remove the one that nobody needs. A `name` that is left out is generated and always recognised.",
    );
  }
  if (isOfItsTime(first.wire, lost, serverAheadMs ?? 0) && lost.isSetSo(first.wire))
    return { kind: "found", keys: whole };
  return unclear(
    `A creation of a key named ${name} was interrupted, and nothing proves that the one on the account (${first.fingerprint}) is it.`,
    "Look at it on the account, and remove it there if nobody needs it. A `name` that is left out is generated and always recognised.",
  );
}

function isOfItsTime(
  { created_at: createdUnixS }: KeyObject,
  { madeMs }: InterruptedCreation,
  aheadMs: number,
): boolean {
  if (madeMs === undefined || createdUnixS === undefined) return false;
  // The server says whole seconds.
  const createdMs = createdUnixS * 1_000 - aheadMs;
  return createdMs + 1_000 >= madeMs.from - CLOCK_TOLERANCE_MS && createdMs <= madeMs.to + CLOCK_TOLERANCE_MS;
}

function unclear(why: string, nextStep: string): Verdict {
  return { kind: "unclear", problem: { why, nextStep } };
}
