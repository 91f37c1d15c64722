/** A text to search for secrets, and where it stands. */
export interface Place {
  path: string;
  text: string;
}

/** Any run of 15 characters of a form holds one of these whole, wherever it begins. */
const PART_LENGTH = 12;
const PART_STEP = 4;

/**
 * Looks for the secrets in clear, URL-encoded, hexadecimal and in base64 at each alignment, whole or any part of 15
 * characters or more, since a server may split one over several fields. Says what was found where.
 */
export function secretsFoundIn(places: readonly Place[], secrets: Iterable<string>): string[] {
  const found = new Set<string>();
  for (const secret of secrets) {
    for (const [form, part] of partsOf(secret)) {
      for (const { path, text } of places) {
        if (text.includes(part)) found.add(`${form} of ${secret.slice(0, 3)}…${secret.slice(-4)} in ${path}`);
      }
    }
  }
  return [...found];
}

function* partsOf(secret: string): Generator<[form: string, part: string]> {
  for (const [form, text] of formsOf(secret)) {
    for (let at = 0; at + PART_LENGTH <= text.length; at += PART_STEP) {
      yield [form, text.slice(at, at + PART_LENGTH)];
    }
  }
}

function formsOf(secret: string): [form: string, text: string][] {
  // Without the prefix that says its kind, and that many a text has.
  const core = secret.replace(/^ek-(?:proxy-|dev-)?/, "");
  const bytes = Buffer.from(core, "utf8");
  const base64 = [0, 1, 2].map((offset): [string, string] => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    // The first and last characters mix with the neighbours.
    return [`base64 at ${offset}`, encoded.slice(offset === 0 ? 0 : offset + 1, -1)];
  });
  const url = encodeURIComponent(core);
  return [
    ["clear", core],
    ["upper case", core.toUpperCase()],
    ["hexadecimal", bytes.toString("hex")],
    ...(url === core ? [] : [["URL-encoded", url] as [string, string]]),
    ...base64,
  ];
}
