/** A word of a command that is printed for a POSIX shell: whatever it is, the shell passes it on as it is. */
export function shellWord(text: string): string {
  return /^[\w./:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
