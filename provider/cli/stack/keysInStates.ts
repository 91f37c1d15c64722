import type { CommandContext } from "../commandContext";
import { Refusal } from "../problems";
import type { PulumiProject } from "../pulumi/project";
import type { UnknownTypes } from "./unknownTypes";
import { counted } from "../terminal/table";

/** The keys that the stacks of a backend have or are making. */
export interface KeysInStates {
  /** The stack that has each key, by the key's fingerprint. */
  owners: ReadonlyMap<string, string>;
  /** Names and fingerprints of keys in the making. */
  inMaking: ReadonlySet<string>;
  /** Not empty: a stack may have keys beside these. */
  unknownTypes: UnknownTypes;
  stackCount: number;
  /** No change until this time is missing. Milliseconds since the epoch. */
  asOfMs: number;
}

/** Each read runs a process of the CLI. */
const PARALLEL_READS = 4;
const MAX_READINGS = 6;
const MAX_LISTINGS = 4;

/**
 * Reads the keys of every stack of the backend. Call it after the account was listed: each listed key is then in the state of
 * the run that made it, in the making there, or lost.
 *
 * Reads all states twice, because reading takes time: a key that moves to another stack meanwhile can be missing in one
 * reading, but is then in the next. Then reads again the stacks that were saved since, until none was.
 *
 * @param matches selects the stacks to read. Default: all.
 * @throws Refusal if stacks are created, renamed or removed all the time; Pulumi's error if a state cannot be read, since keys
 *   of that stack would look unowned.
 */
export async function keysInStates(
  project: PulumiProject,
  { clock, terminal }: Pick<CommandContext, "clock" | "terminal">,
  matches: (stack: string) => boolean = () => true,
): Promise<KeysInStates> {
  const owners = new Map<string, string>();
  const inMaking = new Set<string>();
  const unknownTypes = new Map<string, readonly string[]>();
  /** Returns false if a stack was removed or renamed before it was read. */
  const read = async (stacks: readonly string[]): Promise<boolean> => {
    const waiting = [...stacks];
    let isComplete = true;
    const readNext = async () => {
      for (let stack = waiting.shift(); stack !== undefined; stack = waiting.shift()) {
        const keys = await project.keysOf(stack);
        if (keys === undefined) isComplete = false;
        for (const fingerprint of keys?.fingerprints ?? []) owners.set(fingerprint, stack);
        for (const key of keys?.inMaking ?? []) inMaking.add(key);
        if (keys !== undefined && keys.unknownTypes.length > 0) unknownTypes.set(stack, keys.unknownTypes);
      }
    };
    await Promise.all(Array.from({ length: PARALLEL_READS }, readNext));
    return isComplete;
  };

  let before: Listing | undefined;
  for (let readings = 1; ; readings++) {
    const listed = await listing(project, matches);
    terminal.progress(`Reading the states of ${counted(listed.size, "stack")} of the backend`);
    const isComplete = await read([...listed.keys()]);
    const isSettled = isComplete && before !== undefined && hasSameStacks(before, listed);
    before = isComplete ? listed : undefined;
    if (isSettled) break;
    if (readings >= MAX_READINGS) throw changingError();
  }
  for (let listings = 1; ; listings++) {
    const asOfMs = clock.nowMs();
    const listed = await listing(project, matches);
    const changed = [...listed].filter(([stack, mark]) => mark === BUSY || before?.get(stack) !== mark);
    const isComplete = await read(changed.map(([stack]) => stack));
    if (changed.length === 0 || (isComplete && listings >= MAX_LISTINGS))
      return { owners, inMaking, unknownTypes, stackCount: listed.size, asOfMs };
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

/** Marks of the stacks, by name. A stack's mark changes when the stack is saved. */
type Listing = ReadonlyMap<string, string>;

/** The mark of a stack with an update in progress, whose state may change without a trace in the list. */
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

function hasSameStacks(one: Listing, other: Listing): boolean {
  return one.size === other.size && [...one.keys()].every((stack) => other.has(stack));
}
