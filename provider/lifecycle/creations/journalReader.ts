import { createHash } from "node:crypto";
import {
  closeSync,
  constants,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { errorCode } from "../../util/errno";

/** A creation whose result may be lost, as it is noted on this machine. */
export interface Creation {
  /** `organization/project/stack`, as the program says it; undefined when it says none. */
  stack: string | undefined;
  /** The stack's backend, as `backendIdIn` has it; undefined when it is not known for certain. */
  backend: string | undefined;
  /** The run of the engine, as `runIdOf` has it; undefined in a process that is no plugin. */
  run: string | undefined;
  /** The account, by its anonymous name. */
  account: string;
  /** Of the generated name under which the key is created, as `nameHashOf` has it: it may contain a secret. */
  nameHash: string;
  /** Milliseconds since the epoch, by this machine's clock: when the first request went out. */
  startedMs: number;
}

/** Identifies a name. The API may trim and normalise the names that it stores. */
export function nameHashOf(name: string): string {
  return createHash("sha256").update(name.trim().normalize("NFC"), "utf8").digest("hex");
}

/** A creation that a process of this machine began, and did not note the end of. */
export interface OpenCreation extends Creation {
  /** Its journal. */
  file: string;
  /** Within its journal. */
  id: string;
  /** Of the key, once a response has brought it. Undefined: whether there is a key is not known. */
  fingerprint: string | undefined;
  /** The engine was there to take the result, and so has it in its state, if it could write that. */
  delivered: boolean;
  /** Notes that the creation is accounted for. */
  settle(): void;
}

/**
 * Reads the creations that are open in a folder, the oldest first. No process is judged by its id: the stack's lock
 * decides whether an engine works on it.
 *
 * @throws the file system's error when something is there and cannot be read.
 */
export function readCreations(folder: string): OpenCreation[] {
  return filesIn(folder)
    .flatMap((file) => openIn(file))
    .toSorted((a, b) => a.startedMs - b.startedMs);
}

/** Settles all of a kind: file by file, since one may hold thousands. */
export function settleAll(folder: string, isSettled: (creation: OpenCreation) => boolean): void {
  // All are read before any is changed: what cannot be read leaves everything as it is.
  const journals = filesIn(folder).map((file) => ({ file, creations: openIn(file) }));
  for (const { file, creations } of journals) {
    const settled = creations.filter(isSettled);
    if (settled.length > 0) appendIfThere(file, ...settled.map(({ id }) => ({ end: id })));
  }
}

/** Milliseconds after which a file in which nothing is open is removed. */
const REMOVED_AFTER_MS = 24 * 3_600_000;

/** Removes old files in which nothing is open. A younger one may be one that its process is about to write to. */
export function removeOldFiles(folder: string, nowMs: number): void {
  for (const file of filesIn(folder)) {
    const changedMs = orAbsent(() => statSync(file).mtimeMs) ?? nowMs;
    if (nowMs - changedMs > REMOVED_AFTER_MS && begunIn(file).length === 0) rmSync(file, { force: true });
  }
}

/** Milliseconds after which a creation that is still open is not under way any more. */
const IN_THE_MAKING_MS = 2 * 3_600_000;

/**
 * Which keys processes of this machine are creating, or have created a moment ago, so that a state may not have them yet.
 *
 * @returns whether a key is one of these.
 */
export function keysInTheMaking(
  folder: string,
  nowMs: number,
): (key: { name: string; fingerprint: string | undefined }) => boolean {
  const recent = readCreations(folder).filter(({ startedMs }) => nowMs - startedMs < IN_THE_MAKING_MS);
  const nameHashes = new Set(recent.map(({ nameHash }) => nameHash));
  const fingerprints = new Set(recent.map(({ fingerprint }) => fingerprint));
  return ({ name, fingerprint }) =>
    nameHashes.has(nameHashOf(name)) || (fingerprint !== undefined && fingerprints.has(fingerprint));
}

/** The journals in a folder; other files in it are ignored. */
function filesIn(folder: string): string[] {
  const names = orAbsent(() => readdirSync(folder)) ?? [];
  return names.filter((name) => /^[0-9a-f]{16}\.jsonl$/.test(name)).map((name) => join(folder, name));
}

function openIn(file: string): OpenCreation[] {
  return begunIn(file).map((creation) => openCreation(file, creation));
}

function openCreation(file: string, creation: Begun): OpenCreation {
  return { ...creation, file, settle: () => appendIfThere(file, { end: creation.id }) };
}

const optionalText = z
  .string()
  .optional()
  .transform((text) => text);

const beginSchema = z.object({
  id: z.string(),
  stack: optionalText,
  backend: optionalText,
  run: optionalText,
  account: z.string(),
  nameHash: z.string(),
  startedMs: z.number(),
});

type Begun = z.output<typeof beginSchema> & { fingerprint: string | undefined; delivered: boolean };

const lineSchema = z.union([
  z.object({ begin: beginSchema }),
  z.object({ made: z.string(), fingerprint: z.string() }),
  z.object({ delivered: z.string() }),
  z.object({ end: z.string() }),
]);

/** What a file says has begun and not ended. */
function begunIn(file: string): Begun[] {
  const open = new Map<string, Begun>();
  for (const line of (orAbsent(() => readFileSync(file, "utf8")) ?? "").split("\n")) {
    const said = parse(line);
    if (said === undefined) continue;
    if ("begin" in said) open.set(said.begin.id, { ...said.begin, fingerprint: undefined, delivered: false });
    else if ("made" in said) amend(open, said.made, { fingerprint: said.fingerprint });
    else if ("delivered" in said) amend(open, said.delivered, { delivered: true });
    else open.delete(said.end);
  }
  return [...open.values()];
}

function amend(open: Map<string, Begun>, id: string, change: Partial<Begun>): void {
  const begun = open.get(id);
  if (begun !== undefined) open.set(id, { ...begun, ...change });
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

/** What is not there, or no longer since another process removed it, is no trouble. */
function orAbsent<T>(step: () => T): T | undefined {
  try {
    return step();
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
    return undefined;
  }
}
