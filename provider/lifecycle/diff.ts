import { refuseToReplaceByItself } from "./adopt";
import { containsUnknown, fieldOf, inputNames, type InputName } from "./schema/inputs";

type Properties = Record<string, unknown>;

/** Which inputs differ between a state and what is declared. The order of models and addresses, and spelling, are no difference. Pure. */
export function changedInputs(olds: Properties, news: Properties): InputName[] {
  return inputNames.filter((name) => {
    if (containsUnknown(news[name])) return true;
    const { isSatisfiedBy } = fieldOf(name);
    if (isSatisfiedBy?.(news[name], olds)) return false;
    return canonical(name, olds[name]) !== canonical(name, news[name]);
  });
}

export interface DiffResult {
  changes: boolean;
  /** Properties whose change needs a new key. */
  replaces: string[];
  deleteBeforeReplace: false;
}

export function diff(olds: Properties, news: Properties): DiffResult {
  const changed = changedInputs(olds, news);
  const replaced: string[] = changed.filter(
    (name) => fieldOf(name).change === "replace" && !containsUnknown(news[name]),
  );
  const replaces = news["__renewal"] === "rotate" ? [...replaced, "expiresAt"] : replaced;
  refuseToReplaceByItself(replaces, olds, news);
  return {
    changes: changed.length > 0 || olds["unsettled"] === true,
    replaces,
    deleteBeforeReplace: false,
  };
}

/** One text for each meaning; also of values that a schema refuses, since a state may hold what an API once sent. */
function canonical(name: InputName, value: unknown): string {
  const { schema, canonical: formOf = (same: unknown) => same } = fieldOf(name);
  const parsed = schema.safeParse(value ?? undefined);
  return JSON.stringify(formOf(parsed.success ? parsed.data : (value ?? null)), sortedKeys) ?? "null";
}

function sortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
