import { fstatSync } from "node:fs";
import { addAbortSignal } from "node:stream";
import { text } from "node:stream/consumers";
import { isatty } from "node:tty";

/** The standard input. */
export interface Input {
  /** `file`: redirected from a file, so certainly meant. `other`: a device such as /dev/null, or closed. */
  kind: "terminal" | "file" | "pipe" | "other";
  /** @throws the signal's reason when it aborts. */
  read(signal: AbortSignal): Promise<string>;
}

export function standardInput(): Input {
  return {
    kind: kindOf(),
    read: (signal) =>
      text(addAbortSignal(signal, process.stdin)).catch((error: unknown) => {
        throw signal.aborted ? signal.reason : error;
      }),
  };
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
