import { tableLines, type Table } from "./table";
import type { Tone } from "./style";
import { fold } from "./fold";

/** A part of a report. A text is prose: each of its lines is wrapped at words. */
export type Block = string | Paragraph | Copy | Table;

/** Prose beside a head. */
export interface Paragraph {
  /** Not wrapped. The lines of the text begin where it ends. */
  head: string;
  text: string;
  /** Colours the first word of the head. */
  tone?: Tone | undefined;
}

/** A line to copy, such as a command: never wrapped. */
export interface Copy {
  copy: string;
}

export interface Layout {
  /** Undefined: not a terminal, so nothing is wrapped. */
  columns: number | undefined;
  /** Makes a text safe to print, on one line. */
  safe: (text: string) => string;
  style: (text: string, tone: Tone) => string;
}

/** Longer lines of prose are hard to read. */
export const MAX_PROSE_COLUMNS = 100;

/** Of the lines beside a head that takes half of the width. */
const NARROW_INDENT = 4;

/** The lines of a block. */
export function layOut(block: Block, { columns, safe, style }: Layout): string[] {
  const limit = columns === undefined ? Infinity : Math.min(columns, MAX_PROSE_COLUMNS);
  if (typeof block === "string") return block.split("\n").flatMap((line) => fold(safe(line), limit));
  if ("copy" in block) return [safe(block.copy)];
  if ("rows" in block) {
    const rows = block.rows.map((row) => row.map(safe));
    return tableLines({ ...block, rows }, { columns, style });
  }
  const { head, text, tone } = block;
  const indent = " ".repeat(head.length < limit / 2 ? head.length : NARROW_INDENT);
  const lines = text
    .split("\n")
    .flatMap((line, at) => fold((at === 0 ? head : indent) + safe(line), limit, indent));
  if (tone === undefined) return lines;
  return lines.map((line, at) => (at === 0 ? line.replace(/\S+/, (word) => style(word, tone)) : line));
}
