import { unixSOf } from "./instants";

/**
 * Whether the API may have made the shown value of the declared one: rounded, cut, trimmed or in another spelling. A
 * change outside Pulumi that looks the same is then no difference; it allows at most a cent or a minute more than declared.
 */

const CENT = 0.01;

/** Fewer decimal places, and a difference of less than a hundredth of a credit. */
export function isRounded(shown: number, declared: number): boolean {
  return shown > 0 && Math.abs(declared - shown) < CENT && decimalPlaces(shown) < decimalPlaces(declared);
}

function decimalPlaces(value: number): number {
  const [digits = "", exponent = "0"] = String(value).split("e");
  return Math.max(0, (digits.split(".")[1] ?? "").length - Number(exponent));
}

/** The whole minute or hour before the instant, or the whole minute after it. */
export function isWholeUnit(shown: string, declared: string): boolean {
  const [shownS, declaredS] = [unixSOf(shown), unixSOf(declared)];
  return (
    shownS === Math.ceil(declaredS / 60) * 60 ||
    [60, 3_600].some((unitS) => shownS === Math.floor(declaredS / unitS) * unitS)
  );
}

/** A shorter rest of a name is another name. */
const MIN_CUT_LENGTH = 8;

/** Other spaces, upper and lower case, or cut at its end. */
export function isRespelledName(shown: string, declared: string): boolean {
  const [left, whole] = [foldName(shown), foldName(declared)];
  return left === whole || ([...left].length >= MIN_CUT_LENGTH && whole.startsWith(left));
}

function foldName(name: string): string {
  // A cut in the middle of a character leaves a replacement character.
  return foldText(name.replace(/\uFFFD+\s*$/u, "").replace(/\s+/gu, " "));
}

export function foldText(text: string): string {
  return text.trim().normalize("NFC").toLowerCase();
}

const MAPPED = /^::ffff:(?<high>[0-9a-f]{1,4}):(?<low>[0-9a-f]{1,4})(?:\/(?<length>\d+))?$/;

/** An IPv4 address or block for its form in IPv6. */
export function foldBlock(block: string): string {
  const { high, low, length } = MAPPED.exec(block)?.groups ?? {};
  if (high === undefined || low === undefined || (length !== undefined && Number(length) < 96)) return block;
  const address = [high, low].flatMap((group) => [
    Number.parseInt(group, 16) >> 8,
    Number.parseInt(group, 16) & 255,
  ]);
  return length === undefined ? address.join(".") : `${address.join(".")}/${Number(length) - 96}`;
}

type List = string | readonly string[];

/** The same entries in other spellings. */
export function isRespelledList(fold: (entry: string) => string): (shown: List, declared: List) => boolean {
  const folded = (list: List) => [...new Set([list].flat().map(fold))].toSorted().join("\n");
  return (shown, declared) =>
    typeof shown !== "string" && typeof declared !== "string" && folded(shown) === folded(declared);
}

/**
 * Whether a list has an entry that the declared one lacks, in any spelling.
 *
 * @param everything the word for a list without limits.
 */
export function hasMore(
  everything: string,
  fold: (entry: string) => string,
): (shown: List, declared: List) => boolean {
  return (shown, declared) => {
    if (declared === everything) return false;
    const known = new Set([declared].flat().map(fold));
    return shown === everything || [shown].flat().some((entry) => !known.has(fold(entry)));
  };
}
