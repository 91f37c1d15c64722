import type { KeyObject, KeySettings } from "../../api/wire";
import { isShownAs, sentFields, type InputName } from "./inputs";
import { alteration, isRewritten, type Altered } from "./settle";

/** A setting that a response shows with another value than the one that was sent. */
export interface Deviation {
  name: InputName;
  shown: unknown;
  sent: unknown;
  /** The key may do more than it was declared to. */
  isWider: boolean;
}

/** What a response shows otherwise, and not only rewritten. A setting that it leaves out is unknown, and no deviation. */
export function deviationsOf(key: KeyObject, settings: KeySettings): Deviation[] {
  return sentFields.flatMap((field) => {
    const { name, wire, fromWire } = field;
    if (fromWire === undefined || key[wire] === undefined) return [];
    const [shown, sent] = [fromWire(key[wire]), fromWire(settings[wire])];
    if (isShownAs(field, shown, sent) || isRewritten(name, shown, sent)) return [];
    return [{ name, shown, sent, isWider: field.isWider?.(shown, sent) ?? false }];
  });
}

/** What the API makes of the values that were sent, where it allows no more. */
export function alterationsIn(deviations: readonly Deviation[]): Altered {
  const narrower = deviations.filter(({ isWider }) => !isWider);
  return Object.fromEntries(narrower.map(({ name, shown, sent }) => [name, alteration(shown, sent)]));
}
