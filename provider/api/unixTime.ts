/** The end of the year 9999. A larger number is in milliseconds. */
export const MAX_UNIX_S = 253_402_300_799;

/** Whole Unix seconds of an instant in seconds or milliseconds. Undefined outside the years 1970 to 9999. */
export function readUnixS(value: number): number | undefined {
  const seconds = Math.floor(value > MAX_UNIX_S ? value / 1_000 : value);
  return seconds >= 0 && seconds <= MAX_UNIX_S ? seconds : undefined;
}

/** An expiry, negative for never. An instant after the year 9999 becomes its end, not "never". */
export function readExpiryUnixS(value: number): number {
  return value < 0 ? Math.floor(value) : (readUnixS(value) ?? MAX_UNIX_S);
}
