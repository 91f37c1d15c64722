import { createHash, randomUUID } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { isAlive, processStartedMs } from "../../api/processes";

/** What one process of this machine holds until it ends or dies. */
export interface Mutex {
  release(): void;
}

/** Another process that has it. */
export interface MutexHolder {
  pid: number;
}

/**
 * Keeps the processes of a user on one machine from working on the same thing at once. Pulumi's own lock is not enough
 * for that: whoever takes away the lock of a dead engine takes away every lock of the stack, that of another process that
 * has just done the same included.
 *
 * @returns the holder when there is one that lives. Where the folder cannot be written, nobody is kept away.
 */
export function acquireMutex(folder: string, name: string): Mutex | MutexHolder {
  const path = join(folder, `${createHash("sha256").update(name).digest("hex").slice(0, 32)}.lock`);
  const token = `${process.pid} ${randomUUID()}`;
  // Of those that find a dead holder one takes its place, and the others then find that one.
  for (let round = 0; round < 3; round++) {
    const written = tryWrite(path, token);
    if (written === "unusable") return { release: () => {} };
    if (written === "done") return { release: () => releaseIfOurs(path, token) };
    const holder = livingHolder(path);
    if (holder !== undefined) return holder;
    takeAside(path);
  }
  return livingHolder(path) ?? { release: () => {} };
}

export function isHeld(mutex: Mutex | MutexHolder): mutex is MutexHolder {
  return "pid" in mutex;
}

function tryWrite(path: string, token: string): "done" | "taken" | "unusable" {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    // Written aside first, so that nobody ever sees a file without its holder.
    const aside = `${path}.${randomUUID()}`;
    writeFileSync(aside, token, { mode: 0o600 });
    try {
      linkSync(aside, path);
    } catch (error) {
      if (codeOf(error) === "EEXIST") return "taken";
      // A file system without hard links.
      writeFileSync(path, token, { mode: 0o600, flag: "wx" });
    } finally {
      rmSync(aside, { force: true });
    }
    return "done";
  } catch (error) {
    return codeOf(error) === "EEXIST" ? "taken" : "unusable";
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}

function livingHolder(path: string): MutexHolder | undefined {
  try {
    const pid = Number.parseInt(readFileSync(path, "utf8"), 10);
    if (!(pid > 0) || !isAlive(pid)) return undefined;
    const startedMs = processStartedMs(pid);
    // The number may have been given to another process since.
    return startedMs !== undefined && startedMs > statSync(path).mtimeMs + 2_000 ? undefined : { pid };
  } catch {
    return undefined;
  }
}

/** Moving is atomic; whoever moved a file that a living process has just made puts it back. */
function takeAside(path: string): void {
  const aside = `${path}.${randomUUID()}`;
  try {
    renameSync(path, aside);
    if (livingHolder(aside) !== undefined) linkSync(aside, path);
  } catch {
    // Somebody else was faster.
  } finally {
    rmSync(aside, { force: true });
  }
}

function releaseIfOurs(path: string, token: string): void {
  try {
    if (readFileSync(path, "utf8") === token) rmSync(path, { force: true });
  } catch {
    // It is gone already.
  }
}
