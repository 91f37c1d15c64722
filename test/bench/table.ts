/** The result of a section, for the output and the JSON file. */
export interface SectionResult {
  title: string;
  /** What was measured and how. */
  notes: string[];
  tables: Table[];
  targets: Target[];
}

export interface Table {
  title: string;
  columns: string[];
  rows: (string | number)[][];
}

export interface Target {
  what: string;
  /** The measured figure. undefined: none, which counts as not met. */
  measured: number | undefined;
  atMost: number;
  unit?: string;
}

export function isMet({ measured, atMost }: Target): boolean {
  return measured !== undefined && measured <= atMost;
}

export function renderSection({ title, notes, tables, targets }: SectionResult): string {
  const lines = [`\n== ${title} ==`, ...notes.map((note) => `   ${note}`)];
  for (const table of tables) lines.push("", ...renderTable(table));
  if (targets.length > 0) lines.push("", "targets:", ...targets.map(renderTarget));
  return lines.join("\n");
}

function renderTable({ title, columns, rows }: Table): string[] {
  const cells = [columns, ...rows.map((row) => row.map(String))];
  const widths = columns.map((_, at) => Math.max(...cells.map((row) => (row[at] ?? "").length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join("  ")
      .trimEnd();
  return [title, ...cells.map(line)];
}

function renderTarget(target: Target): string {
  const { what, measured, atMost, unit = "" } = target;
  const figure = measured === undefined ? "no figure" : `${round(measured)}${unit}`;
  return `  ${isMet(target) ? "met    " : "NOT met"}  ${what}: ${figure} (target: at most ${atMost}${unit})`;
}

/** Rounds to four significant digits. */
export function round(value: number): number {
  return Number(value.toPrecision(4));
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Formats a duration. */
export function duration(ms: number): string {
  if (ms < 60_000) return `${round(ms / 1_000)} s`;
  return ms < 7_200_000 ? `${round(ms / 60_000)} min` : `${round(ms / 3_600_000)} h`;
}
