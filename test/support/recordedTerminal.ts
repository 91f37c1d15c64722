import { Writable } from "node:stream";
import { WriteStream } from "node:tty";
import type { Stream } from "../../provider/cli/terminal/style";
import { Terminal } from "../../provider/cli/terminal/terminal";

export interface RecordedTerminal {
  terminal: Terminal;
  /** Everything written so far. */
  written: { out: string; err: string };
}

export interface TerminalOptions {
  /** Default: a pipe. */
  columns?: number | undefined;
  /** What the terminal's colours depend on. FORCE_COLOR counts only in this process's environment. */
  env?: Readonly<Record<string, string>>;
}

/** A terminal, or a pipe, that records what is written. */
export function recordedTerminal({ columns, env = {} }: TerminalOptions = {}): RecordedTerminal {
  const written = { out: "", err: "" };
  const known = { TERM: "xterm-256color", ...env };
  const stream = (name: "out" | "err"): Stream => {
    const recording = new Writable({
      decodeStrings: false,
      write(text: string, _encoding, done) {
        written[name] += text;
        done();
      },
    });
    if (columns === undefined) return recording;
    const getColorDepth = () => WriteStream.prototype.getColorDepth(known);
    return Object.assign(recording, { isTTY: true, columns, getColorDepth });
  };
  return { written, terminal: new Terminal(stream("out"), stream("err"), known.TERM) };
}
