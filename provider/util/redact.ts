import { KEY_CHARACTERS } from "./keyText";

/** Replaces a secret in a text. */
export const REDACTED = "[redacted]";

/** The rest of a key in a text: its characters, escaped ones, and those that mask it. Does not end with a full stop. */
const REST = `[${KEY_CHARACTERS}%*•…]*[${KEY_CHARACTERS.replace(".", "")}%*•…]`;

/** The start of a key: not within a word, except after an escape. */
const START = String.raw`(?<=^|[^A-Za-z0-9]|%[0-9A-Fa-f]{2}|\\[bfnrt]|\\u[0-9A-Fa-f]{4})`;

const HYPHEN = "(?:-|%2[Dd])";

/** Anything that looks like a key of this vendor or a JWT. */
const KEY_LIKE = new RegExp(
  [
    String.raw`${START}[Ee][Kk]${HYPHEN}(?:[Pp][Rr][Oo][Xx][Yy]|[Dd][Ee][Vv])${HYPHEN}(?=[.%*•…-]*[\w~+/=])${REST}`,
    `${START}[Ee][Kk]${HYPHEN}(?!(?:proxy|dev)-)(?=[${KEY_CHARACTERS}%*•…]{6})${REST}`,
    String.raw`eyJ[A-Za-z0-9_-]{4,}(?:\.+[A-Za-z0-9_-]+)*`,
    String.raw`Bearer\s+\S{8,}`,
  ].join("|"),
  "g",
);

/** The password of a URL. A port is not a password, nor is an `@` in a path. */
const URL_PASSWORD = /(:\/\/[^\s:/?#@"']*):(?!\d{1,5}(?:[/?#"'\s]|$))[^\s"'<>]{1,1000}@/g;
const URL_PARAMETER = /([?&]\w*(?:password|secret|token)\w*=)[^\s&"'<>]+/gi;

/** Not secret, and would make common words look like secrets. */
const KIND_PREFIX = /^ek-(?:proxy-|dev-)?/;

/** A part of this length is secret too: a server may split a secret over several fields. */
const PART_LENGTH = 8;

/** A longer text is cut first. */
const MAX_TEXT_LENGTH = 20_000;

/**
 * Removes secrets from a text: what looks like a key, passwords of URLs, and every part (8 characters or more) of the given secrets,
 * plain, reversed in case, base64, hexadecimal or URL-encoded.
 */
export function redact(text: string, secrets: Iterable<string> | SecretParts = []): string {
  const safe = text
    .slice(0, MAX_TEXT_LENGTH)
    .replace(URL_PASSWORD, `$1:${REDACTED}@`)
    .replace(URL_PARAMETER, `$1${REDACTED}`)
    .replace(KEY_LIKE, REDACTED);
  const parts = secrets instanceof SecretParts ? secrets : new SecretParts(secrets);
  return parts.removeFrom(safe);
}

/** The parts of secrets, for many texts: finding them takes no longer with more secrets. */
export class SecretParts {
  /** Lower case, by their length: a short secret is a part itself. */
  readonly #byLength = new Map<number, Set<string>>();

  constructor(secrets: Iterable<string> = []) {
    for (const secret of secrets) this.add(secret);
  }

  add(secret: string): void {
    for (const form of encodedForms(secret)) {
      const length = Math.min(PART_LENGTH, form.length);
      const parts = this.#byLength.get(length) ?? new Set();
      this.#byLength.set(length, parts);
      const needle = lowerCase(form);
      for (let at = 0; at + length <= needle.length; at++) parts.add(needle.slice(at, at + length));
    }
  }

  removeFrom(text: string): string {
    let safe = text;
    for (const [length, parts] of this.#byLength) safe = removeParts(safe, parts, length);
    return safe;
  }
}

/**
 * Makes a foreign text safe for a message: no secret, one line, no control characters, at most `maxLength`
 * characters.
 */
export function quotable(text: string, secrets: Iterable<string> = [], maxLength = 200): string {
  // Invisible characters may be inside a key, so they are removed first.
  const oneLine = redact(text.replace(/\p{Cf}/gu, ""), secrets)
    .replace(/[\p{C}\p{Z}\s]+/gu, " ")
    .trim();
  return oneLine.length > maxLength ? `${oneLine.slice(0, maxLength - 1)}…` : oneLine;
}

function* encodedForms(secret: string): Generator<string> {
  const core = secret.replace(KIND_PREFIX, "");
  if (core === "") return;
  yield core;
  yield encodeURIComponent(core);
  const bytes = Buffer.from(secret, "utf8");
  yield bytes.toString("hex");
  // base64 looks different at each of the three alignments; the first and last characters mix with neighbours.
  for (let offset = 0; offset < 3; offset++) {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    yield encoded.slice(offset === 0 ? 0 : offset + 1, -1);
  }
}

function removeParts(text: string, parts: ReadonlySet<string>, part: number): string {
  if (part === 0 || text.length < part) return text;
  const haystack = lowerCase(text);
  let safe = "";
  let kept = 0;
  for (let at = 0; at + part <= haystack.length; at++) {
    if (!parts.has(haystack.slice(at, at + part))) continue;
    let end = at + part;
    while (end < haystack.length && parts.has(haystack.slice(end - part + 1, end + 1))) end++;
    safe += text.slice(kept, at) + REDACTED;
    kept = end;
    at = end - 1;
  }
  return safe + text.slice(kept);
}

/** Of ASCII letters only: others may change the length, and with it every index. */
function lowerCase(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
