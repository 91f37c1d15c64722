import { quotable, redact } from "../util/redact";
import { UNFIT_CHARACTER } from "../util/unfitCharacter";

/** What a program notes about a key, such as its owner. Only the state has them: the API knows no labels. */
export type Labels = Readonly<Record<string, string>>;

/** Whether all of the wanted labels are among these. */
export function hasLabels(labels: Labels | undefined, wanted: Labels): boolean {
  return Object.entries(wanted).every(
    ([name, value]) => labels !== undefined && Object.hasOwn(labels, name) && labels[name] === value,
  );
}

const MAX_LABELS = 50;
const MAX_VALUE_LENGTH = 256;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,62}$/;

const NAME_FORM =
  "names have 1 to 63 letters, digits, `.`, `_`, `-` and `/`, and start with a letter or a digit";

/** Why these are not labels, as the end of a sentence. Repeats no value, and no key: it may be a secret. */
export function labelsFault(labels: Readonly<Record<string, unknown>>): string | undefined {
  const entries = Object.entries(labels);
  if (entries.length > MAX_LABELS)
    return `must have at most ${MAX_LABELS} labels; there are ${entries.length}`;
  for (const [name, value] of entries) {
    const fault = labelFault(name, value);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function labelFault(name: string, value: unknown): string | undefined {
  const quoted = JSON.stringify(quotable(name, [], 80));
  if ([name, value].some(looksLikeSecret)) {
    return `must hold no key or password, and ${quoted} looks like one; labels are stored and shown in clear`;
  }
  if (!NAME.test(name)) return `has the name ${quoted}; ${NAME_FORM}`;
  if (typeof value !== "string") return `must have a text as the value of ${quoted}`;
  if ([...value].length > MAX_VALUE_LENGTH) {
    return `must have at most ${MAX_VALUE_LENGTH} characters as the value of ${quoted}; there are ${[...value].length}`;
  }
  return UNFIT_CHARACTER.test(value)
    ? `must have no control character, no invisible formatting character and no half of a surrogate pair in the value of ${quoted}`
    : undefined;
}

function looksLikeSecret(text: unknown): boolean {
  return typeof text === "string" && redact(text) !== text;
}
