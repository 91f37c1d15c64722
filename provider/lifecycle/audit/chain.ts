import { createHash } from "node:crypto";
import { readSync } from "node:fs";

/** SHA-256 of a line's bytes, without the newline. */
export function hashOf(line: Uint8Array): string {
  return createHash("sha256").update(line).digest("hex");
}

/** The last bytes of a log. */
export interface LogEnd {
  /** The last line's hash. null: the log has no line. */
  hash: string | null;
  /** The last line has no newline: its writer was killed, or the disk was full. */
  isOpen: boolean;
}

/** The text that continues a log, so that each line has the hash of the line before it. */
export function continuation({ hash, isOpen }: LogEnd, entries: readonly string[]): Buffer {
  let previous = hash;
  const lines = entries.map((entry) => {
    const line = Buffer.from(chained(entry, previous));
    previous = hashOf(line);
    return line;
  });
  // A torn line becomes a line of its own, to which the next one is chained.
  const parts = lines.flatMap((line) => [line, NEWLINE]);
  return Buffer.concat(isOpen ? [NEWLINE, ...parts] : parts);
}

/** Reads backwards in blocks: a log may be large. */
export function logEndOf(descriptor: number, size: number, blockSize = BLOCK_SIZE): LogEnd {
  if (size === 0) return { hash: null, isOpen: false };
  const isOpen = readBlock(descriptor, size - 1, 1)[0] !== NEWLINE[0];
  let from = isOpen ? size : size - 1;
  const blocks: Buffer[] = [];
  while (from > 0) {
    const length = Math.min(blockSize, from);
    const block = readBlock(descriptor, from - length, length);
    const newlineAt = block.lastIndexOf(NEWLINE);
    blocks.unshift(block.subarray(newlineAt + 1));
    if (newlineAt >= 0) break;
    from -= length;
  }
  return { hash: hashOf(Buffer.concat(blocks)), isOpen };
}

const NEWLINE = Buffer.from("\n");
const BLOCK_SIZE = 4_096;

/** @param entry a JSON object with at least one property. */
function chained(entry: string, previous: string | null): string {
  return `{"previous":${JSON.stringify(previous)},${entry.slice(1)}`;
}

function readBlock(descriptor: number, position: number, length: number): Buffer {
  const block = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const count = readSync(descriptor, block, filled, length - filled, position + filled);
    if (count === 0) throw Object.assign(new Error("The file became shorter."), { code: "EOF" });
    filled += count;
  }
  return block;
}
