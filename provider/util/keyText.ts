/** The characters that may follow a key's prefix, as the content of a character class. */
export const KEY_CHARACTERS = String.raw`\w~+/=.\-`;

/** A complete key, not a masked one such as `ek-proxy-abcd...1234` or `ek-proxy-****`. */
const WHOLE_KEY = new RegExp(String.raw`^ek-proxy-(?!.*\.\.)[${KEY_CHARACTERS}]{1,247}$`);

export function isWholeKey(value: unknown): value is string {
  return typeof value === "string" && WHOLE_KEY.test(value);
}

/** Whether the text may be this key with its end, start or middle left out, as in a list. */
export function isPartOf(shown: string, key: string): boolean {
  if (shown.length >= key.length) return false;
  let start = 0;
  while (start < shown.length && shown[start] === key[start]) start++;
  return key.endsWith(shown.slice(start));
}

/** Whether one is the other with something missing or added, as in an incomplete copy, or in another case. */
export function resembles(copy: string, key: string): boolean {
  const [one, other] = [copy, key].map((text) => text.toLowerCase().replace(/^ek-proxy-/, "")) as [
    string,
    string,
  ];
  return one.includes(other) || other.includes(one);
}

/** A mask made of characters that a key may contain. */
const MASK = /([xX_~+/=-])\1{3}/;

/** Whether the value is a complete key that the server cannot have masked. */
export function isShownWhole(value: unknown): value is string {
  return isWholeKey(value) && !MASK.test(value);
}
