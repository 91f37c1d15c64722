import { merged, type KeyObject } from "../../api/wire";
import { isNoSuchKey, isUseUnknown, matchLostKey } from "../../lifecycle/creations/matchLostKey";
import { listKeys, type AccountView, type ListedKey } from "../account/accounts";
import { keysInStates } from "../stack/keysInStates";
import { requireKnownTypes } from "../stack/unknownTypes";
import type { Problem } from "../problems";
import type { PendingCreation } from "../pulumi/checkpoint";
import { counted } from "../terminal/table";
import { candidatesOf, type Candidate, type Checkpoints } from "./candidates";
import { requireUnlocked } from "../stack/stackLock";
import { isProven, unprovenProblem } from "./accountProof";
import {
  isListed,
  matchLost,
  namelessProblem,
  otherBackendProblem,
  receivedProblem,
  type InterruptedCreation,
} from "./lost";
import type { StackAccounts } from "../account/stackAccounts";
import type { StackContext } from "../stack/stackContext";

/** A key that was created and that no state has. */
export interface LostKey extends ListedKey {
  fingerprint: string;
  account: AccountView;
  lost: InterruptedCreation;
}

export interface LostSearch {
  found: readonly LostKey[];
  /** Creations that are settled once the found keys are removed. */
  settled: readonly PendingCreation[];
  /** Interrupted adoptions. Their keys existed before, and stay. */
  adoptions: readonly PendingCreation[];
  problems: readonly Problem[];
  /**
   * Settles these creations in the journal.
   *
   * @param isCleared whether the state has no pending creation left. A creation that is pending needs its journal entry.
   */
  forget(isCleared: boolean): void;
}

export interface RecoveryOptions {
  /** Only reports: needs no lock, and does not wait for requests that may still take effect. */
  dryRun: boolean;
  /** Whether to remove also keys that the plugin returned to the engine. A program may have received them. */
  removesDelivered: boolean;
  /** Called before any of these keys is removed. @throws to prevent that. */
  requireRemovable?: ((found: readonly LostKey[]) => void) | undefined;
}

/** The delay between two lists of the account, while a key may still appear. */
const LOOK_MS = 5_000;

/**
 * Finds the keys that a stack's interrupted runs have created and that no state has, using the state's pending operations and
 * this machine's journal.
 */
export async function searchLost(
  task: StackContext,
  accounts: StackAccounts,
  checkpoints: Checkpoints,
  options: RecoveryOptions,
): Promise<LostSearch> {
  const { candidates, adoptions, accountedFor } = await candidatesOf(task, accounts, checkpoints);
  const { clock, stop, terminal } = task.world;
  for (const { noted, lost } of options.dryRun ? [] : candidates)
    if (noted?.delivered === true && lost.pending === undefined) noted.markLost();
  const looked: Looked = new Map();
  // Counts delays instead of reading the clock: it may be set, and the crashed run's machine may have another one.
  let leftMs = options.dryRun ? 0 : task.settleMs;
  for (;;) {
    const lists = await listsFor(candidates);
    const known = await knownToStacks(task, candidates, lists, options);
    const shown = await confirmed(candidates, lists, known, looked, options);
    const seen = look(task, candidates, shown, known, checkpoints, options);
    // A creation with a response has taken effect, so its key was removed since.
    const unanswered = seen.absent.filter(({ lost }) => lost.fingerprint === undefined);
    if (unanswered.length > 0 && leftMs > 0) {
      terminal.progress(
        `${task.stack}: ${counted(unanswered.length, "interrupted creation")} may still take effect; looking again for ${Math.ceil(leftMs / 1_000)} s`,
      );
      const waitMs = Math.min(LOOK_MS, leftMs);
      leftMs -= waitMs;
      await clock.sleep(waitMs, stop);
      continue;
    }
    return {
      found: seen.found,
      settled: seen.settled.flatMap(({ lost }) => lost.pending ?? []),
      adoptions,
      problems: seen.problems,
      forget(isCleared) {
        const settled = seen.settled.filter(({ lost }) => isCleared || lost.pending === undefined);
        for (const noted of [...accountedFor, ...settled.map((candidate) => candidate.noted)])
          noted?.settle();
      },
    };
  }
}

type Lists = ReadonlyMap<AccountView, readonly ListedKey[]>;

async function listsFor(candidates: readonly Candidate[]): Promise<Lists> {
  const lists = new Map<AccountView, readonly ListedKey[]>();
  for (const account of new Set(candidates.flatMap(({ accounts }) => accounts)))
    lists.set(account, (await listKeys(account)).keys);
  return lists;
}

/**
 * Fingerprints of the keys that the stacks of the backend have, including this stack. Read after the accounts were listed and
 * the stack was found unlocked, so that they include keys that a run has created and recorded meanwhile.
 *
 * @throws Refusal if a state may have keys that are not known.
 */
