import { existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { errorCode } from "../../util/errno";
import { Refusal } from "../problems";
import { holderName, type LockHolder } from "./lock";
import { homeFolder } from "../../lifecycle/backend";

/** A truncated file of a backend. Pulumi lists no stack because of it. */
export interface Damage {
  /** A stack's state, or the attributes beside it, which Pulumi does not need. */
  kind: "state" | "attributes";
  file: string;
  /** `project/stack`, or the stack alone in the older layout. */
  stack: string;
}

/**
 * A backend in a folder (`file://`), in Pulumi's own layout. A full disk or a crash can truncate a file there. Pulumi keeps
 * copies, but never restores one by itself.
 */
export class FileBackend {
  readonly folder: string;
  readonly #root: string;

  /** @param folder the folder that has `.pulumi`. */
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

  /** The truncated files of a project, or of all projects. */
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

  /** Whether the state of a stack, `project/stack`, is here. Without it, a missing lock proves nothing. */
  hasStateOf(stack: string): boolean {
    const file = join(this.#root, "stacks", `${stack}.json`);
    return ["", ".gz", ".zst"].some((packed) => existsSync(`${file}${packed}`));
  }

  /** The locks of a stack, `project/stack`. Unlike Pulumi's commands, reading them takes no lock. */
  locks(stack: string): LockHolder[] {
    return this.#locksOf(stack).flatMap((file) => lockIn(file) ?? []);
  }

  /**
   * Removes exactly this lock. A lock that another process has taken since has its own file, and stays.
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

  /** The newest whole copy of a state that Pulumi keeps, compressed like the state. Undefined: there is none. */
  newestCopy({ file, stack }: Damage): string | undefined {
    const extension = STATE.exec(file)?.[0] ?? "";
    const kept = ["backups", "history"].flatMap((kind) => filesBelow(join(this.#root, kind, stack)));
    const copies = [`${file}.bak`, ...kept.filter((path) => STATE.exec(path)?.[0] === extension)];
    return copies
      .flatMap((path) => savedMsIn(path).map((savedMs) => ({ path, savedMs })))
      .toSorted((one, other) => other.savedMs - one.savedMs)[0]?.path;
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
        const owner = dirname(unescaped(slashed(relative(locks, file)))).replace(/^organization\//, "");
        return namesOf(stack).includes(owner);
      });
  }
}

const STATE = /\.json(?:\.gz|\.zst)?$/;
/** Written beside each file by the library that Pulumi uses. */
const ATTRIBUTES = ".attrs";

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
    // An I/O error (permissions, locks) does not mean that the file is truncated.
    const code = errorCode(error) ?? "";
    if (!/^E[A-Z]+$/.test(code) || code === "ENOENT") return undefined;
    throw new Refusal({
      why: `${file} cannot be read (${code}).`,
      nextStep: "Make it readable, or run the command as the user who owns it.",
    });
  }
}

/** Pulumi may compress a state. The first bytes show how. */
function unpacked(bytes: Buffer): Buffer {
  const begins = bytes.subarray(0, 4).toString("hex");
  if (begins.startsWith("1f8b")) return gunzipSync(bytes);
  return begins === "28b52ffd" ? zstdDecompressSync(bytes) : bytes;
}

function parsed(text: string | undefined): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text ?? "");
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** When the state in a file was saved. Empty: the file is not a whole state. */
function savedMsIn(file: string): number[] {
  const { checkpoint } = (parsed(readText(file)) ?? {}) as {
    checkpoint?: { latest?: { manifest?: { time?: string } } | null };
  };
  // A stack that was never updated has no deployment.
  return checkpoint === undefined ? [] : [Date.parse(checkpoint.latest?.manifest?.time ?? "") || 0];
}

/** Undefined: there is no such file any more. */
function lockIn(file: string): LockHolder | undefined {
  const { pid, username, hostname, timestamp } = parsed(readText(file)) ?? {};
  const writtenMs = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  if (writtenMs === undefined) return undefined;
  const isWhole = typeof pid === "number" && typeof hostname === "string";
  return {
    id: file,
    who: isWhole ? holderName(username, hostname, pid) : `a truncated lock (${file})`,
    // The two clocks may differ, and a lock must not look older than it is.
    sinceMs: Math.max(Math.floor(writtenMs), Date.parse(String(timestamp)) || 0),
  };
}

/** Pulumi's blob library escapes characters that a path may misread, such as the slash after `..`. */
function unescaped(path: string): string {
  return path.replace(/__0x([0-9a-f]{1,6})__/gi, (_, code: string) =>
    String.fromCodePoint(parseInt(code, 16)),
  );
}

function slashed(path: string): string {
  return path.replaceAll("\\", "/");
}
