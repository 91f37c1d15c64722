import { Writable } from "node:stream";
import { WriteStream } from "node:tty";
import type { Stream } from "../../provider/cli/terminal/style";
import { Terminal } from "../../provider/cli/terminal/terminal";

export interface RecordedTerminal {
  terminal: Terminal;
  /** Everything written so far. */
  written: { out: string; err: string };
}

/** A terminal of this width that shows colours as the environment says; without a width a pipe. */
export function recordedTerminal({
  columns,
  term = "xterm",
}: { columns?: number; term?: string } = {}): RecordedTerminal {
  const written = { out: "", err: "" };
  const stream = (name: "out" | "err"): Stream => {
    const recording = new Writable({
      decodeStrings: false,
      write(text: string, _encoding, done) {
        written[name] += text;
        done();
      },
    });
    if (columns === undefined) return recording;
    const getColorDepth = () => WriteStream.prototype.getColorDepth({ ...process.env, TERM: term });
    return Object.assign(recording, { isTTY: true, columns, getColorDepth });
  };
  return { written, terminal: new Terminal(stream("out"), stream("err"), term) };
}
