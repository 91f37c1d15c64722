import {
  copyFileSync,
  existsSync,
  linkSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { Refusal } from "../exit";
import type { LockHolder } from "./lock";

/** A file of a backend that Pulumi cannot read, and without which it reads no stack at all. */
export interface Damage {
  /** A stack's state, the attributes beside a file, which say nothing that is needed, or a lock without its holder. */
  kind: "state" | "attributes" | "lock";
  file: string;
  /** `project/stack`, or the stack alone in the older layout. */
  stack: string;
}

/** A whole copy of a state. */
export interface Copy {
  file: string;
  /** ISO 8601: when it was saved. */
  time: string;
  text: string;
}

/** A state that is an older copy, until what came after it is dealt with. */
export interface RestoredState {
  /** Milliseconds since the epoch: when the copy was saved. */
  asOfMs: number;
  /** Milliseconds since the epoch: when the copy took the place of what was damaged later than it. */
  damagedMs: number;
  /** Notes that it is. */
  conclude(): void;
}

/**
 * A backend in a folder (`file://`), below Pulumi's own layout. Pulumi writes there without a safeguard against a full
 * disk or a death in the middle: what is cut off then keeps it from reading any stack of the project. It keeps copies,
 * but never goes back to them by itself.
 */
export class FileBackend {
  readonly folder: string;
  readonly #root: string;

  /** @param folder the one that holds `.pulumi`. */
  constructor(folder: string) {
    this.folder = folder;
    this.#root = join(folder, ".pulumi");
  }

  /**
   * The backend of a URL such as `file://~/state`.
   *
   * @param folder where Pulumi runs, for a relative path.
   * @returns undefined for a backend of another kind.
   */
  static at(url: string, folder: string): FileBackend | undefined {
    const match = /^file:\/\/([^?]*)/.exec(url);
    if (match === null) return undefined;
    const path = decodeURIComponent(match[1] ?? "").replace(/^~(?=\/|$)/, homedir());
    return new FileBackend(resolve(folder, path));
  }

  /** What keeps Pulumi from listing a project's stacks, or all. */
  damages(project?: string): Damage[] {
    const files = this.#stateFiles().filter(
      ({ stack }) => project === undefined || !stack.includes("/") || stack.startsWith(`${project}/`),
    );
    const states = files.filter(({ file }) => !isWhole(file));
    return [
      ...states.map(({ file, stack }): Damage => ({ kind: "state", file, stack })),
      ...damagedAttributes(files),
    ];
  }

  /** What keeps Pulumi from working on one stack, `project/stack`, and says nothing. */
  damagedLocks(stack: string): Damage[] {
    const files = this.#locksOf(stack);
    const locks = files.filter(({ file }) => holderIn(readText(file)) === undefined);
    return [
      ...locks.map(({ file, stack: owner }): Damage => ({ kind: "lock", file, stack: owner })),
      ...damagedAttributes(files),
    ];
  }

  /** Who holds a stack's lock; a lock that cannot be read has no holder. */
  holders(stack: string): LockHolder[] {
    return this.#locksOf(stack).flatMap(({ file }) => holderIn(readText(file)) ?? []);
  }

  /** The newest whole copy of a state. Undefined: there is none. */
  newestCopy({ file, stack }: Damage): Copy | undefined {
    const kept = ["backups", "history"].flatMap((kind) => filesBelow(join(this.#root, kind, stack)));
    return [`${file}.bak`, ...kept.filter((path) => STATE.test(path))]
      .flatMap((path) => copyIn(path) ?? [])
      .toSorted((a, b) => instantMs(b) - instantMs(a))[0];
  }

  /** Puts a copy in a state's place, and keeps what was there beside it. @returns the path of what was kept. */
  restore({ file, stack }: Damage, copy: Copy): string {
    const kept = `${file}${DAMAGED}`;
    const { text } = copy;
    // Nobody may have dealt yet with what came after an earlier copy.
    const asOfMs = Math.min(instantMs(copy), this.restoredState(stack)?.asOfMs ?? Infinity);
    const fresh = `${file}.restored`;
    writeFileSync(fresh, packed(file, text), { mode: statSync(file).mode });
    // There is a state at any time, and what was there is kept before it goes.
    rmSync(kept, { force: true });
    try {
      // It takes no room, which may be what was missing.
      linkSync(file, kept);
    } catch {
      copyFileSync(file, kept);
    }
    // A state that is saved again has a later time, so the copy's is kept here.
    utimesSync(kept, asOfMs / 1_000, asOfMs / 1_000);
    renameSync(fresh, file);
    rmSync(`${file}.attrs`, { force: true });
    return kept;
  }

  /** Whether the state of a stack, `project/stack`, was restored, and nobody has yet dealt with what came after it. */
  restoredState(stack: string): RestoredState | undefined {
    const damaged = namesOf(stack)
      .flatMap((name) => ["json", "json.gz", "json.zst"].map((extension) => `${name}.${extension}${DAMAGED}`))
      .map((name) => join(this.#root, "stacks", name))
      .find((file) => existsSync(file));
    if (damaged === undefined) return undefined;
    return {
      asOfMs: statSync(damaged).mtimeMs,
      damagedMs: statSync(damaged).ctimeMs,
      conclude() {
        // Another command may have been faster.
        if (existsSync(damaged)) renameSync(damaged, `${damaged}-${Math.trunc(statSync(damaged).ctimeMs)}`);
      },
    };
  }

  /** Takes away what says nothing: attributes that are cut off, or a lock that names no holder. */
  discard({ file }: Damage): void {
    rmSync(file, { force: true });
    if (!file.endsWith(ATTRIBUTES)) rmSync(`${file}${ATTRIBUTES}`, { force: true });
  }

  #stateFiles(): { file: string; stack: string }[] {
    const states = join(this.#root, "stacks");
    return filesBelow(states)
      .filter((file) => STATE.test(file))
      .map((file) => ({ file, stack: slashed(relative(states, file)).replace(STATE, "") }));
  }

  #locksOf(stack: string): { file: string; stack: string }[] {
    const locks = join(this.#root, "locks");
    return filesBelow(locks)
      .filter((file) => file.endsWith(".json"))
      .map((file) => ({
        file,
        // A self-managed backend has no organizations, and calls its only one so.
        stack: slashed(relative(locks, dirname(file))).replace(/^organization\//, ""),
      }))
      .filter((lock) => namesOf(stack).includes(lock.stack));
  }
}

const STATE = /\.json(?:\.gz|\.zst)?$/;
/** Of the library that Pulumi writes files with. */
const ATTRIBUTES = ".attrs";
/** What is kept of a damaged state. To Pulumi a name that ends so is no stack. */
const DAMAGED = ".damaged";

/** A stack's names in the layout of today, and in the older one, without its project. */
function namesOf(stack: string): [string, string] {
  return [stack, stack.slice(stack.lastIndexOf("/") + 1)];
}

function damagedAttributes(files: readonly { file: string; stack: string }[]): Damage[] {
  return files
    .map(({ file, stack }): Damage => ({ kind: "attributes", file: `${file}${ATTRIBUTES}`, stack }))
    .filter(({ file }) => existsSync(file) && !isWhole(file));
}

function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function isWhole(file: string): boolean {
  return parsed(readText(file)) !== undefined;
}

function readText(file: string): string | undefined {
  try {
    return unpacked(readFileSync(file)).toString("utf8");
  } catch (error) {
    // What somebody else may read, or another time, is not cut off.
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (!/^E[A-Z]+$/.test(code) || code === "ENOENT") return undefined;
    throw new Refusal({
      why: `${file} cannot be read (${code}).`,
      nextStep: "Make it readable, or run the command as the user whose file it is.",
    });
  }
}

/** Pulumi compresses a state where it is told to; the first bytes say how. */
function unpacked(bytes: Buffer): Buffer {
  const begins = bytes.subarray(0, 4).toString("hex");
  if (begins.startsWith("1f8b")) return gunzipSync(bytes);
  return begins === "28b52ffd" ? zstdDecompressSync(bytes) : bytes;
}

function packed(file: string, text: string): string | Buffer {
  if (file.endsWith(".gz")) return gzipSync(text);
  return file.endsWith(".zst") ? zstdCompressSync(text) : text;
}

function parsed(text: string | undefined): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text ?? "");
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function copyIn(file: string): Copy | undefined {
  const text = readText(file);
  const { checkpoint } = (parsed(text) ?? {}) as {
    checkpoint?: { latest?: { manifest?: { time?: string } } | null };
  };
  if (text === undefined || checkpoint === undefined) return undefined;
  // A stack that was only made has no deployment yet.
  return { file, text, time: checkpoint.latest?.manifest?.time ?? new Date(0).toISOString() };
}

function instantMs({ time }: Copy): number {
  return Date.parse(time) || 0;
}

function holderIn(text: string | undefined): LockHolder | undefined {
  const { pid, username, hostname, timestamp } = parsed(text) ?? {};
  if (typeof pid !== "number" || typeof hostname !== "string") return undefined;
  const sinceMs = Date.parse(String(timestamp));
  return {
    who: `${String(username)}@${hostname} (pid ${pid})`,
    user: String(username),
    host: hostname,
    pid,
    sinceMs: Number.isNaN(sinceMs) ? undefined : sinceMs,
  };
}

function slashed(path: string): string {
  return path.replaceAll("\\", "/");
}
