import { fstatSync } from "node:fs";
import { addAbortSignal, type Readable } from "node:stream";
import { isatty } from "node:tty";
import { UsageError } from "../problems";

/** The standard input. */
export interface Input {
  /** `file`: redirected from a file, so certainly meant. `other`: a device such as /dev/null, or closed. */
  kind: "terminal" | "file" | "pipe" | "other";
  /** @throws the signal's reason when it aborts; UsageError for more than a list of keys can be. */
  read(signal: AbortSignal): Promise<string>;
}

export function standardInput(): Input {
  return {
    kind: kindOf(),
    read: (signal) =>
      textOf(addAbortSignal(signal, process.stdin)).catch((error: unknown) => {
        throw signal.aborted ? signal.reason : error;
      }),
  };
}

/** Thousands of keys. A device such as /dev/zero never ends. */
const MAX_BYTES = 256 * 1_024;

async function textOf(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > MAX_BYTES)
      throw new UsageError(
        `stdin has more than ${MAX_BYTES / 1_024} KiB, so it is not a list of keys. Nothing was sent.`,
      );
  }
  return Buffer.concat(chunks).toString("utf8");
}

function kindOf(): Input["kind"] {
  if (isatty(0)) return "terminal";
  try {
    const stats = fstatSync(0);
    if (stats.isFile()) return "file";
    return stats.isFIFO() || stats.isSocket() ? "pipe" : "other";
  } catch {
    return "other";
  }
}
