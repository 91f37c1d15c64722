import { UNFIT_CHARACTER } from "../../util/unfitCharacter";
import { MAX_NAME_LENGTH } from "./values";

const BASE32 = "abcdefghijklmnopqrstuvwxyz234567";
const SUFFIX_LENGTH = 7;

/**
 * Generates a name that no other key has: the resource's name, cut to fit, and 7 random characters. Unique for each
 * attempt to create a key, so that a key whose creation was not recorded is found by its name.
 */
export function generateName(
  resourceName: string | undefined,
  randomBytes: (count: number) => Uint8Array,
): string {
  const suffix = Array.from(randomBytes(SUFFIX_LENGTH), (byte) => BASE32[byte % BASE32.length]).join("");
  // The API may change other characters.
  const fit = [...(resourceName ?? "").normalize("NFC")].filter(
    (character) => !UNFIT_CHARACTER.test(character),
  );
  const cut = [...fit.join("").trim()].slice(0, MAX_NAME_LENGTH - SUFFIX_LENGTH - 1).join("");
  const prefix = cut.replace(/[-\s]+$/, "");
  return `${prefix === "" ? "key" : prefix}-${suffix}`;
}
