import { createHash } from "node:crypto";
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
import { keySettingsSchema } from "../api/wire";

/** How far the adoption of a key has come in this run. */
export type AdoptionProgress = "declared" | "done" | "failed";

/** What the processes of one run tell each other of a key. */
type Fact =
  /** A declared resource, by its URN, adopts the key. */
  | { kind: "adopts"; by: string }
  | { kind: "adopted" }
  | { kind: "failed" }
  /** A resource of this run was created with the key. */
  | { kind: "created" }
  /** An operation failed; of no key. */
  | { kind: "operationFailed" }
  /** A declared resource keeps the key, and does not adopt it. `declared`: what the program declares of it. */
  | { kind: "holds"; declared?: DeclaredSettings | undefined };

/** How a declared resource has its key set. */
export type DeclaredSettings = z.output<typeof settingsSchema>;

const settingsSchema = z.object({
  enabled: z.boolean(),
  settings: keySettingsSchema,
});

const lineSchema = z.object({
  key: z.string(),
  atMs: z.number(),
  fact: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("adopts"), by: z.string() }),
    z.object({ kind: z.literal("adopted") }),
    z.object({ kind: z.literal("failed") }),
    z.object({ kind: z.literal("created") }),
    z.object({ kind: z.literal("operationFailed") }),
    z.object({ kind: z.literal("holds"), declared: settingsSchema.optional() }),
  ]),
});

/** Older lines are of another run, whose engine had the same address. */
const MAX_RUN_MS = 24 * 3_600_000;

interface Known {
  adopters: Set<string>;
  progress: "done" | "failed" | undefined;
  isCreated: boolean;
  holder: { declared?: DeclaredSettings | undefined } | undefined;
}

export interface KeysOfRunOptions {
  /** A file that all plugin processes of the run share. Absent: this process knows only its own keys. */
  file?: string | undefined;
  nowMs?: () => number;
  /** Called once, when the file cannot be used. */
  onTrouble?: (reason: string) => void;
}

/**
 * Which keys the declared resources of one run hold and adopt. The engine checks every declared resource before it
 * deletes any, so that a deletion knows which keys stay in use. Explicit providers are processes of their own, so the
 * processes of a run share a file.
 */
export class KeysOfRun {
  readonly #options: KeysOfRunOptions;
  readonly #known = new Map<string, Known>();
  #offset = 0;
  #hasFailed = false;
  #isReady = false;
  #trouble: string | undefined;

  constructor(options: KeysOfRunOptions = {}) {
    this.#options = options;
  }

  /** A declared resource names the key in `adopt`. */
  declareAdoption(fingerprint: string, urn: string): void {
    if (!this.#of(fingerprint).adopters.has(urn)) this.#note(fingerprint, { kind: "adopts", by: urn });
  }

  /** The adoption succeeded, or the adopting resource has the key since an earlier run. */
  adopted(fingerprint: string): void {
    if (this.#of(fingerprint).progress !== "done") this.#note(fingerprint, { kind: "adopted" });
  }

  adoptionFailed(fingerprint: string): void {
    this.#note(fingerprint, { kind: "failed" });
  }

  /** An operation of a declared resource failed. */
  operationFailed(): void {
    if (!this.#hasFailed) this.#note("", { kind: "operationFailed" });
  }

  /** Whether one has failed: the engine may then not know all resources that the program declares. */
  get hasFailed(): boolean {
    this.#read();
    return this.#hasFailed;
  }

  created(fingerprint: string): void {
    this.#note(fingerprint, { kind: "created" });
  }

  /** A declared resource keeps the key that it has. @param declared undefined in a preview that does not know it yet. */
  holds(fingerprint: string, declared: DeclaredSettings | undefined): void {
    this.#note(fingerprint, { kind: "holds", declared });
  }

  /** URNs of the declared resources that adopt the key. */
  adopters(fingerprint: string): ReadonlySet<string> {
    this.#read();
    return this.#of(fingerprint).adopters;
  }

  /** The declared resource that keeps the key without adopting it, and how it has the key set. Undefined: none. */
  holder(fingerprint: string): { declared?: DeclaredSettings | undefined } | undefined {
    this.#read();
    return this.#of(fingerprint).holder;
  }

  /** Whether the run has created the key. */
  isCreated(fingerprint: string): boolean {
    this.#read();
    return this.#of(fingerprint).isCreated;
  }

  /** Whether the other processes of the run cannot know what this one notes, and why. Undefined: they know. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** Undefined: no declared resource adopts the key. */
  adoption(fingerprint: string): AdoptionProgress | undefined {
    this.#read();
    const { adopters, progress } = this.#of(fingerprint);
    return adopters.size === 0 ? undefined : (progress ?? "declared");
  }

  #of(fingerprint: string): Known {
    const known = this.#known.get(fingerprint);
    if (known) return known;
    const unknown: Known = {
      adopters: new Set(),
      progress: undefined,
      isCreated: false,
      holder: undefined,
    };
    this.#known.set(fingerprint, unknown);
    return unknown;
  }

  #note(fingerprint: string, fact: Fact): void {
    this.#learn(fingerprint, fact);
    const { file, nowMs = Date.now } = this.#options;
    if (file === undefined || this.#trouble !== undefined) return;
    // Each line starts with the break, so that one that was cut off spoils no other.
    const line = `\n${JSON.stringify({ key: fingerprint, atMs: nowMs(), fact })}\n`;
    this.#attempt(() => {
      if (!this.#isReady) this.#prepare(dirname(file), nowMs());
      const handle = openSync(file, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT, 0o600);
      try {
        if (writeSync(handle, line) < Buffer.byteLength(line)) throw new Error("ENOSPC: no room");
      } finally {
        closeSync(handle);
      }
    });
  }

  /** Makes the folder, and removes the files of runs that are over. */
  #prepare(folder: string, nowMs: number): void {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#isReady = true;
    for (const name of readdirSync(folder)) {
      const file = join(folder, name);
      const mtimeMs = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? nowMs;
      if (nowMs - mtimeMs > MAX_RUN_MS) rmSync(file, { force: true });
    }
  }

  #learn(fingerprint: string, fact: Fact): void {
    if (fact.kind === "operationFailed") {
      this.#hasFailed = true;
      return;
    }
    const known = this.#of(fingerprint);
    if (fact.kind === "adopts") known.adopters.add(fact.by);
    else if (fact.kind === "created") known.isCreated = true;
    else if (fact.kind === "holds") known.holder = { declared: fact.declared };
    else if (fact.kind === "adopted") known.progress = "done";
    else if (known.progress !== "done") known.progress = "failed";
  }

  /** Learns what the other processes of the run have noted since. */
  #read(): void {
    const { file, nowMs = Date.now } = this.#options;
    if (file === undefined || this.#trouble !== undefined) return;
    this.#attempt(() => {
      for (const line of this.#newLines(file)) {
        const parsed = lineSchema.safeParse(jsonOf(line)).data;
        if (parsed !== undefined && nowMs() - parsed.atMs < MAX_RUN_MS) this.#learn(parsed.key, parsed.fact);
      }
    });
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

  #attempt(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#trouble = error instanceof Error ? error.message : String(error);
      this.#options.onTrouble?.(this.#trouble);
    }
  }
}

/** The file of the run that the engine at this address works on. */
export function fileOfRun(folder: string, engineAddress: string): string {
  return join(folder, `${createHash("sha256").update(engineAddress).digest("hex").slice(0, 32)}.jsonl`);
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