async function knownToStacks(
  task: StackContext,
  candidates: readonly Candidate[],
  lists: Lists,
  { dryRun }: RecoveryOptions,
): Promise<ReadonlySet<string>> {
  const isAnyListed = candidates.some(({ accounts, lost }) =>
    accounts.some((account) => isListed(lost, lists.get(account) ?? [])),
  );
  // Reading states is slow: each read runs a process of the CLI.
  if (!isAnyListed) return new Set();
  if (!dryRun) await requireUnlocked(task);
  const { owners, unknownTypes } = await keysInStates(task.project, task.world);
  requireKnownTypes(unknownTypes);
  return new Set(owners.keys());
}

/** Results of lookups, by fingerprint. */
type Looked = Map<string, ListedKey>;

/**
 * Completes the lists with a lookup of each lost key. A list may leave out a key's use, or show only a part of the key: a key
 * that the API does not know counts as hidden.
 */
async function confirmed(
  candidates: readonly Candidate[],
  lists: Lists,
  known: ReadonlySet<string>,
  looked: Looked,
  { dryRun }: RecoveryOptions,
): Promise<Lists> {
  const all = new Map<AccountView, readonly ListedKey[]>();
  for (const [account, listed] of lists) {
    const wires = listed.map(({ wire }) => wire);
    const lost = new Set<KeyObject>(
      candidates
        .filter(({ accounts }) => accounts.includes(account))
        .flatMap((candidate) => matchLostKey(wires, candidate.lost).own),
    );
    const keys: ListedKey[] = [];
    for (const key of listed) {
      const { fingerprint } = key;
      const isLost = fingerprint !== undefined && !known.has(fingerprint) && lost.has(key.wire);
      // A dry run looks up only keys whose use is unknown.
      if (isLost && !looked.has(fingerprint) && (!dryRun || isUseUnknown(key.wire)))
        looked.set(fingerprint, await lookUp(key, account));
      keys.push((isLost ? looked.get(fingerprint) : undefined) ?? key);
    }
    all.set(account, keys);
  }
  return all;
}

async function lookUp(listed: ListedKey, account: AccountView): Promise<ListedKey> {
  const { client, call } = account.begin();
  const { wire, fingerprint } = listed;
  try {
    return { wire: merged(wire, await client.lookup(wire.key ?? "", call)), fingerprint };
  } catch (error) {
    if (!isNoSuchKey(error)) throw error;
    return { wire: { ...wire, key: undefined }, fingerprint: undefined };
  }
}

interface Seen {
  found: LostKey[];
  /** Candidates whose outcome is known. */
  settled: Candidate[];
  /** Candidates without a key on the account. */
  absent: Candidate[];
  problems: Problem[];
}

function look(
  task: StackContext,
  candidates: readonly Candidate[],
  lists: Lists,
  known: ReadonlySet<string>,
  { now }: Checkpoints,
  { removesDelivered }: RecoveryOptions,
): Seen {
  const found = new Map<string, LostKey>();
  const problems = new Map<string, Problem>();
  const settled: Candidate[] = [];
  const absent: Candidate[] = [];
  for (const candidate of candidates) {
    const { isCertain, lost, noted } = candidate;
    const doubts: Problem[] = [];
    const own: LostKey[] = [];
    const unproven: Problem[] = [];
    for (const account of candidate.accounts) {
      const listed = lists.get(account) ?? [];
      const match = matchLost(lost, listed, known);
      doubts.push(...match.problems);
      for (const key of match.found) own.push({ ...key, account, lost });
      if (!match.isKnown && !isProven(candidate, account, listed, now))
        unproven.push(unprovenProblem(candidate, account, task));
    }
    const isDelivered = noted?.delivered === true && lost.pending === undefined;
    // A pending operation proves that no program has received the key.
    const isReceived = isDelivered && !removesDelivered;
    if (!isCertain) doubts.push(...own.map(otherBackendProblem));
    else if (isReceived) doubts.push(...own.map(receivedProblem));
    else if (lost.pending !== undefined && lost.pending.createdAs === undefined)
      doubts.push(namelessProblem(lost.pending));
    const isAbsent = own.length === 0 && doubts.length === 0;
    // One proven account is enough: no other one can have the key.
    const isUnproven = isAbsent && isCertain && unproven.length === candidate.accounts.length;
    // A delivered key that is absent was most likely removed since: keeps the journal entry, but reports no problem.
    if (isUnproven && isDelivered) continue;
    if (isUnproven) doubts.push(...unproven);
    for (const problem of doubts) problems.set(problem.why, problem);
    if (isAbsent) absent.push(candidate);
    if (isCertain && doubts.length === 0) settled.push(candidate);
    if (!isCertain || isReceived) continue;
    for (const key of own) {
      // Prefers the state's candidate, which names the resource, to the journal's.
      if (found.get(key.fingerprint)?.lost.pending === undefined) found.set(key.fingerprint, key);
    }
  }
  return { found: [...found.values()], settled, absent, problems: [...problems.values()] };
}
