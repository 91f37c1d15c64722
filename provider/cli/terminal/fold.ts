/** Keeps the words on both sides of it on one line. Shown as a space. */
export const TIE = "\u00A0";

/** Too narrow a line would have a word each. */
const MIN_COLUMNS = 20;

/**
 * Wraps a line at words. Text between backticks is to be copied, and stays together; so does a word that is longer than the line.
 *
 * @param indent of the further lines. Default: two more spaces than the line has.
 */
export function fold(line: string, columns: number, indent = `${/^ */.exec(line)?.[0] ?? ""}  `): string[] {
  if (columns === Infinity) return [line];
  const limit = Math.max(columns, MIN_COLUMNS);
  const lines: string[] = [];
  let current = "";
  for (const [gap, word = ""] of line.matchAll(/ *((?:`[^`]*`|[^ ])+)/g)) {
    if (current.trim() === "" || current.length + gap.length <= limit) current += gap;
    else {
      lines.push(current);
      current = indent + word;
    }
  }
  return [...lines, current].map((done) => done.replaceAll(TIE, " "));
}
