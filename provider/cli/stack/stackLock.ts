import { formatDuration } from "../../util/duration";
import { Refusal } from "../problems";
import { FileBackend } from "../pulumi/fileBackend";
import type { LockHolder } from "../pulumi/lock";
import { shortName } from "../pulumi/names";
import { shellWords } from "../terminal/shell";
import { cwdOption } from "../pulumi/folders";
import type { StackContext } from "./stackContext";

/** Another process works on the stack, so nothing was done. */
export class BusyError extends Refusal {}

/** Checks that no process has locked the stack. @throws BusyError. */
export async function requireUnlocked(task: StackContext): Promise<void> {
  const locks = await locksOf(task);
  if (locks.length > 0) throw lockedError(task, locks);
}

/**
 * Checks that no process has locked the stack. Breaks its locks first if all are older than `--break-locks-older-than`. Takes no
 * lock: if two commands continue, the engine's lock decides.
 *
 * @param clockAheadMs how far this machine's clock is ahead: a lock must not look older than it is.
 * @throws BusyError.
 */
export async function breakOldLocks(task: StackContext, clockAheadMs: () => Promise<number>): Promise<void> {
  const { project, stack, world, breakLocksOlderThanMs: oldMs } = task;
  // A lock from the future is not old.
  const isOld = ({ sinceMs }: LockHolder) =>
    oldMs !== undefined && sinceMs !== undefined && world.clock.nowMs() - sinceMs >= oldMs;
  const locks = await locksOf(task, isOld);
  if (locks.length === 0) return;
  if (!locks.every(isOld)) throw lockedError(task, locks);
  // Locks of any age need no clock.
  const aheadMs = oldMs === 0 ? 0 : await clockAheadMs();
  world.stop.throwIfAborted();
  if (!locks.every(({ sinceMs = 0, ...lock }) => isOld({ ...lock, sinceMs: sinceMs + aheadMs }))) {
    throw new BusyError({
      why: `How old the locks of stack ${stack} are is unknown: this machine's clock is ${formatDuration(aheadMs)} ahead of the API's.`,
      nextStep: "Set this machine's clock, then run the command again.",
    });
  }
  const files = lockFolderOf(task);
  // As late as possible: `pulumi cancel` breaks every lock, including locks that were taken or renewed since.
  const latest = files === undefined ? await locksOf(task, isOld) : locks;
  if (!latest.every((lock) => locks.some((seen) => isSame(seen, lock)))) throw lockedError(task, latest);
  for (const lock of latest) {
    world.terminal.note(`${stack}: breaking a lock: ${describe(lock, world.clock.nowMs())}.`);
    files?.removeLock(lock);
  }
  if (files === undefined && latest.length > 0) await project.breakLocks(stack);
  await requireUnlocked(task);
}

/** @param verb such as `is locked`. */
export function lockedError(
  { project, stack, world }: StackContext,
  locks: readonly LockHolder[],
  verb = "is locked",
): BusyError {
  const nowMs = world.clock.nowMs();
  const cancel = shellWords(["pulumi", "cancel", "--stack", stack, ...cwdOption(project.folder)]);
  const again = shellWords(["npx", "pulumi-electronhub", ...withoutAge(world.commandLine), AGE_OPTION, "6h"]);
  const breaking = locks.some(({ sinceMs }) => sinceMs === undefined)
    ? ""
    : `, or, once it is older than any run takes, with \`${again}\``;
  return new BusyError({
    why: `Stack ${stack} ${verb} by ${locks.map((lock) => describe(lock, nowMs)).join(", ")}.`,
    nextStep: `Wait for that run to end, then run the command again. If it is dead, break its lock with \`${cancel}\`${breaking}.`,
  });
}

function isSame(one: LockHolder, other: LockHolder): boolean {
  return one.id === other.id && one.who === other.who && one.sinceMs === other.sinceMs;
}

/** @param isSettled selects young locks that need no second look. */
async function locksOf(
  task: StackContext,
  isSettled: (lock: LockHolder) => boolean = () => false,
): Promise<readonly LockHolder[]> {
  return lockFolderOf(task)?.locks(inFolder(task)) ?? locksByLooks(task, isSettled);
}

/**
 * The folder that certainly has the stack's locks. Undefined: only Pulumi knows. It may read the URL differently (`?prefix=`,
 * `#`, `%`), and in a wrong folder no stack looks locked.
 */
function lockFolderOf(task: StackContext): FileBackend | undefined {
  const { backendUrl, project } = task;
  const files = /[?#%]/.test(`${backendUrl} ${project.folder}`)
    ? undefined
    : FileBackend.at(backendUrl, project.folder);
  return files?.hasStateOf(inFolder(task)) === true ? files : undefined;
}

/** The stack's name in a `file://` backend. */
function inFolder({ projectName, stack }: StackContext): string {
  return `${projectName}/${shortName(stack)}`;
}

/** A younger lock may belong to another command that only looks for locks. */
const YOUNG_MS = 5_000;
const LOOKS = 4;
const LOOK_AGAIN_MS = 700;

/**
 * Reads the locks through Pulumi, which takes the lock for that. Two commands that look at the same moment would each find the
 * other's lock, so a command that finds a young lock looks again after a random delay.
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
