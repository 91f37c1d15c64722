import { nearestWord } from "../util/nearestWord";
import { redact } from "../util/redact";
import {
  containsUnknown,
  fieldOf,
  inputNames,
  internalInputsOf,
  isInternal,
  isUnchanged,
  secretInputNames,
  UNKNOWN,
  type InputName,
  type InternalInputs,
  type Properties,
} from "./schema/inputs";
import { generateName } from "./schema/generatedName";
import { expiryOf, renewalConflict, renewalNote } from "./renewal";
import { dueNote } from "./savedPlan";
import type { Stored } from "./schema/state";
import { mentionsOf } from "./unmentioned";

export interface CheckContext {
  nowMs: number;
  randomBytes: (count: number) => Uint8Array;
  /** The account that a creation would be sent to, by its anonymous name. Absent: no API key is known. */
  account?: string | undefined;
}

interface CheckFailure {
  /** Empty: the engine then does not print the property's value. */
  property: string;
  reason: string;
}

export interface CheckResult {
  inputs: Properties;
  failures?: CheckFailure[];
}

export interface Checked extends CheckResult {
  /** Why a value changes that the program did not change, for the user. */
  note?: string;
}

/**
 * Validates what a program declares and resolves it: defaults filled in, one spelling for each meaning. Pure. Unknown
 * values pass as they are.
 */
export function check(stored: Stored, declared: Properties, context: CheckContext): Checked {
  const failures = unknownProperties(declared);
  const inputs: Record<string, unknown> = originOf(stored, declared, context);
  for (const name of inputNames) {
    const value = declared[name] ?? undefined;
    // A name that is left out is generated, and kept. A refresh makes it an input.
    if (name === "name" && value === undefined) {
      if (stored.name !== undefined) inputs[name] = stored.name;
      continue;
    }
    if (containsUnknown(value)) {
      inputs[name] = value;
    } else {
      const result = checkField(name, value, stored[name], context.nowMs);
      if ("reason" in result) failures.push({ property: name, reason: `${name} ${result.reason}` });
      // The host cannot carry an undefined value.
      else if (result.value !== undefined) inputs[name] = result.value;
    }
  }
  /** As in the state, where `ignoreChanges` may have taken it from, also a value that check had filled in. */
  const isKept = (name: InputName) => declared[name] != null && inputs[name] === stored[name];
  const conflict = renewalConflict(declared, isKept);
  if (conflict) failures.push(conflict);
  if (failures.length > 0) {
    return { inputs: declared, failures: failures.map((failure) => withoutSecret(failure, declared)) };
  }
  const isPreview = internalInputsOf(declared).__preview === true;
  const name = inputs["name"] ?? stored.name ?? declared["__resourceName"];
  const { expiresAt, renewal, without } = expiryOf(stored, inputs, {
    nowMs: context.nowMs,
    isPreview,
    isKept,
  });
  if (expiresAt !== undefined) inputs["expiresAt"] = expiresAt;
  if (renewal === undefined)
    return { inputs, ...(without ? { note: `Proxy key ${JSON.stringify(name)}: ${without}.` } : {}) };
  if (renewal.how === "rotate") inputs["__renewal"] = "rotate";
  return { inputs, note: dueNote(renewalNote(name, renewal), isPreview) };
}

/** The engine prints the value of a refused property, so a value that contains a key is not named as the property. */
function withoutSecret({ property, reason }: CheckFailure, declared: Properties): CheckFailure {
  const value = JSON.stringify(declared[property]) ?? "";
  const isSecret = (secretInputNames as readonly string[]).includes(property) || redact(value) !== value;
  return isSecret ? { property: "", reason } : { property, reason };
}

/**
 * The name under which a key is created, and the account. The engine checks without a state before it creates a key, also in
 * place of another one: each gets its own name. Both are kept for the key's life, even if another API key is configured. A
 * preview knows neither: it may run with another API key than the `up`.
 */
function originOf(
  stored: Stored,
  declared: Properties,
  { account, randomBytes }: CheckContext,
): InternalInputs {
  if (Object.keys(stored).length > 0) {
    const { __createdAs: createdAs, __account: sentTo } = stored;
    return {
      ...(createdAs === undefined ? {} : { __createdAs: createdAs }),
      ...(sentTo === undefined ? {} : { __account: sentTo }),
    };
  }
  const isAdoption = (declared["adopt"] ?? undefined) !== undefined;
  const { __resourceName: resourceName, __preview: isPreview } = internalInputsOf(declared);
  if (isPreview)
    return { ...(isAdoption ? mentionsOf(declared) : { __createdAs: UNKNOWN }), __account: UNKNOWN };
  return {
    ...(isAdoption ? mentionsOf(declared) : { __createdAs: generateName(resourceName, randomBytes) }),
    ...(account === undefined ? {} : { __account: account }),
  };
}

function checkField(
  name: InputName,
  value: unknown,
  old: unknown,
  nowMs: number,
): { value: unknown } | { reason: string } {
  const { schema, validateNew } = fieldOf(name);
  if (isUnchanged(name, value, old)) return { value: old };
  if (value === undefined && !schema.safeParse(undefined).success) return { reason: "is required" };
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    return { reason: [...new Set(parsed.error.issues.map((issue) => issue.message))].join("; ") };
  }
  const reason = parsed.data === old ? undefined : validateNew?.(parsed.data, nowMs);
  return reason === undefined ? { value: parsed.data } : { reason };
}

function unknownProperties(declared: Properties): CheckFailure[] {
  const known = new Set<string>(inputNames);
  return Object.keys(declared)
    .filter((property) => !known.has(property) && !isInternal(property))
    .map((property) => ({
      property,
      reason: `${property} is not an input of ProxyKey${nearInput(property)}; its inputs are ${inputNames.join(", ")}`,
    }));
}

/** A word that is further from every input is no misspelled one. */
const FURTHEST = 2;

function nearInput(written: string): string {
  const { word, distance } = nearestWord(written, inputNames);
  return distance <= FURTHEST ? ` (did you mean ${word}?)` : "";
}
