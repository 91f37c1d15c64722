/** The code of a failed system call, such as `ENOENT`. Undefined: the error has none. */
export function errorCode(error: unknown): string | undefined {
  const code = errorField(error, "code");
  return typeof code === "string" || typeof code === "number" ? String(code) : undefined;
}

/** A field that only some errors have. Undefined: the error does not have it. */
export function errorField(error: unknown, name: string): unknown {
  return error instanceof Error ? (Reflect.get(error, name) as unknown) : undefined;
}
