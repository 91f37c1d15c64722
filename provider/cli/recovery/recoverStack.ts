import { creationsFolder } from "../../config";
import { trustTaken } from "../../lifecycle/creations/delivered";
import type { Problem } from "../problems";
import type { Checkpoint } from "../pulumi/checkpoint";
import { isLocked } from "../pulumi/project";
import { cliErrorText } from "../pulumi/cliErrorText";
import { removeKey } from "../cleanup/removeKey";
import { keyFacts, type KeyOutcome, type KeyReport } from "../terminal/report";
import { clearPending, putIntoState, type Edited } from "./stateEdits";
import type { Checkpoints } from "./candidates";
import { BusyError } from "../stack/stackLock";
import { searchLost, type LostKey, type LostSearch } from "./search";
import { shortName, type StackAccounts, type StackContext } from "../stack/stackContext";

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
 */
export async function recoverStack(
  task: StackContext,
  accounts: StackAccounts,
  checkpoints: Checkpoints,
  mode: RecoveryMode,
  receivedToo: boolean,
): Promise<Recovery> {
  const { stack, world } = task;
  const search = await searchLost(task, accounts, checkpoints, { patiently: mode !== "look", receivedToo });
  if (mode === "look") {
    const keys = search.found.map((lost) => reportOf(lost, "would-remove"));
    if (keys.length > 0) {
      world.terminal.note(
        `${stack}: its lock was not looked at; if a run is at work on it, these are keys that it is just making.`,
      );
    }
    return { keys, cleared: 0, problems: search.problems };
  }
  for (const { name } of search.adoptions) {
    world.terminal.note(
      `${stack}: the adoption of ${name === undefined ? "a key" : `key ${JSON.stringify(name)}`} was interrupted; the key was there before, and stays on the account.`,
    );
  }
  const keys: KeyReport[] = [];
  const adoptable = new Map<string, LostKey>();
  // The last one first: that is what the latest run has made.
  for (const lost of search.found.toReversed()) {
    const urn = lost.lost.pending?.urn;
    // A resource that has a key already needs no other, and nobody has received this one.
    const isFree =
      urn !== undefined && !adoptable.has(urn) && !checkpoints.now.keys.some((key) => key.urn === urn);
    if (mode === "remove") keys.push(await removeLost(lost, task));
    else if (urn === undefined)
      keys.push(notAdopted(lost, ENGINE_WENT_ON, "Run `recover` without --adopt, which removes it."));
    else if (isFree) adoptable.set(urn, lost);
    else keys.push(await removeLost(lost, task));
  }
  return finish(task, search, checkpoints, keys, [...adoptable.values()]);
}

const ENGINE_WENT_ON =
  "cannot be put into the state: its engine went on without it, so which resource it was for is not known, and no program has received it";

/** Writes the state, with what is to be adopted, and forgets what is settled. What was done until then is told in any case. */
async function finish(
  task: StackContext,
  search: LostSearch,
  { now }: Checkpoints,
  done: readonly KeyReport[],
  adoptable: readonly LostKey[],
): Promise<Recovery> {
  const problems = [...search.problems];
  const failed = new Set(
    done.filter(({ outcome }) => outcome === "failed").map(({ fingerprint }) => fingerprint),
  );
  const open = new Set(
    search.found.filter(({ fingerprint }) => failed.has(fingerprint)).map(({ lost }) => lost.pending),
  );
  const settled = [...search.settled.filter((creation) => !open.has(creation)), ...search.adoptions];
  const write = () =>
    adoptable.length > 0 ? putIntoState(task, settled, adoptable) : clearPending(task, settled);
  const edited = await attempt(task, problems, { cleared: 0, open: [], put: [] }, write);
  problems.push(...openProblems(edited, now));
  const adopted = adoptable.map((key) => {
    if (edited.put.includes(key.fingerprint)) return reportOf(key, "adopted");
    return notAdopted(
      key,
      "was not put into the state, which was not written, or does not name its creation any more",
      "Settle what stands above, then run the command again.",
    );
  });
  const keys = [...done, ...adopted];
  if (keys.every(({ outcome }) => outcome !== "failed")) {
    await attempt(task, problems, undefined, () => {
      search.forget(edited.cleared > 0 || now.pending.length === 0);
      if (problems.length === 0 && task.restored !== undefined) {
        task.restored.conclude();
        trustTaken(creationsFolder(task.world.environment), `${task.projectName}/${shortName(task.stack)}`);
      }
      return Promise.resolve(undefined);
    });
  }
  return { keys, cleared: edited.cleared, problems };
}

/** What fails here is told, and does not lose what was done before. */
async function attempt<T>(
  { stack }: StackContext,
  problems: Problem[],
  otherwise: T,
  step: () => Promise<T>,
): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof BusyError || isLocked(error)) {
      problems.push({
        why: `Another run has begun to work on stack ${stack}, so its state was not written.`,
        nextStep: "Wait for it to end, then run the command again.",
      });
      return otherwise;
    }
    problems.push({
      why: `What was done in stack ${stack} could not be written down: ${cliErrorText(error)}`,
      nextStep: "Mend that, then run the command again; it goes on from what is true.",
    });
    return otherwise;
  }
}

/** What keeps the state from being written, unless it was told already. */
function openProblems({ open }: Edited, { pending }: Checkpoint): Problem[] {
  const unknown = open.filter(({ urn }) => !pending.some((creation) => creation.urn === urn));
  const foreign = unknown.filter(({ isForeign }) => isForeign).map(({ urn }) => urn);
  const problems: Problem[] = [];
  if (foreign.length > 0) {
    problems.push({
      why: `The state names interrupted creations of resources that are no proxy keys: ${foreign.join(", ")}. Nothing in it was cleared, since Pulumi can only forget all of them at once.`,
      nextStep:
        "Find out what became of them, then run `pulumi refresh`, which asks what to do with each, and this command again.",
    });
  }
  if (unknown.length > foreign.length) {
    problems.push({
      why: "A run has begun to make keys in this stack meanwhile, so the state was not written.",
      nextStep: "Wait for it to end, then run the command again.",
    });
  }
  return problems;
}

async function removeLost(lost: LostKey, task: StackContext): Promise<KeyReport> {
  const { outcome, ...why } = await removeKey(lost, lost.account, {
    changes: task.world.changes,
    requireUnowned: () => task.ownership.requireUnowned(lost),
  });
  return { ...reportOf(lost, outcome), ...why };
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
