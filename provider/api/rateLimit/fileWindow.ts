import { closeSync, constants, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { errorCode } from "../../util/errno";
import { acquireFileLock, blockingWait, type Waiting } from "../../util/fileLock";
import { emptyWindow, type WindowState } from "./windowState";
import { memoryStore, type LocalStore } from "./windowStore";
import { parseWindow, windowText } from "./windowText";

export interface FileWindowOptions {
  path: string;
  /** Called once, when the file cannot be used. From then on the window is kept in memory. */
  onTrouble: (reason: string) => void;
  /** How to wait for the lock. Default: blocks the thread. */
  waiting?: Waiting;
}

/**
 * Keeps a window in a small file that all processes of a machine share. Each step reads, changes and rewrites the file
 * under a lock. A process that is killed at any point leaves at worst a lock, which the others break after a second. If
 * the file cannot be used, also because of a lock in a read-only folder, the window is kept in memory.
 */
export function fileWindowStore({ path, onTrouble, waiting = blockingWait }: FileWindowOptions): LocalStore {
  let fallback: LocalStore | undefined;
  let known = emptyWindow();
  /** The text last written by this process. If the file still equals it, `known` is current. */
  let ownText: string | undefined;

  return {
    get shared() {
      return fallback === undefined;
    },
    transact<T>(change: (state: WindowState) => T): T {
      if (fallback) return fallback.transact(change);
      const deadlineMs = waiting.nowMs() + MAX_LOCK_WAIT_MS;
      let done: { value: T } | undefined;
      try {
        for (;;) {
          const lock = acquireFileLock(`${path}.lock`, deadlineMs, waiting);
          let file: number | undefined;
          try {
            file = openSync(path, constants.O_CREAT | constants.O_RDWR, 0o600);
            const before = readFileSync(file, "utf8").split("\n", 1)[0] ?? "";
            // A damaged file counts as an empty window: the next request is sent alone.
            if (before !== ownText) known = parseWindow(before) ?? emptyWindow();
            ownText = undefined;
            done = { value: change(known) };
            const after = windowText(known);
            if (after !== before) {
              // This process was paused for so long that another one broke the lock: repeat the step.
              if (!lock.isOurs()) continue;
              replace(file, after);
            }
            ownText = after;
            return done.value;
          } finally {
            lock.release();
            if (file !== undefined) closeSync(file);
          }
        }
      } catch (error) {
        if (!isFileTrouble(error)) throw error;
        onTrouble(`${path}: ${error.code}`);
        fallback = memoryStore(known);
        // Do not repeat a change that only failed to be written.
        return done === undefined ? fallback.transact(change) : done.value;
      }
    },
  };
}

/** Longest time that one step blocks the thread. After that the file counts as unusable. */
const MAX_LOCK_WAIT_MS = 2_000;

/**
 * Writes in place, at a hundredth of the cost of replacing the file. Only the first line counts: a process that is
 * killed before it truncates the file leaves the new state.
 */
function replace(file: number, text: string): void {
  const line = Buffer.from(`${text}\n`);
  for (let at = 0; at < line.length;) at += writeSync(file, line, at, line.length - at, at);
  ftruncateSync(file, line.length);
}

function isFileTrouble(error: unknown): error is Error & { code: string } {
  return errorCode(error) !== undefined && (error as NodeJS.ErrnoException).syscall !== undefined;
}
