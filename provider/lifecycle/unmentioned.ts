import { isDeepStrictEqual } from "node:util";
import type { KeyObject } from "../api/wire";
import { quotable } from "../util/redact";
import { AdoptionError } from "./adoptionError";
import {
  fieldOf,
  inputDefaults,
  inputNames,
  type Declared,
  type InputName,
  type InternalInputs,
  type Properties,
} from "./schema/inputs";
import { hiddenInputs, shownInputs } from "./schema/state";

/**
 * Refuses to adopt a key whose restrictions the program does not mention: the defaults would lift them. A field that the
 * response leaves out may restrict the key as well.
 *
 * @throws AdoptionError that lists the lines with which the program keeps or lifts each restriction.
 */
export function refuseToWiden(found: KeyObject, declared: Declared, nowMs: number): void {
  const shown: Properties = shownInputs(found);
  const hidden = hiddenInputs(found);
  const restricted = unmentionedIn(declared).filter(
    (name) =>
      hidden.includes(name) || (name in shown && !isDeepStrictEqual(shown[name], inputDefaults[name])),
  );
  if (restricted.length === 0) return;
  const names = restricted
    .map((name) => `\`${name}\`${hidden.includes(name) ? " (not shown)" : ""}`)
    .join(", ");
  throw new AdoptionError({
    why: `The program does not mention ${names}, and without that the adoption lifts what restricts the key. Nothing was changed.`,
    nextStep: [
      "Add one line for each to the resource. To keep what the key has:",
      ...restricted.map((name) => `  ${lineToKeep(name, shown[name], nowMs)}`),
      "To lift it:",
      ...restricted.map((name) => `  ${lineFor(name, inputDefaults[name])}`),
    ].join("\n"),
  });
}

/** What an adoption sets to its default although no response shows what the key had, for the user. */
export function noteOnHidden(declared: Declared): string | undefined {
  const blind = unmentionedIn(declared).filter((name) => fieldOf(name).fromWire === undefined);
  if (blind.length === 0) return undefined;
  const lines = blind.map((name) => lineFor(name, inputDefaults[name]).replace(/,$/, "")).join(", ");
  const others = blind.map((name) => `\`${name}\``).join(", ");
  return `${lines} is set, since the API does not show what the key had and the program does not mention it. A monthly budget may thus be spent every day: write ${others} if the key needs another value.`;
}

/** For check: the inputs that a program leaves out of an adoption, and whose default may widen the key. */
export function mentionsOf(declared: Properties): InternalInputs {
  if ((declared["adopt"] ?? undefined) === undefined) return {};
  const isMentioned = (name: string) => (declared[name] ?? undefined) !== undefined;
  const unmentioned = wideningInputs.filter(
    (name) => !isMentioned(name) && !(name === "expiresAt" && isMentioned("expiresIn")),
  );
  return { __unmentioned: unmentioned };
}

/** The inputs that the API carries and that have a default. */
const wideningInputs = inputNames.filter(
  (name) => fieldOf(name).wire !== undefined && inputDefaults[name] !== undefined,
);

function unmentionedIn({ __unmentioned: names = [] }: Declared): InputName[] {
  return wideningInputs.filter((name) => names.includes(name));
}

function lineToKeep(name: InputName, value: unknown, nowMs: number): string {
  if (value === undefined) return `${name}: …, // The API does not show it.`;
  const { schema, validateNew } = fieldOf(name);
  const { data, error } = schema.safeParse(value);
  const refusal = error?.issues[0]?.message ?? validateNew?.(data, nowMs);
  const line = lineFor(name, value);
  return refusal === undefined
    ? line
    : `${name}: …, // ${JSON.stringify(value)} cannot be kept: it ${refusal}.`;
}

function lineFor(name: InputName, value: unknown): string {
  return `${name}: ${quotable(JSON.stringify(value), [], 4_000)},`;
}
