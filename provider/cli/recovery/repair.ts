import type { StackSummary } from "@pulumi/pulumi/automation";
import { creationsFolder } from "../../config";
import { doubtTaken } from "../../lifecycle/creations/delivered";
import { Refusal } from "../problems";
import { FileBackend, type Copy, type Damage } from "../pulumi/fileBackend";
import type { PulumiProject } from "../pulumi/project";
import type { CommandContext } from "../commandContext";
import { howToUnlock, mayBreak } from "../stack/stackLock";
import { shortName } from "../stack/stackContext";

export interface RepairOptions {
  /** Stacks of every project, rather than of this one. */
  all?: boolean;
  /** Which stacks may be mended. */
  mayRestore: (stack: string) => boolean;
  /** Whether anything may be changed at all. */
  dryRun: boolean;
  /** Told of every state that was restored. */
  onRestored?: (restoration: Restoration) => void;
  /** As for locks that can be read. */
  breakLocksOlderThanMs?: number | undefined;
}

/** A state that is an older copy now. */
export interface Restoration {
  stack: string;
  /** ISO 8601: when the copy was saved. */
  asOf: string;
  /** Where what was cut off is kept. */
  kept: string;
}

/**
 * Lists the stacks. In a `file://` backend one state that a full disk or a crash has cut off keeps Pulumi from listing
 * any: that one is restored from its newest whole copy first, where that is wanted.
 *
 * @throws Refusal that says which state is damaged, and what to do, where it may not be restored. Nothing was changed then.
 */
export async function listStacks(
  project: PulumiProject,
  world: CommandContext,
  { all = false, ...options }: RepairOptions,
): Promise<StackSummary[]> {
  try {
    return await project.stacks({ all });
  } catch (error) {
    if (error instanceof Refusal) throw error;
    const { url } = await project.backend();
    const backend = FileBackend.at(url, project.folder);
    const damages = backend?.damages(all ? undefined : await project.name()) ?? [];
    if (backend === undefined) throw error;
    // A file may have been seen while it was written.
    if (damages.length === 0) return project.stacks({ all });
    const repairs = damages.map((damage) => repairOf(damage, { backend, project, world, ...options }));
    for (const repair of repairs) repair();
    return project.stacks({ all });
  }
}

interface Repairing extends Omit<RepairOptions, "all"> {
  backend: FileBackend;
  project: PulumiProject;
  world: CommandContext;
}

/** What mends it. @throws Refusal where it may not or cannot be mended. */
function repairOf(damage: Damage, repairing: Repairing): () => void {
  const { backend, breakLocksOlderThanMs, dryRun, mayRestore, project, world } = repairing;
  const { file, kind, stack } = damage;
  const what = `${kind === "state" ? `The state of stack ${stack}` : `A file of stack ${stack}`} cannot be read: it was cut off by a full disk, or by a crash (${file}).`;
  const locks = backend.locks(stack);
  const lock = locks.find((candidate) => !mayBreak({ breakLocksOlderThanMs, world }, candidate));
  if (lock !== undefined) {
    throw new Refusal({
      why: `${what} It is locked by ${lock.who}.`,
      nextStep: howToUnlock({ project, stack: shortName(stack), world }, locks),
    });
  }
  const copy = kind === "state" ? backend.newestCopy(damage) : undefined;
  if (kind === "state" && copy === undefined) {
    throw new Refusal({
      why: `${what} There is no whole copy of it.`,
      nextStep:
        "Delete that file, with which Pulumi forgets the stack, then look at its keys with `pulumi-electronhub orphans`.",
    });
  }
  if (dryRun || (copy !== undefined && !mayRestore(stack))) {
    const asOf = copy === undefined ? "which takes it away" : `which restores it as of ${copy.time}`;
    throw new Refusal({
      why: `${what} Pulumi lists no stack of the project until it is mended.`,
      nextStep: `Run \`pulumi-electronhub recover --stack ${shortName(stack)}\`, ${asOf}.`,
    });
  }
  if (copy !== undefined) return () => restore(damage, copy, repairing);
  return () => {
    backend.discard(damage);
    world.changes.count++;
    world.terminal.note(`${stack}: took away ${file}, which was cut off, and says nothing that is needed.`);
  };
}

function restore(damage: Damage, copy: Copy, { backend, onRestored, world }: Repairing): void {
  const { stack } = damage;
  doubtTaken(creationsFolder(world.environment), stack);
  const kept = backend.restore(damage, copy);
  if (kept === undefined) return;
  world.changes.count++;
  onRestored?.({ stack, asOf: copy.time, kept });
  world.terminal.note(
    `${stack}: its state was cut off by a full disk, or by a crash. Restored as of ${copy.time}; what was there is in ${kept}. Keys that were made after that and are in no state are shown by \`orphans\`.`,
  );
}
