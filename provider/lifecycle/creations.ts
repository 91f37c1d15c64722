import { createHash, randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { isAlive, processStartTicks } from "../api/processes";
import type { EngineLink } from "./engineLink";
import { shortly, type Soon } from "./shortly";

/** A creation whose result may be lost, as it is noted on this machine. */
export interface Creation {
  /** `organization/project/stack`, as the program says it; undefined when it says none. */
  stack: string | undefined;
  /** Of the key's name, as `nameHashOf` has it: a name may be a secret. */
  nameHash: string;
  /** The name was generated for this very creation, so that no other key can have it. */
  nameGenerated: boolean;
  /** Milliseconds since the epoch, by this machine's clock: when the first request went out. */
  startedMs: number;
}

/** One creation's place in the journal. Nothing here ever throws: a note must not fail what it is about. */
export interface CreationNote {
  /** No key was made, so there is nothing to look for. */
  end(): void;
  /** The result is on its way to the engine: ends a moment later, if the engine is there to take it. */
  endOnceTaken(engine: EngineLink | undefined): void;
}

/**
 * The creations in flight, noted before they begin. When only this process is killed in the middle of one, the engine
 * drops the operation, and the key stays on the account with no state that names it: then this is all that knows of it.
 */
export interface CreationJournal {
  /** Called right before the first request that may make a key. */
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

/**
 * The journal of one process: a file in the folder, there only while a creation is in flight. It is not forced to the
 * disk, since only the death of a process matters: a machine that dies takes the engine along, whose state then has the
 * operation.
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
  let isTroubled = false;

  const attempt = (step: () => void): void => {
    try {
      step();
    } catch (error) {
      if (!isTroubled) onTrouble(`${file}: ${codeOf(error) ?? String(error)}`);
      isTroubled = true;
    }
  };
  const end = (id: string): void => {
    if (!open.delete(id)) return;
    attempt(() => (open.size === 0 ? rmSync(file, { force: true }) : appendEnd(file, id)));
  };
  return {
    begin(creation) {
      begun += 1;
      const id = String(begun);
      open.add(id);
      attempt(() => {
        mkdirSync(folder, { recursive: true, mode: 0o700 });
        append(file, { begin: { id, ...creation, startTicks } }, constants.O_CREAT);
      });
      return {
        end: () => end(id),
        endOnceTaken(engine) {
          soon(async (isClosing) => {
            // Asking takes another turn of the event loop, in which whatever was still to be sent is sent.
            if (isClosing || engine === undefined || (await engine.answers())) end(id);
          });
        },
      };
    },
  };
}

/** A creation that some process of this machine has begun and not ended. */
export interface OpenCreation extends Creation {
  pid: number;
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
  return begun.map(({ id, startTicks, stack, nameHash, nameGenerated, startedMs }) => ({
    stack,
    nameHash,
    nameGenerated,
    startedMs,
    pid,
    running: isSameProcess(pid, startTicks),
    settle() {
      appendEnd(file, id);
      if (begunIn(file).length === 0) rmSync(file, { force: true });
    },
  }));
}

/** An id is given to another process in time, but never with the same start. */
function isSameProcess(pid: number, startTicks: number | undefined): boolean {
  const ticksNow = processStartTicks(pid);
  return isAlive(pid) && (startTicks === undefined || ticksNow === undefined || startTicks === ticksNow);
}

const beginSchema = z.object({
  id: z.string(),
  stack: z.string().optional(),
  nameHash: z.string(),
  nameGenerated: z.boolean(),
  startedMs: z.number(),
  startTicks: z.number().optional(),
});

type Begin = z.output<typeof beginSchema>;

const lineSchema = z.union([z.object({ begin: beginSchema }), z.object({ end: z.string() })]);

/** What a file says has begun and not ended. */
function begunIn(file: string): Begin[] {
  const open = new Map<string, Begin>();
  for (const line of (orAbsent(() => readFileSync(file, "utf8")) ?? "").split("\n")) {
    const said = parse(line);
    if (said === undefined) continue;
    if ("begin" in said) open.set(said.begin.id, said.begin);
    else open.delete(said.end);
  }
  return [...open.values()];
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

/** Where the file is gone, so is what would have to be ended. */
function appendEnd(file: string, id: string): void {
  orAbsent(() => append(file, { end: id }));
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
