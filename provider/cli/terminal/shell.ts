/** A command that a user can copy into a POSIX shell. */
export function shellWords(words: readonly string[]): string {
  return words.map(shellWord).join(" ");
}

/** Quotes a word so that a POSIX shell passes it on unchanged. */
export function shellWord(text: string): string {
  return /^[\w./:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
