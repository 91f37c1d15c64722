import { clearLine, cursorTo } from "node:readline";
import { redact, SecretParts } from "../../util/redact";
import { layOut, MAX_PROSE_COLUMNS, type Block } from "./layout";
import { escapeUnseen, oneLine } from "./plainText";
import { styled, type Stream, type Tone } from "./style";

/** The help's width in a pipe, of which it is wrapped for the reader, too. */
const PIPED_HELP_COLUMNS = 80;

/**
 * Writes results to stdout and progress to stderr. A terminal gets lines that are wrapped at words, and progress as one line that
 * is overwritten; a pipe gets plain lines. Redacts secrets: everything that looks like a key, and the API keys in use.
 */
export class Terminal {
  readonly #out: Stream;
  readonly #err: Stream;
  readonly #secrets = new SecretParts();
  /** Whether a line of progress can be overwritten. */
  readonly #isLive: boolean;
  #hasStatus = false;
  #lastProgress = "";

  /** @param term the terminal's type. `dumb`: it knows no control sequences. */
  constructor(out: Stream, err: Stream, term = process.env["TERM"]) {
    this.#out = out;
    this.#err = err;
    this.#isLive = err.isTTY === true && term !== "dumb";
  }

  /** The width of a help text. */
  get helpColumns(): number {
    return Math.min(columnsOf(this.#out) ?? PIPED_HELP_COLUMNS, MAX_PROSE_COLUMNS);
  }

  /** The title of a part of a help text. */
  title(text: string): string {
    return styled(text, "heading", this.#out);
  }

  /** A part of a help text. */
  helpSection(title: string, blocks: readonly Block[]): string {
    const columns = this.helpColumns;
    const layout = { columns, safe: (text: string) => text, style: (text: string) => text };
    return ["", this.title(title), ...blocks.flatMap((block) => layOut(block, layout))].join("\n");
  }

  /** Writes a help text, which is wrapped already. */
  help(text: string): void {
    this.#out.write(text);
  }

  /** Adds a secret to redact. */
  hide(secret: string): void {
    this.#secrets.add(secret);
  }

  /** Writes a part of the result. */
  result(...blocks: readonly Block[]): void {
    this.#write(this.#out, blocks);
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
    if (!this.#isLive) {
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
    if (this.#isLive) this.progress(text);
  }

  /** Writes lasting lines for the user. */
  note(...blocks: readonly Block[]): void {
    this.#write(this.#err, blocks);
  }

  /** Clears the progress line. */
  end(): void {
    this.#clearStatus();
  }

  #writeJson(value: unknown, indentation: number): void {
    this.#clearStatus();
    const replacer = (_name: string, entry: unknown) =>
      typeof entry === "string" ? redact(entry, this.#secrets) : entry;
    this.#out.write(`${escapeUnseen(JSON.stringify(value, replacer, indentation))}\n`);
  }

  #write(stream: Stream, blocks: readonly Block[]): void {
    this.#clearStatus();
    const layout = {
      columns: columnsOf(stream),
      safe: (text: string) => this.#safe(text),
      style: (text: string, tone: Tone) => styled(text, tone, stream),
    };
    stream.write(`${blocks.flatMap((block) => layOut(block, layout)).join("\n")}\n`);
  }

  #safe(text: string): string {
    return redact(oneLine(text), this.#secrets);
  }

  #clearStatus(): void {
    if (!this.#hasStatus) return;
    cursorTo(this.#err, 0);
    clearLine(this.#err, 0);
    this.#hasStatus = false;
  }
}

/** Undefined: not a terminal, or one that does not tell. */
function columnsOf({ isTTY, columns }: Stream): number | undefined {
  return isTTY === true && columns ? columns : undefined;
}
