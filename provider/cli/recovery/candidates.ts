import { cacheFolder } from "../../config";
import { nameHashOf, readCreations, type OpenCreation } from "../../lifecycle/creations/journalReader";
import type { StackAccounts } from "../account/stackAccounts";
import type { AccountView } from "../account/accounts";
import type { Checkpoint, PendingCreation } from "../pulumi/checkpoint";
import { counted } from "../terminal/table";
import { readJournal } from "./journal";
import { fromJournal, fromState, type InterruptedCreation } from "./lost";
import { shortName } from "../pulumi/names";
import type { StackContext } from "../stack/stackContext";

/** An interrupted creation, and the accounts that may have its key. */
export interface Candidate {
  lost: InterruptedCreation;
  accounts: readonly AccountView[];
  /** The anonymous name of the account that got the request. Undefined: unknown. */
  sentTo: string | undefined;
  /** The creation in this machine's journal. */
  noted: OpenCreation | undefined;
  /** The creation certainly belongs to this stack, not to one of the same name in another backend. */
  isCertain: boolean;
}

/** A stack's state, read twice. */
export interface Checkpoints {
  /** Read before the stack was found unlocked. */
  before: Checkpoint;
  /** Read after that. An operation in both belongs to a run that has ended. */
  now: Checkpoint;
}

export interface Candidates {
  candidates: readonly Candidate[];
  /** Interrupted adoptions. */
  adoptions: readonly PendingCreation[];
  /** Journal entries of keys that the state has, or that a later state has dropped. */
  accountedFor: readonly OpenCreation[];
}

/** Collects the creations that the state or this machine's journal shows as started but not finished. */
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
    // A generated name is unique, so the entry belongs to this creation even without a backend.
    const nameHash = createdAs === undefined ? undefined : nameHashOf(createdAs);
    const noted = notes.find((note) => note.nameHash === nameHash);
    if (noted !== undefined) matched.add(noted);
    const sentTo = noted?.account ?? declared;
    const configured = await accounts.forResource(account);
    const others =
      sentTo === undefined || sentTo === configured.account ? [] : await allAccounts(accounts, now);
    candidates.push({
      lost: fromState(creation, noted, now.savedMs),
      accounts: [others.find((view) => view.account === sentTo) ?? configured],
      sentTo,
      noted,
      isCertain: true,
    });
  }
  const unmatched = notes.filter((note) => !matched.has(note));
  const accountedFor = unmatched.filter((note) => isAccountedFor(note, now));
  const rest = unmatched.filter((note) => !accountedFor.includes(note));
  const all = rest.length > 0 ? await allAccounts(accounts, now) : [];
  for (const noted of rest) {
    const { account: sentTo } = noted;
    const own = all.filter(({ account }) => account === sentTo);
    candidates.push({
      lost: fromJournal(noted),
      accounts: own.length > 0 ? own : all,
      sentTo,
      noted,
      isCertain: isOfBackend(noted, task),
    });
  }
  return { candidates, adoptions: pending.filter(({ isAdoption }) => isAdoption), accountedFor };
}

/**
 * Whether a journal entry needs no search: the state has the key, or was saved after the key was delivered and has dropped it on
 * purpose (`retainOnDelete`, `pulumi state delete`). A state older than the creation is a restored copy, or the engine saved no
 * newer one.
 */
function isAccountedFor(note: OpenCreation, now: Checkpoint): boolean {
  const { delivered, fingerprint, isLost, startedMs } = note;
  if (fingerprint !== undefined && now.keys.some((key) => key.fingerprint === fingerprint)) return true;
  return delivered && !isLost && now.savedMs !== undefined && now.savedMs >= startedMs;
}

/** The journal's creations of the stack, or of a stack with its name in an unknown backend. */
function notesOf(task: StackContext): readonly OpenCreation[] {
  const { backendId, projectName, stack, world } = task;
  const notes = readJournal(cacheFolder("creations", world.environment), readCreations).filter((note) =>
    isOfStack(note.stack, stack, projectName),
  );
  const isElsewhere = ({ backend }: OpenCreation) =>
    backend !== undefined && backendId !== undefined && backend !== backendId;
  const elsewhere = notes.filter((note) => isElsewhere(note) && !note.delivered);
  if (elsewhere.length > 0) {
    world.terminal.note(
      `${stack}: this machine's journal has ${counted(elsewhere.length, "creation")} of a stack of this name in another backend; run the command there if no run works on it.`,
    );
  }
  return notes.filter((note) => !isElsewhere(note) && (!note.delivered || isOfBackend(note, task)));
}

/** A service may have stacks of one name in several organizations; other backends have one, named `organization`. */
function isOfBackend({ backend, stack: noted }: OpenCreation, { backendId, stack }: StackContext): boolean {
  const isOnlyOne = [undefined, "organization"].includes(organizationOf(stack));
  const isNamed = noted?.startsWith("/") !== true;
  return backend !== undefined && backend === backendId && (isNamed || isOnlyOne);
}

/** Pulumi may list stacks without their organization, and the journal may not know it. */
function isOfStack(noted: string | undefined, stack: string, projectName: string): boolean {
  const [organization, project, name] = noted?.split("/") ?? [];
  const listed = organizationOf(stack);
  const isOfOrganization = organization === "" || listed === undefined || listed === organization;
  return isOfOrganization && project === projectName && name === shortName(stack);
}

/** Undefined: Pulumi lists the stack without it. */
function organizationOf(stack: string): string | undefined {
  const [listed, ...rest] = stack.split("/");
  return rest.length === 0 ? undefined : listed;
}

/** Every known account of the stack. */
async function allAccounts(
  accounts: StackAccounts,
  { accounts: stored }: Checkpoint,
): Promise<AccountView[]> {
  const views = new Set<AccountView>();
  for (const settings of stored) views.add(await accounts.forResource(settings));
  // An empty state names no account.
  const configured = await accounts.forResource(undefined).catch((error: unknown) => {
    if (views.size > 0) return undefined;
    throw error;
  });
  if (configured !== undefined) views.add(configured);
  return [...views];
}
