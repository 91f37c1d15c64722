import { existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { errorCode } from "../../util/errno";
import { Refusal } from "../problems";
import { holderName, type LockHolder } from "./lock";
import { shortName } from "./names";
import { systemHome } from "../../lifecycle/creations/backend";

/** A truncated file in a backend. It makes `pulumi stack ls` fail. */
export interface Damage {
  /** A stack's state, or its `.attrs` file, which Pulumi does not need. */
  kind: "state" | "attributes";
  file: string;
  /** `project/stack`, or the stack alone in the older layout. */
  stack: string;
}

/**
 * A `file://` backend. A full disk or a crash can truncate a file in it. Pulumi keeps copies of states, but never restores
 * them by itself.
 */
export class FileBackend {
  readonly folder: string;
  readonly #root: string;

  /** @param folder the folder that contains `.pulumi`. */
  constructor(folder: string) {
    this.folder = folder;
    this.#root = join(folder, ".pulumi");
  }

  /**
   * Opens the backend of a URL such as `file://~/state`.
   *
   * @param folder the CLI's working directory, for relative paths.
   * @returns undefined for other kinds of backends.
   */
  static at(url: string, folder: string): FileBackend | undefined {
    const match = /^file:\/\/([^?]*)/.exec(url);
    if (match === null) return undefined;
    const path = decodeURIComponent(match[1] ?? "").replace(/^~(?=\/|$)/, systemHome);
    return new FileBackend(resolve(folder, path));
  }

  /** Finds the truncated files of a project, or of all projects. */
  damages(project?: string): Damage[] {
    const states = join(this.#root, "stacks");
    return filesBelow(states)
      .filter((file) => STATE.test(file))
      .map((file) => ({ file, stack: slashed(relative(states, file)).replace(STATE, "") }))
      .filter(({ stack }) => project === undefined || !stack.includes("/") || stack.startsWith(`${project}/`))
      .flatMap(({ file, stack }): Damage[] => [
        { kind: "state", file, stack },
        { kind: "attributes", file: `${file}${ATTRIBUTES}`, stack },
      ])
      .filter(({ kind, file }) => (kind === "state" || existsSync(file)) && !isWhole(file));
  }

  /** Whether this folder has the state of `project/stack`. If not, the absence of locks proves nothing. */
  hasStateOf(stack: string): boolean {
    const file = join(this.#root, "stacks", `${stack}.json`);
    return ["", ".gz", ".zst"].some((packed) => existsSync(`${file}${packed}`));
  }

  /** Reads the locks of `project/stack`. Takes no lock, unlike Pulumi's commands. */
  locks(stack: string): LockHolder[] {
    const locks = join(this.#root, "locks");
    return filesBelow(locks)
      .filter((file) => {
        // Self-managed backends have a single organization, named `organization`.
        const owner = dirname(unescaped(slashed(relative(locks, file)))).replace(/^organization\//, "");
        // The older layout has stacks without their project.
        return file.endsWith(".json") && (owner === stack || owner === shortName(stack));
      })
      .flatMap((file) => lockIn(file) ?? []);
  }

  /** Removes this lock, unless it was renewed. @returns whether it is gone. */
  removeLock({ id, who, sinceMs }: LockHolder): boolean {
    const now = lockIn(id);
    if (now === undefined) return true;
    if (now.who !== who || now.sinceMs !== sinceMs) return false;
    rmSync(id, { force: true });
    rmSync(`${id}${ATTRIBUTES}`, { force: true });
    return true;
  }

  /** Finds Pulumi's newest intact copy of a state, compressed like the state. */
  newestCopy({ file, stack }: Damage): string | undefined {
    const extension = STATE.exec(file)?.[0] ?? "";
    const kept = ["backups", "history"].flatMap((kind) => filesBelow(join(this.#root, kind, stack)));
    const copies = [`${file}.bak`, ...kept.filter((path) => STATE.exec(path)?.[0] === extension)];
    return copies
      .flatMap((path) => savedMsIn(path).map((savedMs) => ({ path, savedMs })))
      .toSorted((one, other) => other.savedMs - one.savedMs)[0]?.path;
  }
}

const STATE = /\.json(?:\.gz|\.zst)?$/;
/** Pulumi's blob library writes such a file beside each file. */
const ATTRIBUTES = ".attrs";

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

/** The first bytes show whether and how a state is compressed. */
function unpacked(bytes: Buffer): Buffer {
  const magic = bytes.subarray(0, 4).toString("hex");
  if (magic.startsWith("1f8b")) return gunzipSync(bytes);
  return magic === "28b52ffd" ? zstdDecompressSync(bytes) : bytes;
}

function parsed(text: string | undefined): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text ?? "");
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** When the state in a file was saved. Empty: the file is not an intact state. */
function savedMsIn(file: string): number[] {
  const { checkpoint } = (parsed(readText(file)) ?? {}) as {
    checkpoint?: { latest?: { manifest?: { time?: string } } | null };
  };
  // The state of a stack that was never updated has no deployment.
  return checkpoint === undefined ? [] : [Date.parse(checkpoint.latest?.manifest?.time ?? "") || 0];
}

/** @returns undefined if the file no longer exists. */
function lockIn(file: string): LockHolder | undefined {
  const { pid, username, hostname, timestamp } = parsed(readText(file)) ?? {};
  const writtenMs = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  if (writtenMs === undefined) return undefined;
  const isWhole = typeof pid === "number" && typeof hostname === "string";
  return {
    id: file,
    who: isWhole ? holderName(username, hostname, pid) : `a truncated lock (${file})`,
    // The clocks of the file system and of the holder may differ. A lock must not look older than it is.
    sinceMs: Math.max(Math.floor(writtenMs), Date.parse(String(timestamp)) || 0),
  };
}

/** Undoes the escapes of Pulumi's blob library, which escapes for example the slash after `..`. */
function unescaped(path: string): string {
  return path.replace(/__0x([0-9a-f]{1,6})__/gi, (_, code: string) =>
    String.fromCodePoint(parseInt(code, 16)),
  );
}

function slashed(path: string): string {
  return path.replaceAll("\\", "/");
}
