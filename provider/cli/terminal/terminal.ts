import { clearLine, cursorTo } from "node:readline";
import { redact } from "../../util/redact";
import { oneLine } from "./plainText";

/** A stream as a terminal or a pipe has it. */
export interface Stream {
  write(text: string): unknown;
  isTTY?: boolean | undefined;
  columns?: number | undefined;
}

/**
 * What a person or a pipeline reads: results on stdout, progress on stderr. On a terminal progress takes one line that is
 * written over; elsewhere it is plain lines. No secret passes: whatever looks like a key is taken out, and the API keys in
 * use by name.
 */
export class Terminal {
  readonly #out: Stream;
  readonly #err: Stream;
  readonly #secrets = new Set<string>();
  #hasStatus = false;
  #lastProgress = "";

  constructor(out: Stream, err: Stream) {
    this.#out = out;
    this.#err = err;
  }

  /** A text that may never be shown. */
  hide(secret: string): void {
    this.#secrets.add(secret);
  }

  /** One or more lines of the result. */
  result(text: string): void {
    this.#clearStatus();
    this.#out.write(`${this.#safe(text)}\n`);
  }

  /**
   * A line of the result with an API key of the simulator's in clear: it opens nothing but a process on this machine, and is
   * printed for people to copy. Nothing else may pass here.
   */
  simulatedSecret(text: string): void {
    this.#clearStatus();
    this.#out.write(`${text}\n`);
  }

  /** The result for programs. */
  json(value: unknown): void {
    this.#clearStatus();
    const replacer = (_name: string, entry: unknown) =>
      typeof entry === "string" ? redact(entry, this.#secrets) : entry;
    this.#out.write(`${JSON.stringify(value, replacer, 2)}\n`);
  }

  /** What is being done just now. */
  progress(text: string): void {
    const line = this.#safe(text);
    if (this.#err.isTTY !== true) {
      if (line !== this.#lastProgress) this.#err.write(`${line}\n`);
      this.#lastProgress = line;
      return;
    }
    this.#clearStatus();
    this.#err.write(line.slice(0, Math.max(20, (this.#err.columns ?? 80) - 1)));
    this.#hasStatus = true;
  }

  /** One of many small steps: seen on a terminal, and nowhere else, where each would be a line. */
  tick(text: string): void {
    if (this.#err.isTTY === true) this.progress(text);
  }

  /** Something that a person should see, and that stays. */
  note(text: string): void {
    this.#clearStatus();
    this.#err.write(`${this.#safe(text)}\n`);
  }

  /** Takes the progress line away. */
  end(): void {
    this.#clearStatus();
  }

  #safe(text: string): string {
    return text
      .split("\n")
      .map((line) => redact(oneLine(line), this.#secrets))
      .join("\n");
  }

  #clearStatus(): void {
    if (!this.#hasStatus) return;
    const stream = this.#err as NodeJS.WritableStream;
    cursorTo(stream, 0);
    clearLine(stream, 0);
    this.#hasStatus = false;
  }
}
