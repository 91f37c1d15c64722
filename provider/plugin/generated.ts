import { expiryBeforeMove, expiryOf, whatRenewalDoes } from "../lifecycle/renewal";
import { parseStored } from "../lifecycle/schema/state";
import type { InputName, Properties } from "../lifecycle/schema/inputs";

/**
 * The engine does not show a plugin's check whether it runs in a preview. So that a saved plan fits the `up` after it, the
 * inputs that check returns contain nothing that depends on the time or the account. Each later verb computes that anew.
 */
export function withoutGenerated({ __account, __renewal, ...inputs }: Properties): Properties {
  if (inputs["expiresIn"] === undefined) return inputs;
  const { expiresAt: _counted, ...declared } = inputs;
  return declared;
}

/** Checked inputs with the expiry that `expiresIn` decides, and why the key is renewed, for the user. */
export interface Resolved {
  inputs: Properties;
  note?: string;
}

/** @param state the outputs of the resource. Empty: it is to be created. */
export function resolveExpiry(state: Properties, checked: Properties, nowMs: number): Resolved {
  const stored = parseStored(state);
  const before = expiryBeforeMove(stored);
  const isKept = (name: InputName) => checked[name] != null && checked[name] === stored[name];
  const { expiresAt, renewal } = expiryOf(
    before === undefined ? stored : { ...stored, expiresAt: before },
    checked,
    { nowMs, isPreview: false, isKept },
  );
  const inputs = expiresAt === undefined ? checked : { ...checked, expiresAt };
  if (renewal === undefined) return { inputs };
  const note = `Proxy key ${JSON.stringify(stored.name)}: ${renewal.why}, so ${whatRenewalDoes(renewal)}.`;
  return { inputs: renewal.how === "rotate" ? { ...inputs, __renewal: "rotate" } : inputs, note };
}
