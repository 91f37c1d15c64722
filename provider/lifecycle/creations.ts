import { createHash, randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { ApiError } from "../api/errors";
import type { KeySettings } from "../api/wire";
import { isAlive, processStartTicks } from "../api/processes";
import type { EngineLink } from "./engineLink";
import { shortly, type Soon } from "./shortly";

/** A creation whose result may be lost, as it is noted on this machine. */
export interface Creation {
  /** `organization/project/stack`, as the program says it; undefined when it says none. */
  stack: string | undefined;
  /** The account, by its anonymous name. */
  account: string;
  /** Of the key's name, as `nameHashOf` has it: a name may be a secret. */
  nameHash: string;
  /** Of what the key is to be set to, as `settingsHashOf` has it. */
  settingsHash: string;
  /** The name was generated for this very creation, so that no other key can have it. */
  nameGenerated: boolean;
  /** Milliseconds since the epoch, by this machine's clock: when the first request went out. */
  startedMs: number;
}

/** One creation's place in the journal. Nothing here ever throws: a note must not fail what it is about. */
export interface CreationNote {
  /** No key was made, so there is nothing to look for. */
  end(): void;
  /**
   * The result is on its way to the engine: a moment later it counts as taken, if the engine is there. Whether the engine
   * then saves it nobody tells us, so the note stays until a later run, which could not begin without a state.
   */
  handOver(engine: EngineLink | undefined): void;
}

/** The disk is full. The engine could not record the key either, so none is made. */
export class DiskFullError extends ApiError {
  override readonly name = "DiskFullError";
}

/**
 * The creations in flight, noted before they begin. When only this process is killed in the middle of one, the engine
 * drops the operation, and the key stays on the account with no state that names it: then this is all that knows of it.
 */
export interface CreationJournal {
  /** Called right before the first request that may make a key. @throws DiskFullError. */
  begin(creation: Creation): CreationNote;
}

export interface JournalOptions {
  folder: string;
  /** Called once, when the folder cannot be written. Creations go on without a note then. */
  onTrouble: (reason: string) => void;
  /** When the engine has read what it was handed. Default: 20 ms later. */
  soon?: Soon;
  /** Default: this process's. */
  pid?: number;
}

/** What a creation's note is found by, when only the key's name is known. */
export function nameHashOf(name: string): string {
  return createHash("sha256").update(name, "utf8").digest("hex");
}

/** What a key is set to, in short; its window, which the API never tells, left aside. */
export function settingsHashOf(settings: Omit<KeySettings, "limit_type">): string {
  const { name, allocated_ammount, expires_at, model_whitelist, ip_whitelist } = settings;
  const parts = [name, allocated_ammount, expires_at, model_whitelist.toSorted(), ip_whitelist.toSorted()];
  return createHash("sha256").update(JSON.stringify(parts), "utf8").digest("hex");
}

/**
 * The journal of one process: a file in the folder, there while a creation is in flight, and after it until the stack's
 * next run. It is not forced to the disk, since only the death of a process matters: a machine that dies takes the engine
 * along, whose state then has the operation.
 */
export function creationJournal({
  folder,
  onTrouble,
  soon = shortly(),
  pid = process.pid,
}: JournalOptions): CreationJournal {
  const file = join(folder, `${pid}-${randomBytes(6).toString("hex")}.jsonl`);
  const startTicks = processStartTicks(pid);
  const open = new Set<string>();
  let begun = 0;
  let taken = 0;
  let isTroubled = false;

  const attempt = (step: () => void): string | undefined => {
    try {
      step();
    } catch (error) {
      const code = codeOf(error) ?? String(error);
      if (!isTroubled) onTrouble(`${file}: ${code}`);
      isTroubled = true;
      return code;
    }
    return undefined;
  };
  const end = (id: string): void => {
    if (!open.delete(id)) return;
    attempt(() =>
      open.size + taken === 0 ? rmSync(file, { force: true }) : appendIfThere(file, { end: id }),
    );
  };
  const take = (id: string): void => {
    if (!open.delete(id)) return;
    taken += 1;
    attempt(() => appendIfThere(file, { taken: id }));
  };
  return {
    begin(creation) {
      begun += 1;
      const id = String(begun);
      const trouble = attempt(() => {
        mkdirSync(folder, { recursive: true, mode: 0o700 });
        append(file, { begin: { id, ...creation, startTicks } }, constants.O_CREAT);
      });
      if (trouble === "ENOSPC" || trouble === "EDQUOT") {
        throw new DiskFullError({
          why: `The disk is full (${folder}), so a key that is made now might never be recorded.`,
          nextStep: "Nothing was sent. Make room, then run the command again.",
        });
      }
      open.add(id);
      if (begun === 1) forgetTaken(folder, creation.stack, creation.startedMs);
      return {
        end: () => end(id),
        handOver(engine) {
          soon(async (isClosing) => {
            // Asking takes another turn of the event loop, in which whatever was still to be sent is sent.
            if (isClosing || engine === undefined || (await engine.answers())) take(id);
          });
        },
      };
    },
  };
}

/** A creation that some process of this machine has begun and not ended. */
export interface OpenCreation extends Creation {
  pid: number;
  /** The engine was there to take the result, and so has it in its state, if it could write that. */
  taken: boolean;
  /** That process still runs, so that the creation may yet end by itself. */
  running: boolean;
  /** Notes that the creation is accounted for. Only for one whose process no longer runs. */
  settle(): void;
}

/**
 * The creations that are open in a folder, the oldest first. What holds none and belongs to a process that has ended is
 * removed.
 *
 * @throws the file system's error when something is there and cannot be read.
 */
export function readCreations(folder: string): OpenCreation[] {
  return filesIn(folder)
    .flatMap(({ file, pid }) => openIn(file, pid))
    .toSorted((a, b) => a.startedMs - b.startedMs);
}

/** The journals in a folder; whatever else lies there is nobody's. */
function filesIn(folder: string): { file: string; pid: number }[] {
  const names = orAbsent(() => readdirSync(folder)) ?? [];
  return names.flatMap((name) => {
    const pid = /^([1-9]\d{0,9})-[0-9a-f]+\.jsonl$/.exec(name)?.[1];
    return pid === undefined ? [] : [{ file: join(folder, name), pid: Number(pid) }];
  });
}

function openIn(file: string, pid: number): OpenCreation[] {
  const begun = begunIn(file);
  if (begun.length === 0 && !isAlive(pid)) rmSync(file, { force: true });
  return begun.map((creation) => openCreation(file, pid, creation));
}

function openCreation(file: string, pid: number, { id, startTicks, ...creation }: Begun): OpenCreation {
  return {
    ...creation,
    pid,
    running: isSameProcess(pid, startTicks),
    settle() {
      appendIfThere(file, { end: id });
      if (begunIn(file).length === 0) rmSync(file, { force: true });
    },
  };
}

/** Milliseconds after which nobody asks any more whether what was taken was saved. */
const FORGOTTEN_AFTER_MS = 30 * 24 * 3_600_000;

/**
 * Marks a stack's state as an older copy, `stack` being `project/stack`: what engines took is not forgotten by its next
 * run until `trustTaken` takes the mark away.
 */
export function doubtTaken(folder: string, stack: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(doubtFile(folder, stack), "", { mode: 0o600 });
}

export function trustTaken(folder: string, stack: string): void {
  rmSync(doubtFile(folder, stack), { force: true });
}

function doubtFile(folder: string, stack: string): string {
  return join(folder, `${nameHashOf(stack).slice(0, 32)}.doubt`);
}

/**
 * Forgets what engines took in earlier runs of a stack: a later one, which has begun by reading the state, shows that it
 * could be read; unless that is an older copy. Of other stacks what is very old is forgotten.
 */
function forgetTaken(folder: string, stack: string | undefined, nowMs: number): void {
  // Without the organization, which a backend may call differently.
  const isDoubted =
    stack !== undefined && existsSync(doubtFile(folder, stack.split("/").slice(-2).join("/")));
  try {
    for (const creation of readCreations(folder)) {
      if (creation.running || !creation.taken) continue;
      const isPast = stack !== undefined && creation.stack === stack && !isDoubted;
      if (isPast || nowMs - creation.startedMs > FORGOTTEN_AFTER_MS) creation.settle();
    }
  } catch {
    // To remember longer than is needed does no harm.
  }
}

/** An id is given to another process in time, but never with the same start. */
function isSameProcess(pid: number, startTicks: number | undefined): boolean {
  const ticksNow = processStartTicks(pid);
  return isAlive(pid) && (startTicks === undefined || ticksNow === undefined || startTicks === ticksNow);
}

const beginSchema = z.object({
  id: z.string(),
  stack: z
    .string()
    .optional()
    .transform((stack) => stack),
  account: z.string(),
  nameHash: z.string(),
  settingsHash: z.string(),
  nameGenerated: z.boolean(),
  startedMs: z.number(),
  startTicks: z.number().optional(),
});

type Begun = z.output<typeof beginSchema> & { taken: boolean };

const lineSchema = z.union([
  z.object({ begin: beginSchema }),
  z.object({ taken: z.string() }),
  z.object({ end: z.string() }),
]);

/** What a file says has begun and not ended. */
function begunIn(file: string): Begun[] {
  const open = new Map<string, Begun>();
  for (const line of (orAbsent(() => readFileSync(file, "utf8")) ?? "").split("\n")) {
    const said = parse(line);
    if (said === undefined) continue;
    if ("begin" in said) open.set(said.begin.id, { ...said.begin, taken: false });
    else if ("taken" in said) takeIn(open, said.taken);
    else open.delete(said.end);
  }
  return [...open.values()];
}

function takeIn(open: Map<string, Begun>, id: string): void {
  const begun = open.get(id);
  if (begun !== undefined) open.set(id, { ...begun, taken: true });
}

/** @returns undefined for a line that was cut off, since its process was killed or the disk full. */
function parse(line: string): z.output<typeof lineSchema> | undefined {
  try {
    return lineSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

/** One write for one line. It starts with the break, so that a line that was cut off spoils no other. */
function append(file: string, line: object, ifAbsent = 0): void {
  const handle = openSync(file, constants.O_WRONLY | constants.O_APPEND | ifAbsent, 0o600);
  try {
    writeFileSync(handle, `\n${JSON.stringify(line)}`);
  } finally {
    closeSync(handle);
  }
}

/** Where the file is gone, so is what would have to be noted. */
function appendIfThere(file: string, line: object): void {
  orAbsent(() => append(file, line));
}

/** What is not there, or no longer since somebody else has removed it, is no trouble. */
function orAbsent<T>(step: () => T): T | undefined {
  try {
    return step();
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
    return undefined;
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}
