import { Refusal } from "../problems";
import { knownIn, knownInClear, type StackKeys } from "../pulumi/checkpoint";
import type { PulumiProject } from "../pulumi/project";
import type { Terminal } from "../terminal/terminal";

/** What the stacks of a backend know of keys. */
export class KeysInStates {
  readonly #stacks: ReadonlyMap<string, StackKeys>;

  constructor(stacks: ReadonlyMap<string, StackKeys>) {
    this.#stacks = stacks;
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

/**
 * Reads what every stack of the backend knows of keys, in two complete readings: the states are read one after the other,
 * so a key that moves between two stacks meanwhile can be missing in one reading, but then is in the next. What either
 * reading shows is known. To be called after the account was listed: a key that is on the list is then in the state of the
 * run that made it, in the making there, or lost.
 *
 * @param matches which stacks are read. Default: all.
 * @throws Refusal while stacks come, go or get other names; what Pulumi says when a state cannot be read: a key that this
 *   stack knows would look unowned.
 */
export async function keysInStates(
  project: PulumiProject,
  terminal: Terminal,
  matches: (stack: string) => boolean = () => true,
): Promise<KeysInStates> {
  let earlier = await readAll(project, terminal, matches);
  for (let readings = 1; readings < MAX_READINGS; readings++) {
    const later = await readAll(project, terminal, matches);
    if (areOfSameStacks(earlier, later)) return new KeysInStates(merged(earlier, later));
    earlier = later;
  }
  throw new Refusal({
    why: "The backend's list of stacks changes while their states are read, so which stack has which key is unknown.",
    nextStep:
      "Wait until no run creates, renames or removes stacks of the backend, then run the command again.",
  });
}

/** By the stacks' names. Undefined: the stack was listed, and was not there when its state was read. */
type Reading = ReadonlyMap<string, StackKeys | undefined>;

async function readAll(
  project: PulumiProject,
  terminal: Terminal,
  matches: (stack: string) => boolean,
): Promise<Reading> {
  const waiting = (await project.stacks({ all: true })).map(({ name }) => name).filter(matches);
  terminal.progress(`Reading the states of ${waiting.length} stacks of the backend`);
  const reading = new Map<string, StackKeys | undefined>();
  const readNext = async () => {
    for (let stack = waiting.shift(); stack !== undefined; stack = waiting.shift()) {
      reading.set(stack, await knownTo(project, stack));
    }
  };
  await Promise.all(Array.from({ length: PARALLEL_READS }, readNext));
  return reading;
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
function areOfSameStacks(earlier: Reading, later: Reading): boolean {
  if (earlier.size !== later.size) return false;
  return [...later].every(([stack, known]) => known !== undefined && earlier.get(stack) !== undefined);
}

function merged(earlier: Reading, later: Reading): Map<string, StackKeys> {
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
