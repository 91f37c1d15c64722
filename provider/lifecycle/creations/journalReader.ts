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

/** A creation whose result may be lost, as this machine's journal has it. */
export interface Creation {
  /**
   * `organization/project/stack`, as the program names it. Undefined: the program names none. Without the organization where
   * the provider plugin does not know it.
   */
  stack: string | undefined;
  /** The stack's backend, as `backendIdIn` identifies it. Undefined: not known for certain. */
  backend: string | undefined;
  /** The account, by its anonymous name. */
  account: string;
  /** `nameHashOf` the generated name under which the key is created. The name itself may contain a secret. */
  nameHash: string;
  /** When the first request was sent, by this machine's clock. */
  startedMs: number;
}

/** Identifies a name. The API may trim and normalise the names that it stores. */
export function nameHashOf(name: string): string {
  return createHash("sha256").update(name.trim().normalize("NFC"), "utf8").digest("hex");
}

/** A creation that a process of this machine began, and whose end is not in its journal. */
export interface OpenCreation extends Creation {
  /** Its journal. */
  file: string;
  /** Within its journal. */
  id: string;
  /** Of the key, once a response has returned it. Undefined: whether there is a key is unknown. */
  fingerprint: string | undefined;
  /** The plugin returned the key to the engine. This does not prove that a state has the key. */
  delivered: boolean;
  /** A command has found that the state lacks a delivered key. */
  isLost: boolean;
  /** Records that the key is accounted for. */
  settle(): void;
  /** Records that the state lacks a delivered key, since later states do not show that any more. */
  markLost(): void;
}

/**
 * Reads the open creations of a folder, the oldest first. Whether an engine still works on them is decided by the stack's
 * lock, not by process ids.
 *
 * @throws the file system's error if the folder or a file exists and cannot be read.
 */
export function readCreations(folder: string): OpenCreation[] {
  return filesIn(folder)
    .flatMap((file) => begunIn(file).map((creation) => openCreation(file, creation)))
    .toSorted((a, b) => a.startedMs - b.startedMs);
}

/** A week: after a crash, a state that predates a delivered key is restored and cleaned up within it. */
const KEPT_MS = 7 * 24 * 3_600_000;

/** Removes old files whose creations have all ended or were delivered. Any other creation is kept until it is settled. */
export function removeOldFiles(folder: string, nowMs: number): void {
  for (const file of filesIn(folder)) {
    const changedMs = orAbsent(() => statSync(file).mtimeMs) ?? nowMs;
    if (nowMs - changedMs > KEPT_MS && begunIn(file).every(({ delivered }) => delivered))
      rmSync(file, { force: true });
  }
}

/** After this time an open creation is not under way any more. */
const IN_THE_MAKING_MS = 2 * 3_600_000;

/**
 * Finds the keys that processes of this machine create or have just created: their state may not have them yet.
 *
 * @returns until when a key counts as one of these. Undefined: it is none.
 */
export function keysInTheMaking(
  folder: string,
  nowMs: number,
): (key: { name: string; fingerprint: string | undefined }) => number | undefined {
  const recent = readCreations(folder).filter(({ startedMs }) => nowMs - startedMs < IN_THE_MAKING_MS);
  return ({ name, fingerprint }) => {
    const nameHash = nameHashOf(name);
    const creation = recent.findLast(
      (one) => one.nameHash === nameHash || (fingerprint !== undefined && one.fingerprint === fingerprint),
    );
    return creation && creation.startedMs + IN_THE_MAKING_MS;
  };
}

/** The journals in a folder; other files in it are ignored. */
function filesIn(folder: string): string[] {
  const names = orAbsent(() => readdirSync(folder)) ?? [];
  return names.filter((name) => /^[0-9a-f]{16}\.jsonl$/.test(name)).map((name) => join(folder, name));
}

function openCreation(file: string, creation: Begun): OpenCreation {
  const { id } = creation;
  return {
    ...creation,
    file,
    settle: () => appendIfThere(file, { end: id }),
    markLost: () => appendIfThere(file, { lost: id }),
  };
}

const optionalText = z
  .string()
  .optional()
  .transform((text) => text);

const beginSchema = z.object({
  id: z.string(),
  stack: optionalText,
  backend: optionalText,
  account: z.string(),
  nameHash: z.string(),
  startedMs: z.number(),
});

type Begun = z.output<typeof beginSchema> & Pick<OpenCreation, "fingerprint" | "delivered" | "isLost">;

const lineSchema = z.union([
  z.object({ begin: beginSchema }),
  z.object({ made: z.string(), fingerprint: z.string() }),
  z.object({ delivered: z.string() }),
  z.object({ lost: z.string() }),
  z.object({ end: z.string() }),
]);

/** The creations of a file that have begun and not ended. */
function begunIn(file: string): Begun[] {
  const open = new Map<string, Begun>();
  for (const line of (orAbsent(() => readFileSync(file, "utf8")) ?? "").split("\n")) {
    const event = parse(line);
    if (event === undefined) continue;
    if ("begin" in event)
      open.set(event.begin.id, { ...event.begin, fingerprint: undefined, delivered: false, isLost: false });
    else if ("made" in event) amend(open, event.made, { fingerprint: event.fingerprint });
    else if ("delivered" in event) amend(open, event.delivered, { delivered: true });
    else if ("lost" in event) amend(open, event.lost, { isLost: true });
    else open.delete(event.end);
  }
  return [...open.values()];
}

function amend(open: Map<string, Begun>, id: string, change: Partial<Begun>): void {
  const begun = open.get(id);
  if (begun !== undefined) open.set(id, { ...begun, ...change });
}

/** @returns undefined for a line that a killed process or a full disk has truncated. */
function parse(line: string): z.output<typeof lineSchema> | undefined {
  try {
    return lineSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

/** Appends a line in one write. It starts with "\n", so that a truncated line before it cannot corrupt it. */
export function append(file: string, ifAbsent: number, line: object): void {
  const handle = openSync(file, constants.O_WRONLY | constants.O_APPEND | ifAbsent, 0o600);
  try {
    writeFileSync(handle, `\n${JSON.stringify(line)}`);
  } finally {
    closeSync(handle);
  }
}

/** Does nothing when the file was removed: its creations were removed with it. */
export function appendIfThere(file: string, line: object): void {
  orAbsent(() => append(file, 0, line));
}

/** Undefined for a file that does not exist: another process may have removed it, or its folder is a file. */
function orAbsent<T>(step: () => T): T | undefined {
  try {
    return step();
  } catch (error) {
    if (!["ENOENT", "ENOTDIR"].includes(errorCode(error) ?? "")) throw error;
    return undefined;
  }
}
