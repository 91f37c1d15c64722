import { formatDuration } from "../../util/duration";
import { Refusal, type Problem } from "../problems";
import { FileBackend } from "../pulumi/fileBackend";
import type { LockHolder } from "../pulumi/lock";
import { shellWords } from "../terminal/shell";
import { shortName, type StackContext } from "./stackContext";

/** Another process works on the stack, so nothing was done. */
export class BusyError extends Refusal {}

/**
 * Does work on a stack that no other process has locked. Locks that are older than the user says that any run gets are
 * broken first. No lock is held afterwards: of two commands, the engine's own lock decides.
 *
 * @throws BusyError, before anything was done.
 */
export async function withStackLock<T>(task: StackContext, work: () => Promise<T>): Promise<T> {
  await breakOldLocks(task);
  return work();
}

/** Makes sure that no other process works on the stack. @throws BusyError. */
export async function requireUnlocked(task: StackContext): Promise<void> {
  const locks = await locksOf(task);
  if (locks.length > 0) throw lockedError(task, locks);
}

async function breakOldLocks(task: StackContext): Promise<void> {
  const { project, stack, world } = task;
  const isOld = (lock: LockHolder) => mayBreak(task, lock);
  const locks = await locksOf(task, isOld);
  if (locks.length === 0) return;
  if (!locks.every(isOld)) throw lockedError(task, locks);
  const files = lockFolderOf(task);
  // As late as possible: `pulumi cancel` breaks every lock, also one that was taken or renewed since.
  const again = files === undefined ? await locksOf(task, isOld) : locks;
  if (!again.every((lock) => locks.some((seen) => isSame(seen, lock)))) throw lockedError(task, again);
  for (const lock of again) {
    world.terminal.note(`${stack}: breaking a lock: ${describe(lock, world.clock.nowMs())}.`);
    files?.removeLock(lock);
  }
  if (files === undefined && again.length > 0) await project.breakLocks(stack);
  await requireUnlocked(task);
}

function isSame(one: LockHolder, other: LockHolder): boolean {
  return one.id === other.id && one.who === other.who && one.sinceMs === other.sinceMs;
}

/** @param isSettled whether a young lock needs no second look. */
async function locksOf(
  task: StackContext,
  isSettled: (lock: LockHolder) => boolean = () => false,
): Promise<readonly LockHolder[]> {
  return lockFolderOf(task)?.locks(inFolder(task)) ?? locksByLooks(task, isSettled);
}

/**
 * The folder that certainly has the stack's locks. Undefined: Pulumi must be asked, since it may read the URL differently
 * (`?prefix=`, `#`, `%`), and in another folder a stack never looks locked.
 */
function lockFolderOf(task: StackContext): FileBackend | undefined {
  const { backendUrl, project } = task;
  const files = /[?#%]/.test(`${backendUrl} ${project.folder}`)
    ? undefined
    : FileBackend.at(backendUrl, project.folder);
  return files?.hasStateOf(inFolder(task)) === true ? files : undefined;
}

/** The stack as a `file://` backend names it. */
function inFolder({ projectName, stack }: StackContext): string {
  return `${projectName}/${shortName(stack)}`;
}

/** Milliseconds: a lock this young may be one that is only looked at, as we look at it. */
const YOUNG_MS = 5_000;
const LOOKS = 4;
const LOOK_AGAIN_MS = 700;

/**
 * The locks where to look at them takes one. Two that look at the same moment see each other, and so would two of whom one
 * only looks: hence a command that sees a young lock looks again after a moment, each after another one.
 */
async function locksByLooks(
  { project, stack, world }: StackContext,
  isSettled: (lock: LockHolder) => boolean,
): Promise<readonly LockHolder[]> {
  const { clock, random, stop } = world;
  for (let looks = 1; ; looks++) {
    const locks = await project.lockHolders(stack);
    const isYoung = ({ sinceMs }: LockHolder) => sinceMs !== undefined && clock.nowMs() - sinceMs < YOUNG_MS;
    if (looks >= LOOKS || !locks.some((lock) => isYoung(lock) && !isSettled(lock))) return locks;
    await clock.sleep(LOOK_AGAIN_MS * (0.5 + random()), stop);
  }
}

/** Whether a lock is older than the user says that any run gets. One from the future is not. */
export function mayBreak(
  { breakLocksOlderThanMs, world }: Pick<StackContext, "breakLocksOlderThanMs" | "world">,
  { sinceMs }: LockHolder,
): boolean {
  if (breakLocksOlderThanMs === undefined || sinceMs === undefined) return false;
  return world.clock.nowMs() - sinceMs >= breakLocksOlderThanMs;
}

/** @param verb such as `is locked`. */
export function lockedError(
  task: Pick<StackContext, "project" | "stack" | "world">,
  locks: readonly LockHolder[],
  verb = "is locked",
): BusyError {
  const { stack, world } = task;
  const nowMs = world.clock.nowMs();
  return new BusyError({
    why: `Stack ${stack} ${verb} by ${locks.map((lock) => describe(lock, nowMs)).join(", ")}.`,
    nextStep: howToUnlock(task, locks),
  });
}

export function howToUnlock(
  { project, stack, world }: Pick<StackContext, "project" | "stack" | "world">,
  locks: readonly LockHolder[],
): Problem["nextStep"] {
  const cwd = project.folder === process.cwd() ? [] : ["--cwd", project.folder];
  const cancel = shellWords(["pulumi", "cancel", "--stack", stack, ...cwd]);
  const wait = `Wait for that run to end, then run the command again. If it is dead, break its lock with \`${cancel}\``;
  if (locks.some(({ sinceMs }) => sinceMs === undefined)) return `${wait}.`;
  const again = shellWords(["pulumi-electronhub", ...withoutAge(world.commandLine), AGE_OPTION, "10m"]);
  return `${wait}, or, once it is older than any run gets, with \`${again}\`.`;
}

const AGE_OPTION = "--break-locks-older-than";

function withoutAge(commandLine: readonly string[]): string[] {
  return commandLine.filter(
    (word, at) =>
      word !== AGE_OPTION && commandLine[at - 1] !== AGE_OPTION && !word.startsWith(`${AGE_OPTION}=`),
  );
}

function describe({ who, sinceMs }: LockHolder, nowMs: number): string {
  if (sinceMs === undefined) return who;
  const age =
    sinceMs > nowMs
      ? `${formatDuration(sinceMs - nowMs)} ahead of this machine's clock`
      : `${formatDuration(nowMs - sinceMs)} ago`;
  return `${who} since ${new Date(sinceMs).toISOString()}, ${age}`;
}
