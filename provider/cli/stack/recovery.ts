import type { Problem } from "../exit";
import type { Checkpoint } from "../pulumi/checkpoint";
import { removeKey } from "../removeKey";
import { keyFacts, type KeyOutcome, type KeyReport } from "../report";
import { clearPending, putIntoState, type Edited } from "./stateEdits";
import { requireUnlocked } from "./hold";
import { searchLost, type LostKey, type LostSearch } from "./search";
import type { StackAccounts, StackTask } from "./task";

export interface Recovery {
  keys: readonly KeyReport[];
  /** Interrupted operations that the state no longer names. */
  cleared: number;
  problems: readonly Problem[];
}

/** What is done with keys that were made and never recorded. */
export type RecoveryMode = "look" | "remove" | "adopt";

/**
 * Deals with what a stack's crashed runs have left: keys that were made and never recorded are removed, or put into the
 * state, and the operations that the state calls pending are cleared. In that order, so that a command that is killed at
 * any point finds the same again. To be called by the one who holds the stack.
 *
 * @param before the state as it was before the stack was held.
 */
export async function recoverStack(
  task: StackTask,
  accounts: StackAccounts,
  before: Checkpoint,
  mode: RecoveryMode,
): Promise<Recovery> {
  const { project, stack, world } = task;
  const now = (await project.state(stack)) ?? before;
  const search = await searchLost(task, accounts, { before, now }, mode !== "look");
  const problems = [...search.problems];
  if (mode === "look") {
    const keys = search.found.map((lost) => reportOf(lost, "would-remove"));
    return { keys, cleared: 0, problems };
  }
  for (const { name } of search.adoptions) {
    world.terminal.note(
      `${stack}: taking over ${name === undefined ? "a key" : `key ${JSON.stringify(name)}`} was interrupted; the key was there before, and stays on the account.`,
    );
  }
  // Whoever has begun to work on the stack since it was found unlocked may have made what was found.
  if (search.found.length > 0) await requireUnlocked(task);
  if (mode === "adopt") return adoptLost(task, search, problems);
  const keys: KeyReport[] = [];
  for (const lost of search.found) keys.push(await removeLost(lost));
  const failed = new Set(
    keys.filter(({ outcome }) => outcome === "failed").map(({ fingerprint }) => fingerprint),
  );
  const open = new Set(
    search.found.filter(({ fingerprint }) => failed.has(fingerprint)).map(({ lost }) => lost.pending),
  );
  const settled = search.settled.filter((creation) => !open.has(creation));
  const edited = await clearPending(task, [...settled, ...search.adoptions]);
  if (failed.size === 0) search.forget();
  return { keys, cleared: edited.cleared, problems: [...problems, ...foreignProblems(edited, now)] };
}

/** What keeps the state from being written, unless it was told already. */
function foreignProblems({ open }: Edited, { pending }: Checkpoint): Problem[] {
  const foreign = open.filter((urn) => !pending.some((creation) => creation.urn === urn));
  if (foreign.length === 0) return [];
  return [
    {
      why: `The state names interrupted creations of resources that are no proxy keys: ${foreign.join(", ")}. Nothing in it was cleared, since Pulumi can only forget all of them at once.`,
      nextStep:
        "Find out what became of them, then run `pulumi refresh`, which asks what to do with each, and this command again.",
    },
  ];
}

async function removeLost(lost: LostKey): Promise<KeyReport> {
  const { outcome, ...why } = await removeKey(lost, lost.account);
  return { ...reportOf(lost, outcome), ...why };
}

const ENGINE_WENT_ON =
  "cannot be put into the state: its engine went on without it, so nobody knows which resource it was, and nobody has received it";

/** Of several keys that were made for one resource, one is taken; nobody has received the others either. */
async function adoptLost(
  task: StackTask,
  search: LostSearch,
  earlier: readonly Problem[],
): Promise<Recovery> {
  const others: KeyReport[] = [];
  const adoptable = new Map<string, LostKey>();
  // The last one first: that is what the latest run has made.
  for (const key of search.found.toReversed()) {
    const { urn } = key.lost.pending ?? {};
    if (urn === undefined)
      others.push(notAdopted(key, ENGINE_WENT_ON, "Run `recover` without --adopt, which removes it."));
    else if (adoptable.has(urn)) others.push(await removeLost(key));
    else adoptable.set(urn, key);
  }
  const edited = await putIntoState(task, [...search.settled, ...search.adoptions], [...adoptable.values()]);
  const isDone = edited.open.length === 0;
  const why = `cannot be put into the state, since that would make Pulumi forget other interrupted creations: ${edited.open.join(", ")}`;
  const keys = [...adoptable.values()].map((key) =>
    isDone
      ? reportOf(key, "adopted")
      : notAdopted(key, why, "Settle those first, then run the command again."),
  );
  if (isDone && others.every(({ outcome }) => outcome !== "failed")) search.forget();
  return { keys: [...keys, ...others], cleared: edited.cleared, problems: earlier };
}

function notAdopted(key: LostKey, why: string, nextStep: string): KeyReport {
  const what = `Key ${JSON.stringify(key.wire.name)} (${key.fingerprint})`;
  return { ...reportOf(key, "failed"), why: `${what} ${why}.`, nextStep };
}

function reportOf({ wire, fingerprint, lost }: LostKey, outcome: KeyOutcome): KeyReport {
  return {
    name: wire.name,
    fingerprint,
    resource: lost.pending?.resource ?? null,
    ...keyFacts(wire),
    outcome,
  };
}
