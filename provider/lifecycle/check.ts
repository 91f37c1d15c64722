import { redact } from "../util/redact";
import {
  containsUnknown,
  fieldOf,
  inputNames,
  secretInputNames,
  type InputName,
  type InternalInputs,
} from "./schema/inputs";
import { generateName } from "./schema/generatedName";
import { renewalConflict, renewalOf } from "./renewal";

export interface CheckContext {
  nowMs: number;
  randomBytes: (count: number) => Uint8Array;
  /** The account that a creation would be sent to, by its anonymous name. Absent: no API key is known. */
  account?: string | undefined;
}

type Properties = Record<string, unknown>;

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

const INTERNAL_NAMES: readonly string[] = [
  "__resourceName",
  "__stack",
  "__urn",
  "__createdAs",
  "__account",
] satisfies (keyof InternalInputs)[];

/**
 * Validates what a program declares and resolves it: defaults filled in, one spelling for each meaning. Pure. Unknown
 * values pass as they are.
 */
export function check(olds: Properties, news: Properties, context: CheckContext): Checked {
  const failures: CheckFailure[] = unknownProperties(news);
  const inputs: Properties = { ...createdAs(olds, news, context), ...sentTo(olds, context) };
  for (const name of inputNames) {
    const value = news[name] ?? undefined;
    // A name that is left out is generated, and then known to the outputs only.
    if (name === "name" && value === undefined) continue;
    if (containsUnknown(value)) {
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
  const label = JSON.stringify(inputs["name"] ?? olds["name"] ?? news["__resourceName"]);
  return { inputs, note: `Proxy key ${label}: ${renewal.renewed.why}, so ${done}.` };
}

/** The engine prints the value of a refused property, so a value that contains a key is not named as the property. */
function withoutSecret({ property, reason }: CheckFailure, news: Properties): CheckFailure {
  const value = JSON.stringify(news[property]) ?? "";
  const isSecret = (secretInputNames as readonly string[]).includes(property) || redact(value) !== value;
  return isSecret ? { property: "", reason } : { property, reason };
}

/** The engine checks with empty olds before it creates a key, also in place of another one: each gets its own name. */
function createdAs(olds: Properties, news: Properties, context: CheckContext): Properties {
  if (typeof olds["__createdAs"] === "string") return { __createdAs: olds["__createdAs"] };
  if (Object.keys(olds).length > 0 || isGiven(news["adopt"])) return {};
  const resourceName = news["__resourceName"];
  return {
    __createdAs: generateName(
      typeof resourceName === "string" ? resourceName : undefined,
      context.randomBytes,
    ),
  };
}

/** Kept as long as the resource has its key, even if another API key is configured later. */
function sentTo(olds: Properties, { account }: CheckContext): Properties {
  const sent = Object.keys(olds).length > 0 ? olds["__account"] : account;
  return sent === undefined ? {} : { __account: sent };
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
  const { schema, validateNew } = fieldOf(name);
  if (value === undefined && !schema.safeParse(undefined).success) return { reason: "is required" };
  const parsed = schema.safeParse(value);
  if (!parsed.success) return { reason: parsed.error.issues.map((issue) => issue.message).join("; ") };
  const reason = parsed.data === old ? undefined : validateNew?.(parsed.data, nowMs);
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
