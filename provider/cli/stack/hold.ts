import { formatDuration } from "../../api/duration";
import { stackLocksFolder } from "../../config";
import { Refusal } from "../exit";
import { FileBackend } from "../pulumi/fileBackend";
import { isDead, type LockHolder } from "../pulumi/lock";
import type { World } from "../world";
import { acquireMutex, isHeld } from "./mutex";
import { shortName, type StackTask } from "./task";

/** Somebody else works on the stack, so nothing was done. */
export class BusyError extends Refusal {}

/**
 * Does work on a stack that nobody else works on. A lock that a dead process has left is taken away; of two commands that
 * want the same stack, one does its work and the other is told who has it.
 *
 * @throws BusyError, before anything was done.
 */
export async function holdStack<T>(task: StackTask, work: () => Promise<T>): Promise<T> {
  const { backendUrl, projectName, stack, world } = task;
  const folder = stackLocksFolder(world.environment);
  const mutex = acquireMutex(folder, JSON.stringify([backendUrl, projectName, stack]));
  if (isHeld(mutex)) {
    throw new BusyError({
      why: `Another pulumi-electronhub (pid ${mutex.pid}) works on stack ${stack} just now.`,
      nextStep: "Wait for it to end, then run the command again if something is left.",
    });
  }
  try {
    takeAwayDamagedLocks(task);
    await breakDeadLocks(task);
    return await work();
  } finally {
    mutex.release();
  }
}

/** Makes sure that nobody works on the stack. @throws BusyError. */
export async function requireUnlocked(task: StackTask): Promise<void> {
  const holders = await holdersOf(task, () => false);
  if (holders.length > 0) throw busy(task, holders);
}

/** A lock that was cut off names nobody, and keeps Pulumi from reading the others. @throws BusyError. */
function takeAwayDamagedLocks(task: StackTask): void {
  const { backendUrl, project, projectName, stack, world } = task;
  const backend = FileBackend.at(backendUrl, project.folder);
  const name = `${projectName}/${shortName(stack)}`;
  const damages = backend?.damagedLocks(name) ?? [];
  if (backend === undefined || damages.length === 0) return;
  const holders = backend.holders(name);
  if (!holders.every((holder) => mayBreak(task, holder))) throw busy(task, holders);
  for (const damage of damages) {
    backend.discard(damage);
    world.changes.count++;
    world.terminal.note(`${stack}: took away ${damage.file}, which was cut off, and says nothing.`);
  }
}

async function breakDeadLocks(task: StackTask): Promise<void> {
  const { project, stack, world } = task;
  const breakable = (holder: LockHolder) => mayBreak(task, holder);
  const holders = await holdersOf(task, breakable);
  if (holders.length === 0) return;
  if (!holders.every(breakable)) throw busy(task, holders);
  // As late as possible: all locks go at once, and one may have been added since.
  const again = await project.lockHolders(stack);
  if (!again.every(breakable)) throw busy(task, again);
  for (const { who, sinceMs } of again) {
    world.terminal.note(`${stack}: taking away the lock of ${who}${sinceText(sinceMs)}, whose run is over.`);
  }
  if (again.length > 0) await project.breakLocks(stack);
}

/** Milliseconds: a lock this young may be one that is only looked at, as we look at it. */
const YOUNG_MS = 5_000;
const LOOKS = 4;
const LOOK_AGAIN_MS = 700;

/**
 * Who holds the stack's lock. Two that look at the same moment see each other, and so would two of whom one only looks:
 * hence whoever sees a young lock looks again after a moment, each after another one.
 */
async function holdersOf(
  { project, stack, world }: StackTask,
  isDead: (holder: LockHolder) => boolean,
): Promise<readonly LockHolder[]> {
  const { clock, random, stop } = world;
  for (let looks = 1; ; looks++) {
    const holders = await project.lockHolders(stack);
    const isYoung = ({ sinceMs }: LockHolder) => sinceMs !== undefined && clock.nowMs() - sinceMs < YOUNG_MS;
    if (looks >= LOOKS || !holders.some((holder) => isYoung(holder) && !isDead(holder))) return holders;
    await clock.sleep(LOOK_AGAIN_MS * (0.5 + random()), stop);
  }
}

/** Whether a lock's run is over: it is known to be dead, or is older than somebody says that any gets. */
export function mayBreak(
  { breakLocksOlderThanMs, world }: { breakLocksOlderThanMs?: number | undefined; world: World },
  holder: LockHolder,
): boolean {
  if (isDead(holder)) return true;
  if (breakLocksOlderThanMs === undefined || holder.sinceMs === undefined) return false;
  return world.clock.nowMs() - holder.sinceMs > breakLocksOlderThanMs;
}

function busy({ stack, world }: StackTask, holders: readonly LockHolder[]): BusyError {
  const who = holders.map(({ who, sinceMs }) => {
    const age =
      sinceMs === undefined ? "" : `, ${formatDuration(Math.max(0, world.clock.nowMs() - sinceMs))} ago`;
    return `${who}${sinceText(sinceMs)}${age}`;
  });
  return new BusyError({
    why: `Stack ${stack} is locked by ${who.join(", ")}.`,
    nextStep:
      "Wait for that run to end, then run the command again. If its machine is gone, name an age that no run reaches, such as --break-locks-older-than 6h, or run `pulumi cancel`.",
  });
}

function sinceText(sinceMs: number | undefined): string {
  return sinceMs === undefined ? "" : ` since ${new Date(sinceMs).toISOString()}`;
}
