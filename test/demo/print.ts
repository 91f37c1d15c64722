import { styleText } from "node:util";

type Style = Parameters<typeof styleText>[0];

const WIDTH = 110;

/** Coloured on a terminal, unless NO_COLOR is set. */
export function styled(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stdout });
}

export function line(text = ""): void {
  process.stdout.write(`${text}\n`);
}

export function title(text: string): void {
  line(styled("bold", text));
}

/** The heading of a step, and its command. */
export function step(number: number, what: string, command?: string): void {
  line();
  title(`${number}. ${what}`);
  if (command !== undefined) line(`   ${styled("cyan", `$ ${command}`)}`);
}

/** A remark under a step, wrapped at words. */
export function note(text: string, style?: Style): void {
  for (const row of wrapped(text, WIDTH - 3)) line(`   ${style === undefined ? row : styled(style, row)}`);
}

function wrapped(text: string, width: number): string[] {
  const rows: string[] = [];
  for (const word of text.split(" ")) {
    const last = rows.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) rows.push(word);
    else rows[rows.length - 1] = `${last} ${word}`;
  }
  return rows;
}

/** Rows under a heading, in columns. `paint` colours a cell after it was padded. */
export function table(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  paint: (cell: string, padded: string) => string = (_, padded) => padded,
): void {
  const widths = header.map((_, column) =>
    Math.max(...[header, ...rows].map((row) => (row[column] ?? "").length)),
  );
  const padded = (row: readonly string[]) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0));
  line(`   ${styled("dim", padded(header).join("  ").trimEnd())}`);
  for (const row of rows) {
    const cells = padded(row).map((cell, column) => paint(row[column] ?? "", cell));
    line(`   ${cells.join("  ").trimEnd()}`);
  }
}
