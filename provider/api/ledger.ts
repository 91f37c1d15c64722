import { randomUUID } from "node:crypto";
import {
  closeSync,
  constants,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import { isAlive } from "./processes";
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
  foreignMs: z.array(z.number()),
  limit: z.number().positive().optional(),
  limitUntilMs: z.number().optional(),
  refusedMs: z.number().default(0),
  cooldownUntilMs: z.number(),
  informedMs: z.number(),
  refusals: z.number().default(0),
  waiting: z.record(z.string(), z.object({ askedMs: z.array(z.number()), seenMs: z.number() })).default({}),
  freeSinceMs: z.number().optional(),
});

/** Milliseconds between two tries to get the lock; a step takes less than one. */
const SPIN_MS = 1;
/** Tries after which a holder that died counts as dead: a process of another machine or container may look like it. */
const DEAD_AFTER_TRIES = 20;
/** Tries after which the lock is taken from anybody. */
const STALE_AFTER_TRIES = 2_000;

export interface LedgerOptions {
  path: string;
  /** Milliseconds since the epoch. */
  nowMs: () => number;
  /** Called once, when the file cannot be used; from then on the window is this process's own. */
  onTrouble: (reason: string) => void;
}

/**
 * A window in a small file, shared by all processes of a machine that use the account. A step reads, changes and
 * replaces the file under a lock that the file system's own exclusive creation gives. A process that is killed at any
 * point leaves at worst a lock whose owner is dead, which the next one removes.
 */
export function ledgerStore({ path, nowMs, onTrouble }: LedgerOptions): WindowStore {
  let fallback: WindowStore | undefined;
  let known = emptyWindow();
  /** What stands in the file when nobody else has written since: `known`, which need not be read again then. */
  let ownText: string | undefined;

  return {
    get shared() {
      return fallback === undefined;
    },
    transact<T>(change: (state: WindowState) => T): T {
      if (fallback) return fallback.transact(change);
      let done: { value: T } | undefined;
      try {
        withLock(path, () => {
          const before = readText(path);
          // What cannot be read tells nothing, as an empty window does: the next request goes ahead alone.
          if (before !== ownText) known = parse(before) ?? emptyWindow();
          ownText = undefined;
          concludeForTheDead(known, nowMs());
          done = { value: change(known) };
          const after = JSON.stringify(known);
          if (after !== before) replace(path, after);
          ownText = after;
        });
        return (done as unknown as { value: T }).value;
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

/** A process that died in the middle of a request will never note its answer; the server has it by now, or never will. */
function concludeForTheDead(state: WindowState, nowMs: number): void {
  for (const entry of state.entries) {
    if (entry.answeredMs === undefined && isDead(entry.id)) entry.answeredMs = nowMs;
  }
  for (const process of Object.keys(state.waiting)) {
    if (isDead(process)) delete state.waiting[process];
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8").split("\n", 1)[0] ?? "";
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
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
    writeSync(file, line, 0, line.length, 0);
    ftruncateSync(file, line.length);
  } finally {
    closeSync(file);
  }
}

function withLock(path: string, step: () => void): void {
  const lock = `${path}.lock`;
  const token = `${process.pid} ${randomUUID()}`;
  for (let tries = 1; !tryLock(lock, token); tries++) {
    const holder = readHolder(lock);
    if (holder !== undefined && (tries > STALE_AFTER_TRIES || (tries > DEAD_AFTER_TRIES && isDead(holder)))) {
      breakLock(lock, holder);
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, SPIN_MS);
  }
  try {
    step();
  } finally {
    if (readHolder(lock) === token) rmSync(lock, { force: true });
  }
}

function tryLock(lock: string, token: string): boolean {
  try {
    writeFileSync(lock, token, { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    if (codeOf(error) !== "ENOENT") {
      // A full disk leaves the file, but empty.
      rmSync(lock, { force: true });
      throw error;
    }
    mkdirSync(dirname(lock), { recursive: true, mode: 0o700 });
    return false;
  }
}

function readHolder(lock: string): string | undefined {
  try {
    return readFileSync(lock, "utf8");
  } catch {
    return undefined;
  }
}

function isDead(holder: string): boolean {
  const pid = Number.parseInt(holder, 10);
  return pid > 0 && !isAlive(pid);
}

/** Moving is atomic, so of two that break a lock one wins; a lock that was renewed meanwhile is put back. */
function breakLock(lock: string, holder: string): void {
  const aside = `${lock}.${randomUUID()}`;
  try {
    renameSync(lock, aside);
    if (readHolder(aside) !== holder) linkSync(aside, lock);
  } catch {
    // Somebody else was faster.
  } finally {
    rmSync(aside, { force: true });
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}

function isFileTrouble(error: unknown): error is Error & { code: string } {
  return (
    error instanceof Error && "syscall" in error && typeof (error as { code?: unknown }).code === "string"
  );
}
