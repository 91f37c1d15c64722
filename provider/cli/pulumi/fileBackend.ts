import { randomUUID } from "node:crypto";
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
import { dirname, join, relative, resolve } from "node:path";
import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { errorCode } from "../../util/errno";
import { Refusal } from "../problems";
import { holderName, type LockHolder } from "./lock";
import { homeFolder } from "../../lifecycle/backend";

/** A file of a backend that Pulumi cannot read, and without which it reads no stack at all. */
export interface Damage {
  /** A stack's state, or the attributes beside it, which say nothing that is needed. */
  kind: "state" | "attributes";
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
    const path = decodeURIComponent(match[1] ?? "").replace(/^~(?=\/|$)/, homeFolder);
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

  /** The locks of a stack, `project/stack`. To look at them takes none, unlike every command of Pulumi's. */
  locks(stack: string): LockHolder[] {
    return this.#locksOf(stack).flatMap((file) => lockIn(file) ?? []);
  }

  /**
   * Removes exactly this lock: one that another process has taken since has a file of its own, and stays.
   *
   * @returns whether it is gone. It is not when it was renewed.
   */
  removeLock({ id, who, sinceMs }: LockHolder): boolean {
    const now = lockIn(id);
    if (now === undefined) return true;
    if (now.who !== who || now.sinceMs !== sinceMs) return false;
    rmSync(id, { force: true });
    rmSync(`${id}${ATTRIBUTES}`, { force: true });
    return true;
  }

  /** The newest whole copy of a state. Undefined: there is none. */
  newestCopy({ file, stack }: Damage): Copy | undefined {
    const kept = ["backups", "history"].flatMap((kind) => filesBelow(join(this.#root, kind, stack)));
    return [`${file}.bak`, ...kept.filter((path) => STATE.test(path))]
      .flatMap((path) => copyIn(path) ?? [])
      .toSorted((a, b) => instantMs(b) - instantMs(a))[0];
  }

  /**
   * Puts a copy in a state's place, and keeps what was there beside it.
   *
   * @returns the path of what was kept; undefined when another command has restored the state meanwhile.
   */
  restore({ file, stack }: Damage, copy: Copy): string | undefined {
    const kept = `${file}${DAMAGED}`;
    const { text } = copy;
    // Nobody may have dealt yet with what came after an earlier copy.
    const asOfMs = Math.min(instantMs(copy), this.restoredState(stack)?.asOfMs ?? Infinity);
    const fresh = `${file}.${randomUUID()}`;
    const aside = `${fresh}${DAMAGED}`;
    try {
      writeFileSync(fresh, packed(file, text), { mode: statSync(file).mode });
      try {
        // It takes no room, which may be what was missing.
        linkSync(file, aside);
      } catch {
        copyFileSync(file, aside);
      }
      if (isWhole(aside)) return undefined;
      // A state that is saved again has a later time, so the copy's is kept here.
      utimesSync(aside, asOfMs / 1_000, asOfMs / 1_000);
      // There is a state at any time, and what was there is kept before it goes.
      renameSync(aside, kept);
      renameSync(fresh, file);
      rmSync(`${file}.attrs`, { force: true });
      return kept;
    } finally {
      for (const left of [aside, fresh]) rmSync(left, { force: true });
    }
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

  /** Takes away attributes that are cut off. */
  discard({ file }: Damage): void {
    rmSync(file, { force: true });
  }

  #stateFiles(): { file: string; stack: string }[] {
    const states = join(this.#root, "stacks");
    return filesBelow(states)
      .filter((file) => STATE.test(file))
      .map((file) => ({ file, stack: slashed(relative(states, file)).replace(STATE, "") }));
  }

  #locksOf(stack: string): string[] {
    const locks = join(this.#root, "locks");
    return filesBelow(locks)
      .filter((file) => file.endsWith(".json"))
      .filter((file) => {
        // A self-managed backend has no organizations, and calls its only one so.
        const owner = slashed(relative(locks, dirname(file))).replace(/^organization\//, "");
        return namesOf(stack).includes(owner);
      });
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
    const code = errorCode(error) ?? "";
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

/** Undefined: there is no such file any more. */
function lockIn(file: string): LockHolder | undefined {
  const { pid, username, hostname, timestamp } = parsed(readText(file)) ?? {};
  const writtenMs = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  if (writtenMs === undefined) return undefined;
  const isWhole = typeof pid === "number" && typeof hostname === "string";
  return {
    id: file,
    who: isWhole ? holderName(username, hostname, pid) : `a lock that was cut off (${file})`,
    // The two clocks may differ, and a lock must not look older than it is.
    sinceMs: Math.max(Math.floor(writtenMs), Date.parse(String(timestamp)) || 0),
  };
}

function slashed(path: string): string {
  return path.replaceAll("\\", "/");
}
