/** The code of a failed system call, such as `ENOENT`. Undefined: the error has none. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}
