import { clearLine, cursorTo } from "node:readline";
import { redact, SecretParts } from "../../util/redact";
import { oneLine } from "./plainText";

/** A terminal or a pipe. */
export interface Stream {
  write(text: string): unknown;
  isTTY?: boolean | undefined;
  columns?: number | undefined;
}

/**
 * Writes results to stdout and progress to stderr. On a terminal progress is one line that is overwritten; elsewhere it is plain
 * lines. Redacts secrets: everything that looks like a key, and the API keys in use.
 */
export class Terminal {
  readonly #out: Stream;
  readonly #err: Stream;
  readonly #secrets = new SecretParts();
  #hasStatus = false;
  #lastProgress = "";

  constructor(out: Stream, err: Stream) {
    this.#out = out;
    this.#err = err;
  }

  /** Adds a secret to redact. */
  hide(secret: string): void {
    this.#secrets.add(secret);
  }

  /** Writes one or more lines of the result. */
  result(text: string): void {
    this.#clearStatus();
    this.#out.write(`${this.#safe(text)}\n`);
  }

  /**
   * Writes a line with an API key of the simulator in clear, for users to copy: the key is valid only for a process on this
   * machine. Must not be used for anything else.
   */
  simulatedSecret(text: string): void {
    this.#clearStatus();
    this.#out.write(`${text}\n`);
  }

  /** Writes the result for programs. */
  json(value: unknown): void {
    this.#writeJson(value, 2);
  }

  /** Writes one of many results for programs, on a line of its own. */
  jsonLine(value: unknown): void {
    this.#writeJson(value, 0);
  }

  /** Shows what the command is doing. */
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

  /** Shows one of many small steps, on a terminal only: elsewhere each would add a line. */
  tick(text: string): void {
    if (this.#err.isTTY === true) this.progress(text);
  }

  /** Writes a lasting line for the user. */
  note(text: string): void {
    this.#clearStatus();
    this.#err.write(`${this.#safe(text)}\n`);
  }

  /** Clears the progress line. */
  end(): void {
    this.#clearStatus();
  }

  #writeJson(value: unknown, indentation: number): void {
    this.#clearStatus();
    const replacer = (_name: string, entry: unknown) =>
      typeof entry === "string" ? redact(entry, this.#secrets) : entry;
    this.#out.write(`${JSON.stringify(value, replacer, indentation)}\n`);
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
