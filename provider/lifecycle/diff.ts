import type { DiffResult } from "@pulumi/pulumi/dynamic";
import type { z } from "zod";
import { refuseToReplaceByItself } from "./adopt";
import { inputFields } from "./fields";
import { containsUnknown, inputNames, type InputName } from "./inputs";

type Properties = Record<string, unknown>;

interface ComparedField {
  isSatisfiedBy?: (value: unknown, state: Properties) => boolean;
}

/** Which inputs differ between a state and what is declared. Order in lists and spelling are no difference. Pure. */
export function changedInputs(olds: Properties, news: Properties): InputName[] {
  return inputNames.filter((name) => {
    if (containsUnknown(news[name])) return true;
    const { isSatisfiedBy } = inputFields[name] as ComparedField;
    if (isSatisfiedBy?.(news[name], olds)) return false;
    return canonical(name, olds[name]) !== canonical(name, news[name]);
  });
}

export function diff(olds: Properties, news: Properties): DiffResult {
  const changed = changedInputs(olds, news);
  const replaced: string[] = changed.filter(
    (name) => inputFields[name].change === "replace" && !containsUnknown(news[name]),
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
  const parsed = (inputFields[name].schema as z.ZodType).safeParse(value ?? undefined);
  return JSON.stringify(parsed.success ? parsed.data : (value ?? null), sortedKeys) ?? "null";
}

function sortedKeys(_key: string, value: unknown): unknown {
  if (Array.isArray(value)) return [...(value as unknown[])].toSorted(byText);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function byText(a: unknown, b: unknown): number {
  const [left, right] = [JSON.stringify(a) ?? "", JSON.stringify(b) ?? ""];
  return left < right ? -1 : left > right ? 1 : 0;
}
