import { listKeys, type AccountView, type ListedKey } from "../accounts";
import { knownFingerprints } from "../backendKeys";
import type { Problem } from "../exit";
import type { Checkpoint, PendingCreation } from "../pulumi/checkpoint";
import { counted } from "../terminal/table";
import { candidatesOf, type Candidate, type Checkpoints } from "./candidates";
import { judge, type LostCreation } from "./lost";
import type { StackAccounts, StackTask } from "./task";

/** A key that was made and never recorded, so that nobody ever received it. */
export interface LostKey extends ListedKey {
  fingerprint: string;
  account: AccountView;
  lost: LostCreation;
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

/** Milliseconds between two looks for a key that may still appear. */
const LOOK_MS = 5_000;
/** Milliseconds after which a creation has taken effect, or never will. */
const RECENT_MS = 3_600_000;

/**
 * Finds the keys that a stack's interrupted runs made and never recorded: by the operations that its state calls pending,
 * and by what this machine remembers of processes that were killed.
 *
 * @param patiently whether to wait for what may still take effect.
 */
export async function searchLost(
  task: StackTask,
  accounts: StackAccounts,
  checkpoints: Checkpoints,
  patiently: boolean,
): Promise<LostSearch> {
  const { candidates, adoptions, problems } = await candidatesOf(task, accounts, checkpoints, patiently);
  const known = await knownBySomebody(task, checkpoints.now, candidates);
  const { clock, stop, terminal } = task.world;
  const startedMs = clock.nowMs();
  const deadlineMs = startedMs + (patiently ? task.settleMs : 0);
  for (;;) {
    const seen = await look(candidates, known);
    const recent = seen.absent.filter((candidate) => startedMs - candidate.startedMs < RECENT_MS);
    const leftMs = deadlineMs - clock.nowMs();
    if (recent.length === 0 || leftMs <= 0) {
      return {
        found: seen.found,
        settled: seen.settled.flatMap(({ lost }) => lost.pending ?? []),
        adoptions,
        problems: [...problems, ...seen.problems],
        forget: () => seen.settled.forEach(({ noted }) => noted?.settle()),
      };
    }
    terminal.progress(
      `${task.stack}: ${counted(recent.length, "interrupted creation")} may still take effect; looking again for ${Math.ceil(leftMs / 1_000)} s`,
    );
    await clock.sleep(Math.min(LOOK_MS, leftMs), stop);
  }
}

/** Which keys a creation cannot have made, since a stack has them. */
interface Known {
  /** For a name that was generated: those of the stack itself. */
  own: ReadonlySet<string>;
  /** For a name that a person chose, which other stacks may use too. */
  anywhere: ReadonlySet<string>;
}

async function knownBySomebody(
  { project, world }: StackTask,
  { keys }: Checkpoint,
  candidates: readonly Candidate[],
): Promise<Known> {
  const own = new Set(keys.map(({ fingerprint }) => fingerprint));
  // Every stack of the backend is asked only where it matters: each is a process of the CLI.
  const isChosen = candidates.some(({ lost }) => !lost.nameGenerated);
  return { own, anywhere: isChosen ? await knownFingerprints(project, world.terminal) : own };
}

interface Seen {
  found: LostKey[];
  /** Candidates of which it is known what became of them, or which are absent. */
  settled: Candidate[];
  /** Candidates that no key has the name of. */
  absent: Candidate[];
  problems: Problem[];
}

/** Looks at the accounts once, each listed once. */
async function look(candidates: readonly Candidate[], { own, anywhere }: Known): Promise<Seen> {
  const found = new Map<string, LostKey>();
  const problems = new Map<string, Problem>();
  const settled: Candidate[] = [];
  const absent: Candidate[] = [];
  const lists = new Map<AccountView, Awaited<ReturnType<typeof listKeys>>>();
  for (const candidate of candidates) {
    const { lost } = candidate;
    const kinds = new Set<string>();
    for (const account of candidate.accounts) {
      const listing = lists.get(account) ?? (await listKeys(account));
      lists.set(account, listing);
      const verdict = judge(lost, { ...listing, known: lost.nameGenerated ? own : anywhere });
      kinds.add(verdict.kind);
      if (verdict.kind === "unclear") problems.set(verdict.problem.why, verdict.problem);
      for (const key of verdict.kind === "found" ? verdict.keys : []) {
        // The state names the resource, this machine's memory does not.
        if (found.get(key.fingerprint)?.lost.pending === undefined) {
          found.set(key.fingerprint, { ...key, account, lost });
        }
      }
    }
    if (!kinds.has("unclear")) settled.push(candidate);
    if (!kinds.has("unclear") && !kinds.has("found")) absent.push(candidate);
  }
  return { found: [...found.values()], settled, absent, problems: [...problems.values()] };
}
