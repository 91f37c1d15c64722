import { knownIn, knownInClear, type KnownIn } from "./pulumi/checkpoint";
import type { PulumiProject } from "./pulumi/project";
import type { Terminal } from "./terminal/terminal";

/** What the stacks of a backend know of keys. */
export class KnownKeys {
  readonly #stacks: ReadonlyMap<string, KnownIn>;

  constructor(stacks: ReadonlyMap<string, KnownIn>) {
    this.#stacks = stacks;
  }

  get stackCount(): number {
    return this.#stacks.size;
  }

  /** Fingerprints of the keys that stacks have. @param except a stack that is left out. */
  fingerprints(except?: string): Set<string> {
    return new Set(this.#without(except).flatMap(({ fingerprints }) => fingerprints));
  }

  /** Names of keys that an interrupted or a present run is making. @param except a stack that is left out. */
  names(except?: string): Set<string> {
    return new Set(this.#without(except).flatMap(({ names }) => names));
  }

  #without(except: string | undefined): KnownIn[] {
    return [...this.#stacks].flatMap(([stack, known]) => (stack === except ? [] : known));
  }
}

/** States are read this many at a time: each is a process of the CLI. */
const PARALLEL_READS = 4;

/**
 * Reads what every stack of the backend knows of keys. To be called after the account was listed: a key that is on the
 * list is then in the state of the run that made it, in the making there, or lost.
 *
 * @param matches which stacks are read. Default: all.
 * @throws what Pulumi says when a state cannot be read: a key that this stack knows would look like nobody's.
 */
export async function knownKeys(
  project: PulumiProject,
  terminal: Terminal,
  matches: (stack: string) => boolean = () => true,
): Promise<KnownKeys> {
  const known = new Map<string, KnownIn>();
  for (;;) {
    const all = (await project.stacks({ all: true })).map(({ name }) => name);
    // A stack that is not there any more may have been renamed: the list is asked for again until it brings no new one.
    const waiting = all.filter((stack) => matches(stack) && !known.has(stack));
    if (waiting.length === 0) return new KnownKeys(known);
    terminal.progress(`Reading the states of ${waiting.length} stacks of the backend`);
    const readNext = async () => {
      for (let stack = waiting.shift(); stack !== undefined; stack = waiting.shift()) {
        known.set(stack, await knownTo(project, stack));
      }
    };
    await Promise.all(Array.from({ length: PARALLEL_READS }, readNext));
  }
}

async function knownTo(project: PulumiProject, stack: string): Promise<KnownIn> {
  const exported = await project.encryptedDeployment(stack);
  // A stack that was removed meanwhile knows no key any more.
  if (exported === undefined) return NOTHING;
  const known = knownIn(exported.deployment);
  if (!known.isVeiled) return known;
  const state = await project.state(stack);
  return state === undefined ? NOTHING : knownInClear(state);
}

const NOTHING: KnownIn = { fingerprints: [], names: [], isVeiled: false };
