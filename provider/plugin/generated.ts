import { expiryBeforeMove, expiryOf, renewalNote } from "../lifecycle/renewal";
import { parseStored } from "../lifecycle/schema/state";
import type { InputName, Properties } from "../lifecycle/schema/inputs";

/**
 * The engine does not show a plugin's check whether it runs in a preview. So that a saved plan fits the `up` after it, the
 * inputs that check returns contain nothing that depends on the time or the account. Each later verb computes that anew.
 *
 * @param before the inputs of the state: a declared expiry that is unchanged does not depend on the time.
 */
export function withoutGenerated(
  { __account, __renewal, ...inputs }: Properties,
  before: Properties = {},
): Properties {
  const { expiresAt, ...counted } = inputs;
  return inputs["expiresIn"] === undefined || (expiresAt !== undefined && expiresAt === before["expiresAt"])
    ? inputs
    : counted;
}

/** Inputs of a state without the expiry that another host counted and stored with them. */
export function withoutCounted(before: Properties, { expiresIn, expiresAt }: Properties): Properties {
  if (expiresIn == null || expiresAt != null) return before;
  const { expiresAt: _counted, ...inputs } = before;
  return inputs;
}

/** Checked inputs with the expiry of the state, if the option `ignoreChanges` names it: `expiresIn` then decides nothing. */
export function withIgnored(checked: Properties, state: Properties, ignored: readonly string[]): Properties {
  const isIgnored = ignored.includes("expiresAt") || ignored.includes("*");
  if (!isIgnored || checked["expiresIn"] === undefined) return checked;
  return { ...checked, expiresAt: state["expiresAt"] };
}

/**
 * The name of an input that differs, for the engine. It takes the new value from the checked inputs, and would show an
 * expiry that `expiresIn` decides as removed.
 */
export function shownAs(name: string, checked: Properties): string {
  return name === "expiresAt" && checked["expiresAt"] === undefined && checked["expiresIn"] !== undefined
    ? "expiresIn"
    : name;
}

/** Checked inputs with the expiry that `expiresIn` decides, and why the key is renewed, for the user. */
export interface Resolved {
  inputs: Properties;
  note?: string;
}

/**
 * @param state the outputs of the resource. Empty: it is to be created.
 * @param isPreview an expiry that `up` counts from its own clock is then unknown.
 */
export function resolveExpiry(
  state: Properties,
  checked: Properties,
  nowMs: number,
  isPreview = false,
): Resolved {
  const stored = parseStored(state);
  const before = expiryBeforeMove(stored);
  const isKept = (name: InputName) => checked[name] != null && checked[name] === stored[name];
  const { expiresAt, renewal } = expiryOf(
    before === undefined ? stored : { ...stored, expiresAt: before },
    checked,
    { nowMs, isPreview, isKept },
  );
  const inputs = expiresAt === undefined ? checked : { ...checked, expiresAt };
  if (renewal === undefined) return { inputs };
  const note = renewalNote(stored.name, renewal);
  return { inputs: renewal.how === "rotate" ? { ...inputs, __renewal: "rotate" } : inputs, note };
}
