import type { KeySettings } from "../../api/wire";
import { nameHashOf, type OpenCreation } from "../../lifecycle/creations";
import { inputsSchema, toWireSettings } from "../../lifecycle/inputs";
import { hasSettings, isUnused, madeSince } from "../../lifecycle/recognise";
import type { ListedKey } from "../accounts";
import type { Problem } from "../exit";
import type { PendingCreation } from "../pulumi/checkpoint";

/** A creation of which nobody knows whether it made a key. */
export interface LostCreation {
  /** In messages: the resource and, where it is known, the key's name. */
  label: string;
  /** Whether a key of this name is the one. */
  isNamed: (name: string) => boolean;
  /** The name was generated for this one creation, so a key that has it is the one. */
  nameGenerated: boolean;
  /** Milliseconds since the epoch, by this machine's clock: not earlier was the key made. Undefined: not known. */
  notBeforeMs: number | undefined;
  /** What the key was to be set to. Undefined: not known. */
  settings: KeySettings | undefined;
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

/** What an account says, and which of its keys stacks know. */
export interface Evidence {
  keys: readonly ListedKey[];
  serverAheadMs: number | undefined;
  /** Fingerprints of keys that the stack knows; for a name that a person chose, of those that any stack knows. */
  known: ReadonlySet<string>;
}

/**
 * Milliseconds for which an operation may wait before it sends anything, unless `maxWait` says otherwise: a creation that
 * the state still calls pending began at most that long before the state was saved.
 */
const LONGEST_WAIT_MS = 3_600_000;

/** A creation that the state calls pending. */
export function fromState(pending: PendingCreation, savedMs: number | undefined): LostCreation {
  const { name, nameGenerated, resource, inputs } = pending;
  const parsed = inputsSchema.safeParse(inputs);
  return {
    label: name === undefined ? `resource ${resource}` : `${JSON.stringify(name)} (resource ${resource})`,
    isNamed: (candidate) => candidate === name,
    nameGenerated,
    // Without the settings nothing is ever proven.
    notBeforeMs: savedMs === undefined || !parsed.success ? undefined : savedMs - LONGEST_WAIT_MS,
    settings: parsed.success ? toWireSettings(parsed.data) : undefined,
    pending,
  };
}

/** A creation that only this machine remembers, since the process that sent it died while its engine lived. */
export function fromJournal(noted: OpenCreation): LostCreation {
  return {
    label: "a key whose maker was killed",
    isNamed: (candidate) => nameHashOf(candidate) === noted.nameHash,
    nameGenerated: noted.nameGenerated,
    notBeforeMs: noted.startedMs,
    settings: undefined,
    pending: undefined,
  };
}

/** Looks for what a creation made. A key that may be somebody else's is never taken for it. */
export function judge(lost: LostCreation, { keys, serverAheadMs, known }: Evidence): Verdict {
  const named = keys.filter(
    ({ wire, fingerprint }) =>
      lost.isNamed(wire.name) && !(fingerprint !== undefined && known.has(fingerprint)),
  );
  const [first] = named;
  if (first === undefined) return { kind: "absent" };
  const name = JSON.stringify(first.wire.name);
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
  const proven =
    lost.notBeforeMs !== undefined &&
    madeSince(first.wire, lost.notBeforeMs + (serverAheadMs ?? 0)) &&
    (lost.settings === undefined || hasSettings(first.wire, lost.settings));
  if (proven) return { kind: "found", keys: whole };
  return unclear(
    `A creation of a key named ${name} was interrupted, and nothing proves that the one on the account (${first.fingerprint}) is it.`,
    "Look at it on the account, and remove it there if nobody needs it. A `name` that is left out is generated and always recognised.",
  );
}

function unclear(why: string, nextStep: string): Verdict {
  return { kind: "unclear", problem: { why, nextStep } };
}
