import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { hashOf } from "../../lifecycle/audit/chain";
import { errorCode } from "../../util/errno";
import { UsageError } from "../problems";

/** A line of an audit log. */
export interface LogLine {
  /** From 1. */
  number: number;
  hash: string;
  /** The hash of the line before it, as the line says. null: it is the first. Undefined: it says none. */
  previous: string | null | undefined;
  /** Undefined: it is torn, or not an audit log's line. */
  entry: LoggedEntry | undefined;
  /** Only the last line can have no newline. */
  hasNewline: boolean;
}

/** What a line says. Every field may have been edited. */
export type LoggedEntry = Readonly<Record<string, unknown>>;

/** @throws UsageError if the log cannot be read. */
export async function openLog(file: string): Promise<FileHandle> {
  try {
    // Opening a pipe would wait for its writer.
    const log = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    if ((await log.stat()).isFile()) return log;
    await log.close();
    throw new Error("no file");
  } catch (error) {
    const code = errorCode(error);
    throw new UsageError(
      code === "ENOENT"
        ? `There is no audit log ${file}.`
        : `The audit log ${file} cannot be read (${code ?? "it is not a regular file"}).`,
    );
  }
}

/** Reads a log from its beginning. Keeps one line in memory. */
export async function* linesOf(log: FileHandle): AsyncGenerator<LogLine> {
  let parts: Buffer[] = [];
  let number = 0;
  for await (const chunk of chunksOf(log)) {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      yield logLine(++number, Buffer.concat([...parts, chunk.subarray(from, at)]), true);
      parts = [];
      from = at + 1;
    }
    if (from < chunk.length) parts.push(chunk.subarray(from));
  }
  if (parts.length > 0) yield logLine(++number, Buffer.concat(parts), false);
}

const NEWLINE = "\n";
const CHUNK_SIZE = 256 * 1024;

/** The writer puts the hash first, so that a torn line has it too. */
const PREVIOUS = /^\{"previous":(?:null|"([0-9a-f]{64})")[,}]/;

async function* chunksOf(log: FileHandle): AsyncGenerator<Buffer> {
  for (let position = 0; ;) {
    const { bytesRead, buffer } = await log.read(Buffer.alloc(CHUNK_SIZE), 0, CHUNK_SIZE, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

function logLine(number: number, bytes: Buffer, hasNewline: boolean): LogLine {
  const text = bytes.toString("utf8");
  const found = PREVIOUS.exec(text);
  const previous = found === null ? undefined : (found[1] ?? null);
  return { number, hash: hashOf(bytes), previous, entry: entryOf(text), hasNewline };
}

function entryOf(text: string): LoggedEntry | undefined {
  try {
    const entry = JSON.parse(text) as unknown;
    const isEntry = typeof entry === "object" && entry !== null && "time" in entry && "action" in entry;
    return isEntry ? entry : undefined;
  } catch {
    return undefined;
  }
}
