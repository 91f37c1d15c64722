/** Fixed by the engine: how it marks a secret in a state, and in the properties that it exchanges with a plugin. */
const MARK = "4dabf18193072939515e22adb298388d";
const SIGNATURE = "1b47061264138c4ac30d75fd1eb44270";

/** A secret for a state or a file that the engine reads, in clear; the engine encrypts it when it stores it. */
export function secretEnvelope(value: unknown): Record<string, string> {
  return { [MARK]: SIGNATURE, plaintext: JSON.stringify(value) };
}

/** Marks a value in a verb's result as a secret, even if the resource's inputs do not. */
export function secretResult(value: unknown): Record<string, unknown> {
  return { [MARK]: SIGNATURE, value };
}

/** A value of a state with every secret in it in clear; a secret that is encrypted becomes undefined. */
export function unwrapSecrets(value: unknown): unknown {
  return withoutMarks(value, ({ plaintext }) =>
    typeof plaintext === "string" ? (JSON.parse(plaintext) as unknown) : undefined,
  );
}

/** A value that the engine sends to a plugin, with every secret in it in clear. */
export function inClear(value: unknown): unknown {
  return withoutMarks(value, ({ value: secret }) => inClear(secret));
}

/** Whether a value that the engine sends to a plugin is a secret, or contains one. */
export function isSecret(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return isMarked(value) || Object.values(value).some(isSecret);
}

interface Marked {
  plaintext?: unknown;
  value?: unknown;
}

function isMarked(value: object): value is Marked {
  return (value as { [MARK]?: unknown })[MARK] === SIGNATURE;
}

function withoutMarks(value: unknown, open: (secret: Marked) => unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((entry) => withoutMarks(entry, open));
  if (isMarked(value)) return open(value);
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, withoutMarks(entry, open)]));
}
