import { closeSync, constants, ftruncateSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { z } from "zod";
import { errorCode } from "../../util/errno";
import { acquireFileLock, blockingWait, type Waiting } from "../../util/fileLock";
import { emptyWindow, type WindowState } from "./rateWindow";
import { memoryStore, type WindowStore } from "./windowStore";

const stateSchema = z.object({
  entries: z.array(
    z.object({
      id: z.string(),
      sentMs: z.number(),
      answeredMs: z.number().optional(),
      refused: z.literal(true).optional(),
    }),
  ),
  othersSentMs: z.array(z.number()),
  past: z.array(z.tuple([z.number(), z.number()])).default([]),
  limit: z.number().positive().optional(),
  limitUntilMs: z.number().optional(),
  refusedMs: z.number().default(0),
  cooldownUntilMs: z.number(),
  lastReportMs: z.number(),
  refusals: z.number().default(0),
  waiting: z.record(z.string(), z.object({ askedMs: z.array(z.number()), seenMs: z.number() })).default({}),
  idleSinceMs: z.number().optional(),
});

/** The most that one step blocks the thread; after that the file counts as unusable. */
const LONGEST_WAIT_MS = 2_000;

export interface FileWindowOptions {
  path: string;
  /** Called once, when the file cannot be used; from then on the window is this process's own. */
  onTrouble: (reason: string) => void;
  /** Default: this process's thread. */
  waiting?: Waiting;
}

/**
 * A window in a small file, shared by all processes of a machine that use the account. A step reads, changes and
 * replaces the file under a lock. A process that is killed at any point leaves at worst a lock, which the others break
 * after a second.
 */
export function fileWindowStore({ path, onTrouble, waiting = blockingWait }: FileWindowOptions): WindowStore {
  let fallback: WindowStore | undefined;
  let known = emptyWindow();
  /** What stands in the file when no other process has written since: `known`, which need not be read again then. */
  let ownText: string | undefined;

  return {
    get shared() {
      return fallback === undefined;
    },
    transact<T>(change: (state: WindowState) => T): T {
      if (fallback) return fallback.transact(change);
      const deadlineMs = waiting.nowMs() + LONGEST_WAIT_MS;
      let done: { value: T } | undefined;
      try {
        for (;;) {
          const lock = acquireFileLock(`${path}.lock`, deadlineMs, waiting);
          try {
            const before = readText(path);
            // What cannot be read tells nothing, as an empty window does: the next request goes ahead alone.
            if (before !== ownText) known = parse(before) ?? emptyWindow();
            ownText = undefined;
            done = { value: change(known) };
            const after = JSON.stringify(known);
            if (after !== before) {
              // This process was stopped in between, and others went on without it.
              if (!lock.isOurs()) continue;
              replace(path, after);
            }
            ownText = after;
            return done.value;
          } finally {
            lock.release();
          }
        }
      } catch (error) {
        if (!isFileTrouble(error)) throw error;
        onTrouble(`${path}: ${error.code}`);
        fallback = memoryStore(known);
        // The change itself was made where only writing it down failed.
        return done === undefined ? fallback.transact(change) : done.value;
      }
    },
  };
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8").split("\n", 1)[0] ?? "";
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
    return "";
  }
}

function parse(text: string): WindowState | undefined {
  try {
    // What is absent in JSON is absent here too, never there and undefined.
    return stateSchema.parse(JSON.parse(text)) as WindowState;
  } catch {
    return undefined;
  }
}

/**
 * Writes in place, which costs a hundredth of replacing the file: only the first line counts, so a process that is
 * killed before it has cut off the rest leaves the new state all the same.
 */
function replace(path: string, text: string): void {
  const line = Buffer.from(`${text}\n`);
  const file = openSync(path, constants.O_CREAT | constants.O_RDWR, 0o600);
  try {
    writeFileSync(file, line);
    ftruncateSync(file, line.length);
  } finally {
    closeSync(file);
  }
}

function isFileTrouble(error: unknown): error is Error & { code: string } {
  return (
    error instanceof Error && "syscall" in error && typeof (error as { code?: unknown }).code === "string"
  );
}
