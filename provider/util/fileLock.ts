import { randomUUID } from "node:crypto";
import {
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { errorCode } from "./errno";

/** A lock that this process has, unless it was stopped for so long that another process took it. */
export interface FileLock {
  /** Whether it is still this process's: to be asked right before anything is written under it. */
  isOurs(): boolean;
  release(): void;
}

/** How a process waits for a lock: its thread is blocked meanwhile. */
export interface Waiting {
  /** Milliseconds that no change of the clock touches. */
  nowMs(): number;
  pause(ms: number): void;
}

const cell = new Int32Array(new SharedArrayBuffer(4));

export const blockingWait: Waiting = {
  nowMs: () => performance.now(),
  pause: (ms) => void Atomics.wait(cell, 0, 0, ms),
};

const PAUSE_MS = 1;

/** A step under a lock takes less than a millisecond. Its process may be stopped, or killed, in the middle of it. */
const STALE_MS = 1_000;

/** A lock that was taken or looked at this recently cannot have been broken. */
const SURE_MS = STALE_MS / 10;

/** The lock was not free in time. Has the shape of an error of the file system. */
class LockTimeoutError extends Error {
  override readonly name = "LockTimeoutError";
  readonly code = "ETIMEDOUT";
  readonly syscall = "lock";
}

/**
 * Takes a lock that the file system's exclusive creation gives. A lock whose holder stays the same for a second is
 * broken: a process id proves nothing outside its own machine and container.
 *
 * @throws an error of the file system, also when the lock is not free before `deadlineMs`.
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
    const lookedMs = waiting.nowMs();
    const isHeld = holderOf(path) === token;
    sureMs = isHeld ? lookedMs : -Infinity;
    return isHeld;
  };
  return {
    isOurs,
    release() {
      try {
        if (waiting.nowMs() - sureMs < SURE_MS || isOurs()) rmSync(path, { force: true });
      } catch {
        // The next process breaks it, or cannot use the folder either.
      }
    },
  };
}

function tryCreate(path: string, token: string): boolean {
  let file: number;
  try {
    file = openSync(path, "wx", 0o600);
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
    // A full disk leaves the file, but empty.
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
}

function holderOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Renaming is atomic, so of two processes that break a lock one wins; a lock that was renewed meanwhile is put back. */
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
    // Another process has taken it: the holder notices before it writes.
  } finally {
    rmSync(aside, { force: true });
  }
}
