import { creationsFolder } from "../../config";
import { readCreations, type OpenCreation } from "../../lifecycle/creations";
import type { AccountView } from "../accounts";
import type { Problem } from "../exit";
import type { Checkpoint, PendingCreation } from "../pulumi/checkpoint";
import { fromJournal, fromState, type LostCreation } from "./lost";
import { shortName, type StackAccounts, type StackTask } from "./task";

/** A creation that was interrupted, and where its key would be. */
export interface Candidate {
  lost: LostCreation;
  /** Milliseconds since the epoch: it was under way then. */
  startedMs: number;
  accounts: readonly AccountView[];
  /** What this machine remembers of it. Undefined: the state does. */
  noted: OpenCreation | undefined;
}

/** A stack's state, read twice. */
export interface Checkpoints {
  /** As it was before the stack was found to be unlocked. */
  before: Checkpoint;
  /** As it was after that: an operation that stands in both belongs to a run that has ended, or died. */
  now: Checkpoint;
}

export interface Candidates {
  candidates: readonly Candidate[];
  /** Takings-over that were interrupted. */
  adoptions: readonly PendingCreation[];
  problems: readonly Problem[];
}

/** Milliseconds for a request that is on its way in a process that outlived its engine. */
const ORPHAN_WAIT_MS = 90_000;
const ORPHAN_LOOK_MS = 200;

/** The creations of which the state, or this machine, says that they began, and nobody says how they ended. */
export async function candidatesOf(
  task: StackTask,
  accounts: StackAccounts,
  { before, now }: Checkpoints,
  patiently: boolean,
): Promise<Candidates> {
  const pending = now.pending.filter(({ urn, name }) =>
    before.pending.some((earlier) => earlier.urn === urn && earlier.name === name),
  );
  const candidates: Candidate[] = [];
  for (const creation of pending) {
    if (creation.isAdoption) continue;
    candidates.push({
      lost: fromState(creation, now.savedMs),
      startedMs: now.savedMs ?? 0,
      accounts: [await accounts.of(creation.account)],
      noted: undefined,
    });
  }
  const noted = await notedCreations(task, patiently);
  const all = noted.length > 0 ? await allAccounts(accounts, now) : [];
  for (const entry of noted.filter(({ running }) => !running)) {
    candidates.push({ lost: fromJournal(entry), startedMs: entry.startedMs, accounts: all, noted: entry });
  }
  return {
    candidates,
    adoptions: pending.filter(({ isAdoption }) => isAdoption),
    problems: noted.some(({ running }) => running) ? [stillRunning(noted)] : [],
  };
}

function stillRunning(noted: readonly OpenCreation[]): Problem {
  const pids = new Set(noted.filter(({ running }) => running).map(({ pid }) => pid));
  return {
    why: `A process that outlived its engine (pid ${[...pids].join(", ")}) is still making a key.`,
    nextStep: "Run the command again once it has ended.",
  };
}

/** What this machine remembers of the stack's creations, once the processes that outlived their engine have ended. */
async function notedCreations(task: StackTask, patiently: boolean): Promise<readonly OpenCreation[]> {
  const { clock, environment, stop, terminal } = task.world;
  // The organization is left out: a self-managed backend has none, and the SDK and the CLI call that differently.
  const suffix = `/${task.projectName}/${shortName(task.stack)}`;
  const deadlineMs = clock.nowMs() + (patiently ? ORPHAN_WAIT_MS : 0);
  for (;;) {
    const noted = readCreations(creationsFolder(environment)).filter(
      ({ stack }) => stack?.endsWith(suffix) === true,
    );
    if (clock.nowMs() >= deadlineMs || !noted.some(({ running }) => running)) return noted;
    terminal.progress(`${task.stack}: waiting for a process that outlived its engine`);
    await clock.sleep(ORPHAN_LOOK_MS, stop);
  }
}

/** Every account that the stack is known to use. */
async function allAccounts(
  accounts: StackAccounts,
  { accounts: stored }: Checkpoint,
): Promise<AccountView[]> {
  const views = new Set<AccountView>();
  for (const settings of stored) views.add(await accounts.of(settings));
  // The stack's own configuration: a state that was never saved, or was emptied since, names no account.
  const configured = await accounts.of(undefined).catch((error: unknown) => {
    if (views.size > 0) return undefined;
    throw error;
  });
  if (configured !== undefined) views.add(configured);
  return [...views];
}
