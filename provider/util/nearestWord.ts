/** Finds the word nearest to what was written, and its edit distance. Ignores case. */
export function nearestWord(written: string, words: readonly string[]): { word: string; distance: number } {
  const distances = words.map((word) => ({
    word,
    distance: editDistance(written.toLowerCase(), word.toLowerCase()),
  }));
  return distances.reduce((nearest, other) => (other.distance < nearest.distance ? other : nearest));
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (const [i, character] of [...a].entries()) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      const replaced = (row[j] as number) + (character === b[j] ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] as number) + 1, (next[j] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
