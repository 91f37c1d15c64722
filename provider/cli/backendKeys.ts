import { knownIn } from "./pulumi/checkpoint";
import type { PulumiProject } from "./pulumi/project";
import type { Terminal } from "./terminal/terminal";

/** What the stacks of a backend know of keys. */
export interface KnownKeys {
  /** Of keys in a state, to the stack that knows them. */
  fingerprints: ReadonlyMap<string, string>;
  /** Names of keys that an interrupted or a present run is making, to the stack. */
  names: ReadonlyMap<string, string>;
  stackCount: number;
}

/** States are read this many at a time: each is a process of the CLI. */
const PARALLEL_READS = 4;

/**
 * Reads what every stack of the backend knows of keys, no secret among it.
 *
 * @param matches which stacks are read. Default: all.
 * @throws what Pulumi says when a state cannot be read: a key that this stack knows would look like nobody's.
 */
export async function knownKeys(
  project: PulumiProject,
  terminal: Terminal,
  matches: (stack: string) => boolean = () => true,
): Promise<KnownKeys> {
  const stacks = (await project.stacks({ all: true })).map(({ name }) => name).filter(matches);
  const fingerprints = new Map<string, string>();
  const names = new Map<string, string>();
  const waiting = [...stacks];
  const readNext = async () => {
    for (let stack = waiting.shift(); stack !== undefined; stack = waiting.shift()) {
      terminal.progress(`Reading the states of ${stacks.length} stacks: ${stacks.length - waiting.length}`);
      const exported = await project.encryptedDeployment(stack);
      // A stack that was removed meanwhile knows no key any more.
      if (exported === undefined) continue;
      const known = knownIn(exported.deployment);
      for (const fingerprint of known.fingerprints) fingerprints.set(fingerprint, stack);
      for (const name of known.names) names.set(name, stack);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL_READS }, readNext));
  return { fingerprints, names, stackCount: stacks.length };
}

/** Fingerprints of the keys that any stack of the backend knows. */
export async function knownFingerprints(project: PulumiProject, terminal: Terminal): Promise<Set<string>> {
  return new Set((await knownKeys(project, terminal)).fingerprints.keys());
}
