import {
  closeSync,
  fstatSync,
  fsync,
  ftruncateSync,
  openSync,
  realpathSync,
  statfsSync,
  writeSync,
} from "node:fs";
import { promisify } from "node:util";
import { errorCode } from "../../util/errno";
import { acquireFileLock, blockingWait, type FileLock } from "../../util/fileLock";
import { continuation, logEndOf } from "./chain";

/** Appends an entry to a log, and resolves when it is on the disk. Entries of one process share a write and a sync. */
export function appendToLog(file: string, entry: string): Promise<void> {
  const open = openBatches.get(file);
  if (open !== undefined) {
    open.entries.push(entry);
    return open.written;
  }
  const entries = [entry];
  const before = lastWritten.get(file) ?? Promise.resolve();
  const written = before
    .catch(() => undefined)
    .then(() => {
      openBatches.delete(file);
      return writeEntries(file, entries);
    });
  openBatches.set(file, { entries, written });
  lastWritten.set(file, written);
  return written;
}

/** Batches that are not being written yet. */
const openBatches = new Map<string, { entries: string[]; written: Promise<void> }>();
const lastWritten = new Map<string, Promise<void>>();

/** A disk with less free space counts as full. A line is far shorter. */
const MIN_FREE_BYTES = 64 * 1024;

/**
 * Creates the log if it is missing. Refuses what may fail only when a line is written: pipes, terminals, full disks and
 * folders that cannot hold the lock.
 *
 * @throws a file system error.
 */
export function requireWritable(file: string): void {
  const descriptor = openSync(file, "a+", 0o600);
  try {
    if (!fstatSync(descriptor).isFile()) throw failure("it is not a regular file");
    // Of the file, not of its folder: it may be a link to another disk.
    const { bavail, bsize } = statfsSync(file);
    if (bavail * bsize < MIN_FREE_BYTES) throw failure("ENOSPC");
    lockOf(file).release();
  } finally {
    closeSync(descriptor);
  }
}

const sync = promisify(fsync);

async function writeEntries(file: string, entries: readonly string[]): Promise<void> {
  const descriptor = writeUnderLock(file, entries);
  try {
    // After the lock, which no process may hold for long.
    await sync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Opens the log anew: it may have been replaced since. @returns the descriptor. */
function writeUnderLock(file: string, entries: readonly string[]): number {
  for (;;) {
    const lock = lockOf(file);
    let descriptor: number | undefined;
    try {
      descriptor = openSync(file, "a+", 0o600);
      const { size } = fstatSync(descriptor);
      const text = continuation(logEndOf(descriptor, size), entries);
      // This process may have been paused for so long that another one broke the lock.
      if (lock.isOurs()) {
        writeWhole(descriptor, text, size);
        const written = descriptor;
        descriptor = undefined;
        return written;
      }
    } finally {
      lock.release();
      if (descriptor !== undefined) closeSync(descriptor);
    }
  }
}

/** One write, so that a killed process leaves the end of the log torn at worst. Takes back what has no room. */
function writeWhole(descriptor: number, text: Buffer, size: number): void {
  if (writeSync(descriptor, text) === text.length) return;
  ftruncateSync(descriptor, size);
  throw failure("ENOSPC");
}

/** Far longer than a stale lock lasts: a line that cannot be written fails its operation. */
const MAX_LOCK_WAIT_MS = 5_000;

/** The lock is beside the file itself, also if the log is a link to it. A link to a missing file has it made first. */
function lockOf(file: string): FileLock {
  return acquireFileLock(`${targetOf(file)}.lock`, blockingWait.nowMs() + MAX_LOCK_WAIT_MS, blockingWait);
}

function targetOf(file: string): string {
  try {
    return realpathSync(file);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
    closeSync(openSync(file, "a", 0o600));
    return realpathSync(file);
  }
}

function failure(code: string): Error {
  return Object.assign(new Error(code), { code });
}
