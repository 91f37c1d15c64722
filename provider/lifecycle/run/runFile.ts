import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { keySettingsSchema } from "../../api/wire";

export interface RunFileOptions {
  /** The file that all plugin processes of the run share. Absent: nothing is shared. */
  file?: string | undefined;
  /** No other run has had the file's name, so that no line is too old, whatever the clock says. Default: false. */
  isOfOneRun?: boolean;
  nowMs?: () => number;
  /** Called once, when the file cannot be used. From then on nothing is shared. */
  onTrouble?: (reason: string) => void;
}

/** The file in which the plugin processes of one run share facts about its keys, one per line. */
export class RunFile {
  readonly #options: RunFileOptions;
  #offset = 0;
  #isReady = false;
  #trouble: string | undefined;

  constructor(options: RunFileOptions) {
    this.#options = options;
  }

  /** Why the file cannot be used. Undefined: it can. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  append(key: string, fact: Fact): void {
    this.#withFile((file, nowMs) => {
      if (!this.#isReady) this.#prepare(file, nowMs);
      // Starts with a line break, so that a truncated line before it cannot corrupt this one.
      const line = `\n${JSON.stringify({ key, atMs: nowMs, fact })}\n`;
      const handle = openSync(file, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT, 0o600);
      try {
        if (writeSync(handle, line) < Buffer.byteLength(line)) throw new Error("ENOSPC: no room");
      } finally {
        closeSync(handle);
      }
    });
  }

  /** The facts since the last call, including those of this process. */
  readNew(): { key: string; fact: Fact }[] {
    const read = this.#withFile((file, nowMs) =>
      this.#newLines(file).flatMap((line) => {
        const parsed = lineSchema.safeParse(jsonOf(line)).data;
        return parsed !== undefined && this.#isOfRun(parsed.atMs, nowMs) ? [parsed] : [];
      }),
    );
    return read ?? [];
  }

  #isOfRun(atMs: number, nowMs: number): boolean {
    return this.#options.isOfOneRun === true || nowMs - atMs < MAX_RUN_MS;
  }

  /** Makes the folder, and removes the files of earlier runs. */
  #prepare(own: string, nowMs: number): void {
    const folder = dirname(own);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#isReady = true;
    for (const name of readdirSync(folder)) {
      const file = join(folder, name);
      const mtimeMs = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? nowMs;
      if (nowMs - mtimeMs > MAX_RUN_MS && file !== own) rmSync(file, { force: true });
    }
  }

  #newLines(file: string): string[] {
    const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    if (size <= this.#offset) return [];
    const handle = openSync(file, "r");
    try {
      const bytes = Buffer.alloc(size - this.#offset);
      const length = readSync(handle, bytes, 0, bytes.length, this.#offset);
      const whole = bytes.subarray(0, length).lastIndexOf(0x0a) + 1;
      this.#offset += whole;
      return bytes.subarray(0, whole).toString("utf8").split("\n");
    } finally {
      closeSync(handle);
    }
  }

  #withFile<T>(step: (file: string, nowMs: number) => T): T | undefined {
    const { file, nowMs = Date.now, onTrouble } = this.#options;
    if (file === undefined || this.#trouble !== undefined) return undefined;
    try {
      return step(file, nowMs());
    } catch (error) {
      this.#trouble = error instanceof Error ? error.message : String(error);
      onTrouble?.(this.#trouble);
      return undefined;
    }
  }
}

/** @param run identifies the run, as `runIdOf` does. */
export function fileOfRun(folder: string, run: string): string {
  return join(folder, `${run}.jsonl`);
}

/** An older line is from an earlier run with the same id: an address alone is used again. */
const MAX_RUN_MS = 24 * 3_600_000;

/** The settings that a resource declares for its key. */
export type DeclaredSettings = z.output<typeof settingsSchema>;

export type Fact = z.output<typeof factSchema>;

const settingsSchema = z.object({
  enabled: z.boolean(),
  settings: keySettingsSchema,
});

const factSchema = z.discriminatedUnion("kind", [
  /** A declared resource, by its URN, adopts the key. */
  z.object({ kind: z.literal("adopts"), by: z.string() }),
  z.object({ kind: z.literal("adopted") }),
  z.object({ kind: z.literal("failed") }),
  /** A resource of this run was created with the key. */
  z.object({ kind: z.literal("created") }),
  /** An operation failed. Concerns no key. */
  z.object({ kind: z.literal("operationFailed") }),
  /** A declared resource keeps the key, and does not adopt it. `by` is its `__createdAs`. */
  z.object({ kind: z.literal("holds"), by: z.string().optional(), declared: settingsSchema.optional() }),
]);

const lineSchema = z.object({ key: z.string(), atMs: z.number(), fact: factSchema });

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
