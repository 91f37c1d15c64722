import { refuseToReplaceByItself } from "./adopt";
import { canonical, fieldOf, inputNames, type Declared, type InputName } from "./schema/inputs";
import type { Stored } from "./schema/state";

/** The inputs that differ between the state and the program. The order of models and addresses, and spelling, never differ. Pure. */
export function changedInputs(stored: Stored, declared: Declared): InputName[] {
  return inputNames.filter((name) => {
    if (declared.unknown.has(name)) return true;
    const { isSatisfiedBy } = fieldOf(name);
    if (isSatisfiedBy?.(declared[name], stored)) return false;
    return canonical(name, stored[name]) !== canonical(name, declared[name]);
  });
}

export interface DiffResult {
  changes: boolean;
  /** The inputs that differ. */
  changed: InputName[];
  /** Properties whose change needs a new key. */
  replaces: string[];
  deleteBeforeReplace: false;
}

export function diff(stored: Stored, declared: Declared): DiffResult {
  const changed = changedInputs(stored, declared);
  const replaced: string[] = changed.filter(
    (name) => fieldOf(name).change === "replace" && !declared.unknown.has(name),
  );
  const replaces = declared.__renewal === "rotate" ? [...replaced, "expiresAt"] : replaced;
  refuseToReplaceByItself(replaces, stored, declared);
  return {
    changed,
    changes: changed.length > 0 || stored.unsettled === true,
    replaces,
    deleteBeforeReplace: false,
  };
}
