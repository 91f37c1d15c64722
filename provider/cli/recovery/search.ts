import { merged, type KeyObject } from "../../api/wire";
import { isNoSuchKey, isUseUnknown, matchLostKey } from "../../lifecycle/creations/matchLostKey";
import { listKeys, type AccountView, type ListedKey } from "../account/accounts";
import { keysInStates } from "../stack/keysInStates";
import type { Problem } from "../problems";
import type { PendingCreation } from "../pulumi/checkpoint";
import { counted } from "../terminal/table";
import { candidatesOf, type Candidate, type Checkpoints } from "./candidates";
import { requireUnlocked } from "../stack/stackLock";
import { isProven, unprovenProblem } from "./accountProof";
import {
  isListed,
  judge,
  namelessProblem,
  otherBackendProblem,
  receivedProblem,
  type InterruptedCreation,
} from "./lost";
import type { StackAccounts } from "../account/stackAccounts";
import type { StackContext } from "../stack/stackContext";

/** A key that was made and that no state has. */
export interface LostKey extends ListedKey {
  fingerprint: string;
  account: AccountView;
  lost: InterruptedCreation;
}

export interface LostSearch {
  found: readonly LostKey[];
  /** Creations that are settled once the keys that were found are removed. */
  settled: readonly PendingCreation[];
  /** Adoptions that were interrupted. Their keys existed before, and stay. */
  adoptions: readonly PendingCreation[];
  problems: readonly Problem[];
  /**
   * Settles the notes of these creations in the journal.
   *
   * @param isCleared whether the state has none of them as pending any more: until then both are needed to judge them.
   */
  forget(isCleared: boolean): void;
}

export interface SearchOptions {
  /** Whether to wait for requests that may still take effect, and to make sure that the stack is unlocked. */
  patiently: boolean;
  /** Whether to find also keys that the engine received and no state has. Otherwise they are reported as problems. */
  removesDelivered: boolean;
}

/** Between two lists of the account, for a key that may still appear. */
const LOOK_MS = 5_000;

/**
 * Finds the keys that a stack's interrupted runs have made and that no state has: by the pending operations of its state and
 * by this machine's journal.
 */
export async function searchLost(
  task: StackContext,
  accounts: StackAccounts,
  checkpoints: Checkpoints,
  options: SearchOptions,
): Promise<LostSearch> {
  const { candidates, adoptions, accountedFor } = await candidatesOf(task, accounts, checkpoints);
  const { clock, stop, terminal } = task.world;
  for (const { noted, lost } of options.patiently ? candidates : [])
    if (noted?.delivered === true && lost.pending === undefined) noted.markLost();
  const looked: Looked = new Map();
  // Counted by what was waited: a clock may be set, and the crashed run's machine may have another one.
  let leftMs = options.patiently ? task.settleMs : 0;
  for (;;) {
    const lists = await listsFor(candidates);
    const known = await knownToStacks(task, candidates, lists, options);
    const shown = await confirmed(candidates, lists, known, looked, options);
    const seen = look(task, candidates, shown, known, checkpoints, options);
    // A creation that was answered has taken effect: its key was removed since.
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

type Listing = Awaited<ReturnType<typeof listKeys>>;
type Lists = ReadonlyMap<AccountView, Listing>;

async function listsFor(candidates: readonly Candidate[]): Promise<Lists> {
  const lists = new Map<AccountView, Listing>();
  for (const account of new Set(candidates.flatMap(({ accounts }) => accounts))) {
    lists.set(account, await listKeys(account));
  }
  return lists;
}

/**
 * Fingerprints of the keys that the stacks of the backend have, the stack itself included. Read after the accounts were
 * listed, and after the stack was found to be unlocked: a key that a run has made and recorded meanwhile is then known.
 */
async function knownToStacks(
  task: StackContext,
  candidates: readonly Candidate[],
  lists: Lists,
  { patiently }: SearchOptions,
): Promise<ReadonlySet<string>> {
  const isThere = candidates.some(({ accounts, lost }) =>
    accounts.some((account) => isListed(lost, lists.get(account)?.keys ?? [])),
  );
  // Reading a state starts a process of the CLI.
  if (!isThere) return new Set();
  if (patiently) await requireUnlocked(task);
  return (await keysInStates(task.project, task.world)).fingerprints();
}

/** Listed keys with what a lookup adds, by fingerprint. */
type Looked = Map<string, ListedKey>;

/**
 * Adds to the lists what a lookup of each lost key returns. A list may leave out how a key was used, or show a part of a
 * key for the whole: a key that the API does not know counts as hidden.
 */
async function confirmed(
  candidates: readonly Candidate[],
  lists: Lists,
  known: ReadonlySet<string>,
  looked: Looked,
  { patiently }: SearchOptions,
): Promise<Lists> {
  const all = new Map<AccountView, Listing>();
  for (const [account, listing] of lists) {
    const wires = listing.keys.map(({ wire }) => wire);
    const lost = new Set<KeyObject>(
      candidates
        .filter(({ accounts }) => accounts.includes(account))
        .flatMap((candidate) => matchLostKey(wires, candidate.lost).own),
    );
    const keys: ListedKey[] = [];
    for (const key of listing.keys) {
      const { fingerprint } = key;
      const isLost = fingerprint !== undefined && !known.has(fingerprint) && lost.has(key.wire);
      // A dry run looks up only what the list leaves out.
      if (isLost && !looked.has(fingerprint) && (patiently || isUseUnknown(key.wire)))
        looked.set(fingerprint, await lookUp(key, account));
      keys.push((isLost ? looked.get(fingerprint) : undefined) ?? key);
    }
    all.set(account, { ...listing, keys });
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
  { removesDelivered }: SearchOptions,
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
      const listing = lists.get(account);
      if (listing === undefined) continue;
      const verdict = judge(lost, listing.keys, known);
      doubts.push(...verdict.problems);
      for (const key of verdict.found) own.push({ ...key, account, lost });
      if (!verdict.isKnown && !isProven(candidate, account, listing.keys, now))
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
    // A delivered key that is not there was most likely removed since, so only its note is kept.
    if (isUnproven && isDelivered) continue;
    if (isUnproven) doubts.push(...unproven);
    for (const problem of doubts) problems.set(problem.why, problem);
    if (isAbsent) absent.push(candidate);
    if (isCertain && doubts.length === 0) settled.push(candidate);
    if (!isCertain || isReceived) continue;
    for (const key of own) {
      // The state names the resource, the journal does not.
      if (found.get(key.fingerprint)?.lost.pending === undefined) found.set(key.fingerprint, key);
    }
  }
  return { found: [...found.values()], settled, absent, problems: [...problems.values()] };
}
