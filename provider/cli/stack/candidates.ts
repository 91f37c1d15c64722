import { creationsFolder } from "../../config";
import { nameHashOf, readCreations, type OpenCreation } from "../../lifecycle/creationNotes";
import type { AccountView } from "../accounts";
import type { Problem } from "../exit";
import type { Checkpoint, PendingCreation } from "../pulumi/checkpoint";
import { fromJournal, fromState, type InterruptedCreation } from "./lost";
import { shortName, type StackAccounts, type StackTask } from "./task";

/** A creation that was interrupted, and where its key would be. */
export interface Candidate {
  lost: InterruptedCreation;
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
/** Milliseconds: a state says when it was saved a moment before it is. */
const TOLERANCE_MS = 1_000;

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
  const noted = await notedCreations(task, patiently);
  const candidates: Candidate[] = [];
  const problems: Problem[] = [];
  for (const creation of pending) {
    if (creation.isAdoption) continue;
    const account = await accounts.of(creation.account);
    const elsewhere = noted.some(
      (entry) => entry.account !== account.account && entry.nameHash === nameHashOf(creation.name ?? ""),
    );
    if (elsewhere) problems.push(madeElsewhere(creation));
    else {
      candidates.push({
        lost: fromState(creation, now.savedMs),
        startedMs: now.savedMs ?? 0,
        accounts: [account],
        noted: undefined,
      });
    }
  }
  const all = noted.length > 0 ? await allAccounts(accounts, now) : [];
  for (const entry of noted.filter(({ running }) => !running)) {
    // A stack of the same name may be in another backend too: what was made on an account that this one does not use is
    // not its business.
    const own = all.filter(({ account }) => account === entry.account);
    if (own.length === 0) {
      task.world.terminal.note(
        `${task.stack}: this machine remembers a creation in a stack of this name on an account that the stack does not use, perhaps with an earlier API key; see \`pulumi-electronhub orphans\` with that account.`,
      );
      continue;
    }
    candidates.push({ lost: fromJournal(entry), startedMs: entry.startedMs, accounts: own, noted: entry });
  }
  const running = noted.filter((entry) => entry.running);
  const names = new Set(running.map(({ nameHash }) => nameHash));
  return {
    // In a dry run nobody holds the stack: what a run is just making is no loss.
    candidates: candidates.filter(
      ({ lost }) => lost.pending?.name === undefined || !names.has(nameHashOf(lost.pending.name)),
    ),
    adoptions: pending.filter(({ isAdoption }) => isAdoption),
    problems: running.length > 0 && patiently ? [...problems, stillRunning(running)] : problems,
  };
}

function madeElsewhere({ name, resource }: PendingCreation): Problem {
  return {
    why: `The creation of key ${JSON.stringify(name ?? "?")} (resource ${resource}) was sent to another account, or with another API key, than the one that is configured now.`,
    nextStep:
      "Configure the API key that it was sent with, or its successor's account, then run the command again.",
  };
}

function stillRunning(running: readonly OpenCreation[]): Problem {
  const pids = new Set(running.map(({ pid }) => pid));
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
  // What an engine took is in the state, unless that is an older copy: then all that began later is in doubt.
  const isDoubted = (startedMs: number) =>
    task.restored !== undefined && startedMs >= task.restored.asOfMs - TOLERANCE_MS;
  const deadlineMs = clock.nowMs() + (patiently ? ORPHAN_WAIT_MS : 0);
  for (;;) {
    const noted = readCreations(creationsFolder(environment)).filter(
      ({ stack, taken, startedMs }) => stack?.endsWith(suffix) === true && (!taken || isDoubted(startedMs)),
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
