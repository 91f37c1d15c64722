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

export interface CheckContext {
  nowMs: number;
  randomBytes: (count: number) => Uint8Array;
}

type Properties = Record<string, unknown>;

const PROVIDER_PROPERTY = "__provider";
const INTERNAL_NAMES: readonly string[] = [PROVIDER_PROPERTY, "__resourceName", "__nameGenerated"] satisfies (
  | keyof InternalInputs
  | typeof PROVIDER_PROPERTY
)[];

/**
 * Validates what a program declares and resolves it: defaults filled in, one spelling for each meaning. Pure. Unknown
 * values pass as they are.
 */
export function check(olds: Properties, news: Properties, context: CheckContext): CheckResult<Properties> {
  const failures: CheckFailure[] = unknownProperties(news);
  const inputs: Properties = {};
  for (const name of inputNames) {
    const value = news[name] ?? undefined;
    if (name === "name" && value === undefined && news["adopt"] !== undefined) continue;
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
  return failures.length > 0
    ? { inputs: news, failures: failures.map((failure) => withoutSecret(failure, news)) }
    : { inputs };
}

/** The engine prints a refused property's value: one that holds a key, pasted in the wrong place, is named in words only. */
function withoutSecret({ property, reason }: CheckFailure, news: Properties): CheckFailure {
  const value = JSON.stringify(news[property]) ?? "";
  const isSecret = (secretInputNames as readonly string[]).includes(property) || redact(value) !== value;
  return isSecret ? { property: "", reason } : { property, reason };
}

/** A name once generated is kept; an unknown one of a failed preview is not. */
function nameLeftOut(olds: Properties, news: Properties, context: CheckContext): Properties {
  const old = olds["name"];
  // One that somebody gave it outside, and that no program may write, is not kept.
  if (typeof old === "string" && old !== UNKNOWN && inputFields.name.schema.safeParse(old).success) {
    return olds["__nameGenerated"] === true ? { name: old, __nameGenerated: true } : { name: old };
  }
  const resourceName = news["__resourceName"];
  return {
    name: generateName(typeof resourceName === "string" ? resourceName : undefined, context.randomBytes),
    __nameGenerated: true,
  };
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
