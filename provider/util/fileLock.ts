import { randomUUID } from "node:crypto";
import {
  closeSync,
  constants,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { errorCode } from "./errno";

/** A lock of this process, unless the process was paused for so long that another one broke the lock. */
export interface FileLock {
  /** Whether this process still holds the lock. Check it right before writing under the lock. Cheap while it cannot be broken. */
  isOurs(): boolean;
  release(): void;
}

/** Waits for a lock and blocks the thread meanwhile. */
export interface Waiting {
  /** A monotonic time: not changed when the clock is set. */
  nowMs(): number;
  pause(ms: number): void;
}

const cell = new Int32Array(new SharedArrayBuffer(4));

export const blockingWait: Waiting = {
  nowMs: () => performance.now(),
  pause: (ms) => void Atomics.wait(cell, 0, 0, ms),
};

const PAUSE_MS = 1;

/** A step takes less than a millisecond. A lock that is held for longer is stale: its process may have been killed. */
const STALE_MS = 1_000;

/** A lock that was taken or checked this recently cannot have been broken. */
const SURE_MS = STALE_MS / 10;

/** The lock was not free in time. Has the fields of a file system error. */
class LockTimeoutError extends Error {
  override readonly name = "LockTimeoutError";
  readonly code = "ETIMEDOUT";
  readonly syscall = "lock";
}

/**
 * Takes a lock by exclusive creation of a file. Breaks a lock whose holder stays the same for a second, without checking
 * the holder's process: a process id is only valid within its own machine and container.
 *
 * @throws a file system error, also if the lock is not free before `deadlineMs`.
 */
export function acquireFileLock(path: string, deadlineMs: number, waiting: Waiting): FileLock {
  const token = `${process.pid} ${randomUUID()}`;
  let seen: { holder: string | undefined; sinceMs: number } | undefined;
  for (;;) {
    const startedMs = waiting.nowMs();
    if (tryCreate(path, token)) return held(path, token, startedMs, waiting);
    const holder = holderOf(path);
    if (seen === undefined || holder !== seen.holder) seen = { holder, sinceMs: startedMs };
    else if (holder !== undefined && startedMs - seen.sinceMs >= STALE_MS) breakLock(path, holder);
    if (waiting.nowMs() >= deadlineMs) throw new LockTimeoutError(`${path} is locked.`);
    waiting.pause(PAUSE_MS);
  }
}

function held(path: string, token: string, startedMs: number, waiting: Waiting): FileLock {
  let sureMs = startedMs;
  const isOurs = (): boolean => {
    const checkedMs = waiting.nowMs();
    if (checkedMs - sureMs < SURE_MS) return true;
    const isHeld = holderOf(path) === token;
    sureMs = isHeld ? checkedMs : -Infinity;
    return isHeld;
  };
  return {
    isOurs,
    release() {
      try {
        if (isOurs()) unlinkSync(path);
      } catch {
        // Another process breaks the lock, or cannot use the folder either.
      }
    },
  };
}

function tryCreate(path: string, token: string): boolean {
  let file: number;
  try {
    // Other users may wait for the lock, and read whose it is.
    file = openSync(path, "wx", 0o644);
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    if (errorCode(error) !== "ENOENT") throw error;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    return false;
  }
  try {
    writeSync(file, token);
    return true;
  } catch (error) {
    // A full disk leaves an empty file.
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
}

function holderOf(path: string): string | undefined {
  try {
    // Opening a pipe, which another user may have put there, would wait for its writer.
    return readFileSync(path, { encoding: "utf8", flag: constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) });
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    if (errorCode(error) !== "EACCES") throw error;
  }
  // Another user's, whose umask hides its content. Each lock is a new file, and a renamed one stays the same.
  const { ino, mtimeMs } = lstatSync(path, { throwIfNoEntry: false }) ?? {};
  return ino === undefined ? undefined : `${ino} ${mtimeMs}`;
}

/** Renaming is atomic, so only one of two processes breaks the lock. Puts back a lock that was renewed meanwhile. */
function breakLock(path: string, holder: string): void {
  const aside = `${path}.${randomUUID()}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return;
    throw error;
  }
  try {
    if (holderOf(aside) !== holder) linkSync(aside, path);
  } catch {
    // Another process has taken the lock. The holder of this one notices it before it writes.
  } finally {
    rmSync(aside, { force: true });
  }
}
