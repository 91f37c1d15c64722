/** The engine's placeholder for a value that is not known yet, at any depth. Fixed by the engine. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export function containsUnknown(value: unknown, depth = 0): boolean {
  if (value === UNKNOWN) return true;
  if (typeof value !== "object" || value === null || depth > 32) return false;
  return Object.values(value).some((entry) => containsUnknown(entry, depth + 1));
}
