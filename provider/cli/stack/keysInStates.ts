import type { CommandContext } from "../commandContext";
import { Refusal } from "../problems";
import { knownIn, knownInClear, type StackKeys } from "../pulumi/checkpoint";
import type { PulumiProject } from "../pulumi/project";

/** What the stacks of a backend know of keys. */
export class KeysInStates {
  readonly #stacks: ReadonlyMap<string, StackKeys>;
  /** The time that this is true of, in milliseconds since the epoch. */
  readonly asOfMs: number;

  constructor(stacks: ReadonlyMap<string, StackKeys>, asOfMs: number) {
    this.#stacks = stacks;
    this.asOfMs = asOfMs;
  }

  get stackCount(): number {
    return this.#stacks.size;
  }

  /** The stacks that have keys, by the keys' fingerprints. @param except a stack that is left out. */
  owners(except?: string): Map<string, string> {
    return new Map(
      this.#without(except).flatMap(([stack, { fingerprints }]) =>
        fingerprints.map((fingerprint) => [fingerprint, stack] as const),
      ),
    );
  }

  /** Fingerprints of the keys that stacks have. @param except a stack that is left out. */
  fingerprints(except?: string): Set<string> {
    return new Set(this.owners(except).keys());
  }

  /** Names of keys that an interrupted or a present run is making. @param except a stack that is left out. */
  names(except?: string): Set<string> {
    return new Set(this.#without(except).flatMap(([, { names }]) => names));
  }

  #without(except: string | undefined): [string, StackKeys][] {
    return [...this.#stacks].filter(([stack]) => stack !== except);
  }
}

/** States are read this many at a time: each is a process of the CLI. */
const PARALLEL_READS = 4;
/** So often at most, while the list of stacks changes from reading to reading. */
const MAX_READINGS = 6;
/** So often at most stacks are read again that runs save meanwhile. */
const MAX_LISTINGS = 4;

type World = Pick<CommandContext, "clock" | "terminal">;

/**
 * Reads what every stack of the backend knows of keys, in two complete readings: the states are read one after the other,
 * so a key that moves between two stacks meanwhile can be missing in one reading, but then is in the next. What either
 * reading shows is known. Then stacks that were saved since are read again. To be called after the account was listed: a key that is on the list is then in the state of the
 * run that made it, in the making there, or lost.
 *
 * @param matches which stacks are read. Default: all.
 * @throws Refusal while stacks come, go or get other names; what Pulumi says when a state cannot be read: a key that this
 *   stack knows would look unowned.
 */
export async function keysInStates(
  project: PulumiProject,
  world: World,
  matches: (stack: string) => boolean = () => true,
): Promise<KeysInStates> {
  const list = () => listing(project, matches);
  const readAll = async (): Promise<Reading> => {
    const listed = await list();
    world.terminal.progress(`Reading the states of ${listed.size} stacks of the backend`);
    return { listed, states: await readStates(project, [...listed.keys()]) };
  };
  let earlier = await readAll();
  for (let readings = 1; readings < MAX_READINGS; readings++) {
    const later = await readAll();
    if (areOfSameStacks(earlier.states, later.states))
      return readChanged(project, world, list, later.listed, merged(earlier.states, later.states));
    earlier = later;
  }
  throw changingError();
}

/** Reads stacks again until a listing shows none that was saved since: all is known as of the start of the last listing. */
async function readChanged(
  project: PulumiProject,
  { clock }: World,
  list: () => Promise<Listing>,
  before: Listing,
  known: Map<string, StackKeys>,
): Promise<KeysInStates> {
  for (let listings = 1; ; listings++) {
    const asOfMs = clock.nowMs();
    const listed = await list();
    const changed = [...listed].filter(([stack, mark]) => mark === BUSY || before.get(stack) !== mark);
    const states = await readStates(
      project,
      changed.map(([stack]) => stack),
    );
    for (const [stack, keys] of states)
      known.set(stack, together([known.get(stack) ?? [], keys ?? []].flat()));
    const isComplete = ![...states.values()].includes(undefined);
    if (changed.length === 0 || (isComplete && listings >= MAX_LISTINGS))
      return new KeysInStates(known, asOfMs);
    if (listings >= MAX_LISTINGS) throw changingError();
    before = listed;
  }
}

function changingError(): Refusal {
  return new Refusal({
    why: "The backend's list of stacks changes while their states are read, so which stack has which key is unknown.",
    nextStep:
      "Wait until no run creates, renames or removes stacks of the backend, then run the command again.",
  });
}

/** What the list says of the last save of each stack, by name. */
type Listing = ReadonlyMap<string, string>;

/** An update is in progress, so the state may change without a trace in the list. */
const BUSY = "busy";

async function listing(project: PulumiProject, matches: (stack: string) => boolean): Promise<Listing> {
  const stacks = (await project.stacks({ all: true })).filter(({ name }) => matches(name));
  return new Map(
    stacks.map(({ name, lastUpdate, resourceCount, updateInProgress }) => [
      name,
      updateInProgress === true ? BUSY : `${lastUpdate} ${resourceCount}`,
    ]),
  );
}

/** By the stacks' names. Undefined: the stack was listed, and was not there when its state was read. */
type States = ReadonlyMap<string, StackKeys | undefined>;

interface Reading {
  listed: Listing;
  states: States;
}

async function readStates(project: PulumiProject, stacks: readonly string[]): Promise<States> {
  const waiting = [...stacks];
  const states = new Map<string, StackKeys | undefined>();
  const readNext = async () => {
    for (let stack = waiting.shift(); stack !== undefined; stack = waiting.shift()) {
      states.set(stack, await knownTo(project, stack));
    }
  };
  await Promise.all(Array.from({ length: PARALLEL_READS }, readNext));
  return states;
}

async function knownTo(project: PulumiProject, stack: string): Promise<StackKeys | undefined> {
  const exported = await project.encryptedDeployment(stack);
  if (exported === undefined) return undefined;
  const known = knownIn(exported.deployment);
  if (!known.isVeiled) return known;
  const state = await project.state(stack);
  return state === undefined ? undefined : together([known, knownInClear(state)]);
}

/** A stack that is gone when its state is read may have another name by then. */
function areOfSameStacks(earlier: States, later: States): boolean {
  if (earlier.size !== later.size) return false;
  return [...later].every(([stack, known]) => known !== undefined && earlier.get(stack) !== undefined);
}

function merged(earlier: States, later: States): Map<string, StackKeys> {
  const stacks = [...later.keys()];
  return new Map(
    stacks.map((stack) => [stack, together([earlier.get(stack) ?? [], later.get(stack) ?? []].flat())]),
  );
}

function together(known: readonly StackKeys[]): StackKeys {
  return {
    fingerprints: known.flatMap(({ fingerprints }) => fingerprints),
    names: known.flatMap(({ names }) => names),
    isVeiled: known.some(({ isVeiled }) => isVeiled),
  };
}
