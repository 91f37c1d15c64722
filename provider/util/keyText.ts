/** The characters that may follow a key's prefix, as the inside of a character class: for reading keys and for redaction. */
export const KEY_CHARACTERS = String.raw`\w~+/=.\-`;

/** A key in full; a masked one, such as `ek-proxy-abcd...1234` or `ek-proxy-****`, is none. */
const WHOLE_KEY = new RegExp(String.raw`^ek-proxy-(?!.*\.\.)[${KEY_CHARACTERS}]{1,247}$`);

export function isWholeKey(value: unknown): value is string {
  return typeof value === "string" && WHOLE_KEY.test(value);
}

/** Whether a text of a list may be a part of this key, cut at its end, at its start or in its middle. */
export function isPartOf(shown: string, key: string): boolean {
  if (shown.length >= key.length) return false;
  let start = 0;
  while (start < shown.length && shown[start] === key[start]) start++;
  return key.endsWith(shown.slice(start));
}

/** A mask of characters that a key may have as well. */
const MASK = /([xX_~+/=-])\1{3}/;

/** A key in full, and none that the server may have masked in part. */
export function isShownWhole(value: unknown): value is string {
  return isWholeKey(value) && !MASK.test(value);
}
