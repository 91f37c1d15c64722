import { creationsFolder } from "../../config";
import { nameHashOf, readCreations, type OpenCreation } from "../../lifecycle/creations/journalReader";
import type { AccountView } from "../account/accounts";
import type { Checkpoint, PendingCreation } from "../pulumi/checkpoint";
import { counted } from "../terminal/table";
import { fromJournal, fromState, type InterruptedCreation } from "./lost";
import { shortName, type StackAccounts, type StackContext } from "../stack/stackContext";

/** A creation that was interrupted, and where its key would be. */
export interface Candidate {
  lost: InterruptedCreation;
  /** Milliseconds since the epoch: it was under way then. */
  startedMs: number;
  accounts: readonly AccountView[];
  /** The account that it was sent to, by its anonymous name. Undefined: not known. */
  sentTo: string | undefined;
  /** What this machine remembers of it. */
  noted: OpenCreation | undefined;
  /** The stack is surely the one that it belongs to, and not one of the same name in another backend. */
  isCertain: boolean;
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
  /** Adoptions that were interrupted. */
  adoptions: readonly PendingCreation[];
}

/** Milliseconds: a state says when it was saved a moment before it is. */
const TOLERANCE_MS = 1_000;

/** The creations of which the state, or this machine, says that they began, and nothing says how they ended. */
export async function candidatesOf(
  task: StackContext,
  accounts: StackAccounts,
  { before, now }: Checkpoints,
): Promise<Candidates> {
  const pending = now.pending.filter(({ urn, createdAs }) =>
    before.pending.some((earlier) => earlier.urn === urn && earlier.createdAs === createdAs),
  );
  const notes = notesOf(task);
  const matched = new Set<OpenCreation>();
  const candidates: Candidate[] = [];
  for (const creation of pending.filter(({ isAdoption }) => !isAdoption)) {
    const { account, createdAs, sentTo: declared } = creation;
    // No two creations have the same name, so the note is about this one, whatever it says of its backend.
    const nameHash = createdAs === undefined ? undefined : nameHashOf(createdAs);
    const noted = notes.find((note) => note.nameHash === nameHash);
    if (noted !== undefined) matched.add(noted);
    const sentTo = noted?.account ?? declared;
    const configured = await accounts.forResource(account);
    const others =
      sentTo === undefined || sentTo === configured.account ? [] : await allAccounts(accounts, now);
    candidates.push({
      lost: fromState(creation, noted, now.savedMs),
      startedMs: noted?.startedMs ?? now.savedMs ?? 0,
      accounts: [others.find((view) => view.account === sentTo) ?? configured],
      sentTo,
      noted,
      isCertain: true,
    });
  }
  const rest = notes.filter((note) => !matched.has(note) && isOpen(note, task));
  const all = rest.length > 0 ? await allAccounts(accounts, now) : [];
  for (const noted of rest) {
    const { account: sentTo, startedMs } = noted;
    const own = all.filter(({ account }) => account === sentTo);
    candidates.push({
      lost: fromJournal(noted),
      startedMs,
      accounts: own.length > 0 ? own : all,
      sentTo,
      noted,
      isCertain: noted.backend !== undefined && noted.backend === task.backendId,
    });
  }
  return { candidates, adoptions: pending.filter(({ isAdoption }) => isAdoption) };
}

/** What this machine remembers of the creations of the stack, or of one of this name in a backend that is not known. */
function notesOf({ backendId, projectName, stack, world }: StackContext): readonly OpenCreation[] {
  const notes = readCreations(creationsFolder(world.environment)).filter((note) =>
    isOfStack(note.stack, stack, projectName),
  );
  const isElsewhere = ({ backend }: OpenCreation) =>
    backend !== undefined && backendId !== undefined && backend !== backendId;
  const elsewhere = notes.filter((note) => isElsewhere(note) && !note.delivered);
  if (elsewhere.length > 0) {
    world.terminal.note(
      `${stack}: this machine remembers ${counted(elsewhere.length, "creation")} of a stack of this name in another backend; run the command there if no run is at work on it.`,
    );
  }
  return notes.filter((note) => !isElsewhere(note));
}

/** Pulumi lists stacks without their organization where there is only one, and programs always name one. */
function isOfStack(noted: string | undefined, stack: string, projectName: string): boolean {
  const [organization, project, name] = noted?.split("/") ?? [];
  const [listed, ...rest] = stack.split("/");
  const isOfOrganization = rest.length === 0 || listed === organization;
  return isOfOrganization && project === projectName && name === shortName(stack);
}

/** What an engine took is in the state, unless that is an older copy: then all that began later is in doubt. */
function isOpen({ startedMs, delivered: taken }: OpenCreation, { restored }: StackContext): boolean {
  return !taken || (restored !== undefined && startedMs >= restored.asOfMs - TOLERANCE_MS);
}

/** Every account that the stack is known to use. */
async function allAccounts(
  accounts: StackAccounts,
  { accounts: stored }: Checkpoint,
): Promise<AccountView[]> {
  const views = new Set<AccountView>();
  for (const settings of stored) views.add(await accounts.forResource(settings));
  // The stack's own configuration: a state that was never saved, or was emptied since, names no account.
  const configured = await accounts.forResource(undefined).catch((error: unknown) => {
    if (views.size > 0) return undefined;
    throw error;
  });
  if (configured !== undefined) views.add(configured);
  return [...views];
}
