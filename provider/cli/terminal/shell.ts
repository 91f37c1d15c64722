/** Quotes the words of a command for a POSIX shell. */
export function shellWords(words: readonly string[]): string {
  return words.map(shellWord).join(" ");
}

/** Quotes a word for a POSIX shell. */
export function shellWord(text: string): string {
  return /^[\w./:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
