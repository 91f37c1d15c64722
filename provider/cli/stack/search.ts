import { listKeys, type AccountView, type ListedKey } from "../accounts";
import { knownKeys } from "../backendKeys";
import type { Problem } from "../exit";
import type { PendingCreation } from "../pulumi/checkpoint";
import { counted } from "../terminal/table";
import { candidatesOf, type Candidate, type Checkpoints } from "./candidates";
import { requireUnlocked } from "./hold";
import { judge, type InterruptedCreation, type KnownElsewhere } from "./lost";
import type { StackAccounts, StackTask } from "./task";

/** A key that was made and never recorded. */
export interface LostKey extends ListedKey {
  fingerprint: string;
  account: AccountView;
  lost: InterruptedCreation;
}

export interface LostSearch {
  found: readonly LostKey[];
  /** Creations that are settled once what was found is dealt with: they made a key, or none. */
  settled: readonly PendingCreation[];
  /** Takings-over that were interrupted; the keys were there before, and stay. */
  adoptions: readonly PendingCreation[];
  problems: readonly Problem[];
  /** Forgets what this machine remembers of creations that are settled. */
  forget(): void;
}

export interface SearchOptions {
  /** Whether to wait for what may still take effect, and to make sure that nobody works on the stack. */
  patiently: boolean;
  /** Whether keys count as lost that an engine took, but that are in no state: their outputs may be in use. */
  receivedToo: boolean;
}

/** Milliseconds between two looks for a key that may still appear. */
const LOOK_MS = 5_000;
/** Milliseconds after which a creation has taken effect, or never will. */
const RECENT_MS = 3_600_000;

/**
 * Finds the keys that a stack's interrupted runs made and never recorded: by the operations that its state calls pending,
 * and by what this machine remembers of processes that were killed.
 */
export async function searchLost(
  task: StackTask,
  accounts: StackAccounts,
  checkpoints: Checkpoints,
  options: SearchOptions,
): Promise<LostSearch> {
  const { candidates, adoptions, problems } = await candidatesOf(
    task,
    accounts,
    checkpoints,
    options.patiently,
  );
  const { clock, stop, terminal } = task.world;
  const startedMs = clock.nowMs();
  const deadlineMs = startedMs + (options.patiently ? task.settleMs : 0);
  for (;;) {
    const lists = await listsFor(candidates);
    const known = await knownElsewhere(task, candidates, lists, options);
    const seen = look(candidates, lists, known, options);
    const recent = seen.absent.filter((candidate) => startedMs - candidate.startedMs < RECENT_MS);
    const leftMs = deadlineMs - clock.nowMs();
    if (recent.length > 0 && leftMs > 0) {
      terminal.progress(
        `${task.stack}: ${counted(recent.length, "interrupted creation")} may still take effect; looking again for ${Math.ceil(leftMs / 1_000)} s`,
      );
      await clock.sleep(Math.min(LOOK_MS, leftMs), stop);
      continue;
    }
    const strange = await strangeAccounts(accounts, checkpoints, lists);
    const doubtful = seen.absent.filter((candidate) =>
      candidate.accounts.some((account) => strange.has(account)),
    );
    const settled = seen.settled.filter((candidate) => !doubtful.includes(candidate));
    return {
      found: seen.found,
      settled: settled.flatMap(({ lost }) => lost.pending ?? []),
      adoptions,
      problems: [...problems, ...seen.problems, ...(doubtful.length > 0 ? [WRONG_ACCOUNT] : [])],
      forget: () => settled.forEach(({ noted }) => noted?.settle()),
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
 * What the stacks of the backend have of keys, the stack itself included. Read after the accounts were listed, and after the
 * stack was found to be unlocked: a key that a run has made and recorded meanwhile is then known.
 */
async function knownElsewhere(
  task: StackTask,
  candidates: readonly Candidate[],
  lists: Lists,
  { patiently }: SearchOptions,
): Promise<KnownElsewhere> {
  const isThere = candidates.some(({ accounts, lost }) =>
    accounts.some((account) => lists.get(account)?.keys.some(({ wire }) => lost.isNamed(wire.name))),
  );
  // Each stack is a process of the CLI, so none is read for nothing.
  if (!isThere) return { known: new Set(), inTheMaking: new Set() };
  if (patiently) await requireUnlocked(task);
  const known = await knownKeys(task.project, task.world.terminal);
  return { known: known.fingerprints(), inTheMaking: known.names(task.stack) };
}

interface Seen {
  found: LostKey[];
  /** Candidates of which it is known what became of them, or which are absent. */
  settled: Candidate[];
  /** Candidates that no key has the name of. */
  absent: Candidate[];
  problems: Problem[];
}

function look(
  candidates: readonly Candidate[],
  lists: Lists,
  known: KnownElsewhere,
  { receivedToo }: SearchOptions,
): Seen {
  const found = new Map<string, LostKey>();
  const problems = new Map<string, Problem>();
  const settled: Candidate[] = [];
  const absent: Candidate[] = [];
  for (const candidate of candidates) {
    const { lost, noted } = candidate;
    const kinds = new Set<string>();
    for (const account of candidate.accounts) {
      const listing = lists.get(account);
      if (listing === undefined) continue;
      const verdict = judge(lost, { ...listing, ...known });
      const isReceived = verdict.kind === "found" && noted?.taken === true && !receivedToo;
      kinds.add(isReceived ? "unclear" : verdict.kind);
      if (verdict.kind === "unclear") problems.set(verdict.problem.why, verdict.problem);
      for (const key of verdict.kind === "found" ? verdict.keys : []) {
        if (isReceived) problems.set(key.fingerprint, receivedProblem(key));
        // The state names the resource, this machine's memory does not.
        else if (found.get(key.fingerprint)?.lost.pending === undefined) {
          found.set(key.fingerprint, { ...key, account, lost });
        }
      }
    }
    if (!kinds.has("unclear")) settled.push(candidate);
    if (!kinds.has("unclear") && !kinds.has("found")) absent.push(candidate);
  }
  return { found: [...found.values()], settled, absent, problems: [...problems.values()] };
}

function receivedProblem({ wire, fingerprint }: { wire: { name: string }; fingerprint: string }): Problem {
  return {
    why: `Key ${JSON.stringify(wire.name)} (${fingerprint}) was made after the copy that the state was restored from, and somebody may have received it.`,
    nextStep: "Take it over with `adopt` in the program, or remove it on the account.",
  };
}

/** Accounts on which the stack should have keys, and has not one of them: most likely not those that it was made with. */
async function strangeAccounts(
  accounts: StackAccounts,
  { now }: Checkpoints,
  lists: Lists,
): Promise<ReadonlySet<AccountView>> {
  const strange = new Set<AccountView>();
  const familiar = new Set<AccountView>();
  for (const { account, fingerprint } of now.keys) {
    const view = await accounts.of(account);
    const listing = lists.get(view);
    if (listing === undefined) continue;
    const isThere = listing.keys.some(
      (key) => key.fingerprint === fingerprint || key.fingerprint === undefined,
    );
    (isThere ? familiar : strange).add(view);
  }
  return new Set([...strange].filter((view) => !familiar.has(view)));
}

const WRONG_ACCOUNT: Problem = {
  why: "The account has none of the keys that the stack's state names, so that nothing on it tells what became of an interrupted creation.",
  nextStep:
    "Check that the API key is that of the stack's account. If somebody has removed all of them, run `pulumi refresh`, then this command again.",
};
