import { quotable, redact } from "../../provider/util/redact";

export interface Finding {
  question: string;
  /** What was sent, in order. */
  request: string;
  answer: string;
  /** What follows from the answer. */
  verdict: string;
  /** Whether the question is still open. */
  open: boolean;
}

const HEADINGS = ["Question", "Request", "Answer", "Verdict"] as const;
const CELL_LENGTH = 240;

/** What a run has found, without any key. */
export class Report {
  readonly #findings: Finding[] = [];
  readonly #secrets = new Set<string>();

  /** This text appears in no output from now on. */
  hide(secret: string): void {
    this.#secrets.add(secret);
  }

  /** @param verdict undefined: the question is still open, for the reason in `why`. */
  add(question: string, request: string, answer: string, verdict: string | { why: string }): void {
    const open = typeof verdict !== "string";
    this.#findings.push({ question, request, answer, verdict: open ? verdict.why : verdict, open });
  }

  get findings(): readonly Finding[] {
    return this.#findings;
  }

  /** Any text, safe to print. */
  safe(text: string): string {
    return redact(text, this.#secrets);
  }

  /** A table in Markdown, and a line with the number of questions. */
  render(): string {
    const rows = this.#findings.map(({ question, request, answer, verdict, open }) => [
      question,
      request,
      answer,
      `${open ? "open" : "settled"}: ${verdict}`,
    ]);
    const lines = [HEADINGS, HEADINGS.map(() => "---"), ...rows].map(
      (cells) => `| ${cells.map((cell) => this.#cell(cell)).join(" | ")} |`,
    );
    const open = this.#findings.filter((finding) => finding.open).length;
    return [...lines, "", `${this.#findings.length - open} settled, ${open} open.`].join("\n");
  }

  #cell(text: string): string {
    return quotable(text, this.#secrets, CELL_LENGTH).replaceAll("|", String.raw`\|`);
  }
}
