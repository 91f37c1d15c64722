import { createHash } from "node:crypto";
import { closeSync, constants, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { isAlive, processStartTicks } from "../api/processes";
import type { KeySettings } from "../api/wire";

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

/** A creation that some process of this machine has begun and not ended. */
export interface OpenCreation extends Creation {
  /** Within its journal. */
  id: string;
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

/** Settles all of a kind, of processes that no longer run: file by file, since one may hold thousands. */
export function settleAll(folder: string, isSettled: (creation: OpenCreation) => boolean): void {
  // All are read before any is changed: what cannot be read leaves everything as it is.
  const journals = filesIn(folder).map(({ file, pid }) => ({ file, creations: openIn(file, pid) }));
  for (const { file, creations } of journals) {
    const settled = creations.filter((creation) => !creation.running && isSettled(creation));
    if (settled.length === 0) continue;
    if (settled.length === creations.length) rmSync(file, { force: true });
    else appendIfThere(file, ...settled.map(({ id }) => ({ end: id })));
  }
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

function openCreation(file: string, pid: number, { startTicks, ...creation }: Begun): OpenCreation {
  const { id } = creation;
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

/** One write for the lines. Each starts with the break, so that one that was cut off spoils no other. */
export function append(file: string, ifAbsent: number, ...lines: readonly object[]): void {
  const handle = openSync(file, constants.O_WRONLY | constants.O_APPEND | ifAbsent, 0o600);
  try {
    writeFileSync(handle, lines.map((line) => `\n${JSON.stringify(line)}`).join(""));
  } finally {
    closeSync(handle);
  }
}

/** Where the file is gone, so is what would have to be noted. */
export function appendIfThere(file: string, ...lines: readonly object[]): void {
  orAbsent(() => append(file, 0, ...lines));
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

export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}
