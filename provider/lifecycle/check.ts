import type { CheckFailure, CheckResult } from "@pulumi/pulumi/dynamic";
import type { z } from "zod";
import { redact } from "../api/redact";
import { inputFields } from "./fields";
import {
  containsUnknown,
  inputNames,
  secretInputNames,
  UNKNOWN,
  type InputName,
  type InternalInputs,
} from "./inputs";
import { generateName } from "./names";
import { renewalConflict, renewalOf } from "./renewal";

export interface CheckContext {
  nowMs: number;
  randomBytes: (count: number) => Uint8Array;
}

type Properties = Record<string, unknown>;

export interface Checked extends CheckResult<Properties> {
  /** Why something will change that the program did not change, for people. */
  note?: string;
}

const PROVIDER_PROPERTY = "__provider";
const INTERNAL_NAMES: readonly string[] = [
  PROVIDER_PROPERTY,
  "__resourceName",
  "__stack",
  "__nameGenerated",
  "__nameAdopted",
] satisfies (keyof InternalInputs | typeof PROVIDER_PROPERTY)[];

/**
 * Validates what a program declares and resolves it: defaults filled in, one spelling for each meaning. Pure. Unknown
 * values pass as they are.
 */
export function check(olds: Properties, news: Properties, context: CheckContext): Checked {
  const failures: CheckFailure[] = unknownProperties(news);
  const inputs: Properties = {};
  for (const name of inputNames) {
    const value = news[name] ?? undefined;
    if (name === "name" && value === undefined) {
      Object.assign(inputs, nameLeftOut(olds, news, context));
    } else if (containsUnknown(value)) {
      inputs[name] = value;
    } else {
      const result = checkField(name, value, olds[name], context.nowMs);
      if ("reason" in result) failures.push({ property: name, reason: `${name} ${result.reason}` });
      // The host cannot carry an undefined value.
      else if (result.value !== undefined) inputs[name] = result.value;
    }
  }
  const conflict = renewalConflict(given(news));
  if (conflict) failures.push(conflict);
  if (failures.length > 0) {
    return { inputs: news, failures: failures.map((failure) => withoutSecret(failure, news)) };
  }
  const renewal = renewalOf(olds, inputs, context.nowMs);
  if (renewal === undefined) return { inputs };
  inputs["expiresAt"] = renewal.expiresAt;
  if (renewal.renewed === undefined) return { inputs };
  if (renewal.renewed.how === "rotate") inputs["__renewal"] = "rotate";
  const done = renewal.renewed.how === "rotate" ? "a new key replaces it" : "its expiry is extended";
  return { inputs, note: `Proxy key ${JSON.stringify(inputs["name"])}: ${renewal.renewed.why}, so ${done}.` };
}

/** The engine prints a refused property's value: one that holds a key, pasted in the wrong place, is named in words only. */
function withoutSecret({ property, reason }: CheckFailure, news: Properties): CheckFailure {
  const value = JSON.stringify(news[property]) ?? "";
  const isSecret = (secretInputNames as readonly string[]).includes(property) || redact(value) !== value;
  return isSecret ? { property: "", reason } : { property, reason };
}

/** A name once generated is kept, as is the own one of an adopted key; an unknown one of a failed preview is not. */
function nameLeftOut(olds: Properties, news: Properties, context: CheckContext): Properties {
  if (isGiven(news["adopt"])) return {};
  const old = olds["name"];
  // One that somebody gave it outside, and that no program may write, is not kept.
  if (typeof old === "string" && old !== UNKNOWN && inputFields.name.schema.safeParse(old).success) {
    return olds["__nameGenerated"] === true ? { name: old, __nameGenerated: true } : { name: old };
  }
  if (isGiven(olds["adopt"]) || olds["__nameAdopted"] === true) return { __nameAdopted: true };
  const resourceName = news["__resourceName"];
  return {
    name: generateName(typeof resourceName === "string" ? resourceName : undefined, context.randomBytes),
    __nameGenerated: true,
  };
}

/** What a program wrote; null and undefined are left out. */
function given(news: Properties): Properties {
  return Object.fromEntries(Object.entries(news).filter(([, value]) => isGiven(value)));
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function checkField(
  name: InputName,
  value: unknown,
  old: unknown,
  nowMs: number,
): { value: unknown } | { reason: string } {
  const { schema, refuseNew } = inputFields[name] as {
    schema: z.ZodType;
    refuseNew?: (value: unknown, nowMs: number) => string | undefined;
  };
  if (value === undefined && !schema.safeParse(undefined).success) return { reason: "is required" };
  const parsed = schema.safeParse(value);
  if (!parsed.success) return { reason: parsed.error.issues.map((issue) => issue.message).join("; ") };
  const reason = parsed.data === old ? undefined : refuseNew?.(parsed.data, nowMs);
  return reason === undefined ? { value: parsed.data } : { reason };
}

function unknownProperties(news: Properties): CheckFailure[] {
  const known = new Set<string>([...inputNames, ...INTERNAL_NAMES]);
  return Object.keys(news)
    .filter((property) => !known.has(property))
    .map((property) => ({
      property,
      reason: `${property} is no input of a ProxyKey; the inputs are ${inputNames.join(", ")}`,
    }));
}
