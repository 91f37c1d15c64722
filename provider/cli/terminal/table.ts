import { fold, TIE } from "./fold";
import type { Tone } from "./style";

/** Rows in columns. The first row is the heading. */
export interface Table {
  rows: readonly (readonly string[])[];
  /** The number of spaces before each row. */
  indent?: number;
}

/**
 * Lays a table out, a line for each row. A terminal on which that does not fit gets a paragraph for each row.
 *
 * @param table of texts without line breaks.
 */
export function tableLines(
  { rows, indent = 0 }: Table,
  { columns = Infinity, style }: { columns: number | undefined; style: (text: string, tone: Tone) => string },
): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, at) => (widths[at] = Math.max(widths[at] ?? 0, cell.length)));
  }
  const margin = " ".repeat(indent);
  const lines = rows.map((row) => {
    const cells = row.map((cell, at) => cell.padEnd(widths[at] ?? 0));
    return (margin + cells.join("  ")).trimEnd();
  });
  if (lines.some(({ length }) => length > columns)) return paragraphs({ rows, indent }, columns);
  return lines.map((line, at) => (at === 0 ? style(line, "heading") : line));
}

function paragraphs({ rows: [heading = [], ...rows], indent = 0 }: Table, columns: number): string[] {
  return rows.flatMap(([name = "", ...cells]) => {
    const facts = cells.flatMap((cell, at) => (cell === "" ? [] : `${heading[at + 1] ?? ""} ${cell}`.trim()));
    const tied = facts.map((fact) => (fact.length < columns / 2 ? fact.replaceAll(" ", TIE) : fact));
    return fold(`${" ".repeat(indent)}${name}: ${tied.join(", ")}`, columns);
  });
}

/** `1 key`, `2 keys`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** `1 credit`, `0.5 credits`. @param kind such as `unused `. */
export function credits(value: number, kind = ""): string {
  const text = amount(value);
  return `${text} ${kind}${text === "1" ? "credit" : "credits"}`;
}

/** Rounds credits to six decimals, without the noise of floating-point sums. */
export function amount(value: number): string {
  return String(Math.round(value * 1e6) / 1e6);
}
