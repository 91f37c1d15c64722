/** Compares versions such as `3.259.0` by their numbers. */
export function isAtLeast(version: string, oldest: string): boolean {
  return version.replace(/^v/, "").localeCompare(oldest, "en", { numeric: true }) >= 0;
}
