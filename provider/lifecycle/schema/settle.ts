import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { sortedJson } from "../../util/sortedJson";
import { fieldOf, inputNames, isShownAs, type InputName, type ProxyKeyInputs } from "./inputs";

/** By input: the hash of a declared value and of what the API makes of it. The value itself may be a secret. */
export type Altered = Readonly<Record<string, string>>;

/**
 * The inputs of a key, as declared where the API has only rewritten them: neither a preview nor a refresh then shows a
 * change. A wider value always differs.
 *
 * @param altered what the API was seen to make of a declared value.
 */
export function asDeclared(
  shown: ProxyKeyInputs,
  declared: Partial<ProxyKeyInputs>,
  altered: Altered = {},
): ProxyKeyInputs {
  const kept = inputNames.filter((name) => isSettled(name, shown[name], declared[name], altered));
  return { ...shown, ...Object.fromEntries(kept.map((name) => [name, declared[name]])) };
}

function isSettled(name: InputName, shown: unknown, declared: unknown, altered: Altered): boolean {
  const field = fieldOf(name);
  if (field.fromWire === undefined || declared === undefined || isDeepStrictEqual(shown, declared))
    return false;
  if (field.isShownAs !== undefined && isShownAs(field, shown, declared)) return true;
  return isRewritten(name, shown, declared) || altered[name] === alteration(shown, declared);
}

/** Whether the API may have rewritten the declared value, without allowing more. */
export function isRewritten(name: InputName, shown: unknown, declared: unknown): boolean {
  const field = fieldOf(name);
  return field.isWider?.(shown, declared) !== true && field.isRewritten?.(shown, declared) === true;
}

/** Identifies what the API made of a declared value. */
export function alteration(shown: unknown, declared: unknown): string {
  return createHash("sha256")
    .update(sortedJson([declared, shown]), "utf8")
    .digest("hex")
    .slice(0, 16);
}
