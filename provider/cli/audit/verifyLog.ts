import type { FileHandle } from "node:fs/promises";
import { linesOf, type LogLine } from "./logLines";

export interface Verification {
  lineCount: number;
  /** null: the log is empty. */
  lastHash: string | null;
  /** The first of them, in order of the lines. */
  findings: readonly Finding[];
  findingCount: number;
}

export interface Finding {
  line: number;
  why: string;
}

const MAX_FINDINGS = 20;

/**
 * Checks that each line has the hash of the line before it.
 *
 * @param onLine is called with each line.
 */
export async function verifyLog(
  log: FileHandle,
  onLine: (line: LogLine) => void = () => {},
): Promise<Verification> {
  const suspects: Suspect[] = [];
  let count = 0;
  const suspect = (found: Suspect) => {
    count++;
    if (suspects.length < MAX_FINDINGS) suspects.push(found);
  };
  let last: LogLine | undefined;
  for await (const line of linesOf(log)) {
    onLine(line);
    if (last !== undefined && last.entry === undefined)
      suspect({ line: last.number, kind: line.previous === last.hash ? "torn" : "foreign" });
    const expected = last?.hash ?? null;
    if (line.previous === undefined && line.entry !== undefined)
      suspect({ line: line.number, kind: "unlinked" });
    else if (line.previous !== undefined && line.previous !== expected)
      suspect({ line: line.number, kind: "broken", previous: line.previous });
    last = line;
  }
  if (last !== undefined && last.entry === undefined)
    suspect({ line: last.number, kind: last.hasNewline ? "foreign" : "open" });
  await findPredecessors(log, suspects);
  return {
    lineCount: last?.number ?? 0,
    lastHash: last?.hash ?? null,
    findings: suspects.map((found) => ({ line: found.line, why: whyOf(found) })),
    findingCount: count,
  };
}

interface Suspect {
  line: number;
  /**
   * `torn`: incomplete, and the next line continues it. `open`: incomplete at the end. `foreign`: not a line that was written
   * here. `unlinked`: without a hash. `broken`: its hash is not that of the line before it.
   */
  kind: "torn" | "open" | "foreign" | "unlinked" | "broken";
  previous?: string | null;
  /** The line that has the hash `previous`. */
  follows?: number;
}

/** Reads the log again, since its hashes do not fit into memory. */
async function findPredecessors(log: FileHandle, suspects: readonly Suspect[]): Promise<void> {
  const wanted = suspects.filter(({ previous }) => typeof previous === "string");
  if (wanted.length === 0) return;
  for await (const { number, hash } of linesOf(log)) {
    for (const found of wanted) {
      if (found.previous !== hash) continue;
      if (number < found.line) found.follows = number;
      else found.follows ??= number;
    }
  }
}

function whyOf(found: Suspect): string {
  const { line } = found;
  switch (found.kind) {
    case "torn":
      return `line ${line} is incomplete: its writer was killed, or the disk was full. The next line continues the chain.`;
    case "open":
      return `line ${line} is incomplete: its writer was killed, the disk was full, or it is being written.`;
    case "foreign":
      return `line ${line} is not a line of an audit log: it was inserted or changed.`;
    case "unlinked":
      return `line ${line} has no hash of the line before it: it was inserted or changed.`;
    case "broken":
      return whyBroken(found);
  }
}

function whyBroken({ line, previous, follows }: Suspect): string {
  if (previous === null)
    return `line ${line} begins another log: it was inserted here, or its hash was changed.`;
  if (follows === undefined) {
    return line === 1
      ? "line 1 is not the first line of its log: the lines before it are missing, or its hash was changed."
      : `line ${line - 1} or the hash in line ${line} was changed, or lines between them are missing.`;
  }
  if (follows > line) return `line ${line} belongs after line ${follows}: lines were reordered.`;
  return `line ${line} belongs after line ${follows}: ${linesFrom(follows + 1, line - 1)} inserted or moved here.`;
}

function linesFrom(first: number, last: number): string {
  return first === last ? `line ${first} was` : `lines ${first} to ${last} were`;
}
