import type { Properties } from "../lifecycle/schema/inputs";

/**
 * In the plugin's schema `models` and `allowedIps` are lists: not every language can declare a text or a list. A list that
 * is absent means no limit, and so does a list of the one word that TypeScript programs write as text.
 */
const NO_LIMIT = { models: "all", allowedIps: "any" } as const;

/** Inputs of a program: the one word as a list becomes the text. What is absent stays absent: the program does not mention it. */
export function fromProgram(declared: Properties): Properties {
  return mapped(declared, (value, word) => (isWord(value, word) ? word : value));
}

/** Checked inputs and states: what is absent has no limit. */
export function fromState(properties: Properties): Properties {
  return mapped(fromProgram(properties), (value, word) => value ?? word);
}

/** Properties for the engine: a text for no limit is left out. */
export function toLists(properties: Properties): Properties {
  return mapped(properties, (value, word) => (value === word ? undefined : value));
}

function mapped(properties: Properties, form: (value: unknown, word: string) => unknown): Properties {
  const lists = Object.entries(NO_LIMIT).map(([name, word]) => [name, form(properties[name], word)]);
  const all = { ...properties, ...(Object.fromEntries(lists) as Properties) };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

function isWord(value: unknown, word: string): boolean {
  return Array.isArray(value) && value.length === 1 && value[0] === word;
}

/** A message of the lifecycle, with such a text as the list that a program writes instead. */
export function inListForm(message: string): string {
  return message.replace(/\b(models|allowedIps): "(all|any)"/g, '$1: ["$2"]');
}
