import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import type { KeyObject, KeySettings } from "../../api/wire";
import { sortedJson } from "../../util/sortedJson";
import type { InputField, WireName } from "./field";
import { inputFields } from "./fields";
import { containsUnknown } from "./unknown";

export { containsUnknown, UNKNOWN } from "./unknown";

/** Properties as an engine passes them. */
export type Properties = Readonly<Record<string, unknown>>;

type InputFields = typeof inputFields;

export type InputName = keyof InputFields;

export const inputNames = Object.keys(inputFields) as InputName[];

export const secretInputNames = inputNames.filter((name) => "secret" in inputFields[name]);

/** The schema of all inputs, made of the table's. */
export const inputsSchema = z.object(
  Object.fromEntries(inputNames.map((name) => [name, inputFields[name].schema])) as {
    [K in InputName]: InputFields[K]["schema"];
  },
);

type Written = z.input<typeof inputsSchema>;

/** What a user writes, before defaults; a name that is left out is generated. */
export type WrittenInputs = Omit<Written, "name"> & Partial<Pick<Written, "name">>;

/** Every input resolved: defaults filled in, one spelling for each meaning. */
export type ProxyKeyInputs = z.output<typeof inputsSchema>;

/**
 * Inputs of our own that a program never writes. The engine hides and never compares properties that start with two
 * underscores. Check removes the first five. With the option `ignoreChanges: ["*"]` it gets the other ones only.
 */
const internalInputs = {
  /** The resource's name, for a generated key name. */
  __resourceName: z.string(),
  /** `organization/project/stack`, for the journal of creations. The plugin does not know the organization: it is empty. */
  __stack: z.string(),
  /** The inputs of the expiry that the program gives, also where `ignoreChanges` puts other values in their place. */
  __expiry: z.array(z.string()),
  /** The program runs in a preview. */
  __preview: z.literal(true),
  /** The resource's URN, given together with `adopt`. */
  __urn: z.string(),
  /** The generated name under which the key is created, unique for each attempt. */
  __createdAs: z.string(),
  /** The account that the creation is sent to, by its anonymous name: a search for a lost key queries this account. */
  __account: z.string(),
  /** With `adopt`: the inputs that the program leaves out, whose defaults may be wider than what the key has. */
  __unmentioned: z.array(z.string()),
  /** The key is due to be replaced by a new one, since its expiry is near. */
  __renewal: z.literal("rotate"),
};

export type InternalInputs = { [K in keyof typeof internalInputs]?: z.output<(typeof internalInputs)[K]> };

/** Whether a property is one of our own, of any version of this package. */
export function isInternal(property: string): boolean {
  return property.startsWith("__");
}

export function internalInputsOf(properties: Properties): InternalInputs {
  return parseFields(internalInputs, properties);
}

/** What a program declares, as check has resolved it. */
export type Declared = Partial<ProxyKeyInputs> &
  InternalInputs & {
    /** Inputs whose value is not known yet, in a preview. They are left out otherwise. */
    unknown: ReadonlySet<InputName>;
  };

export function parseDeclared(properties: Properties): Declared {
  const unknown = new Set(inputNames.filter((name) => containsUnknown(properties[name])));
  const known = inputNames.filter((name) => !unknown.has(name));
  return { ...parseInputs(properties, known), ...internalInputsOf(properties), unknown };
}

/** The inputs in properties, in one spelling. A malformed value stays as it is: the API may have sent it. */
export function parseInputs(
  properties: Properties,
  names: readonly InputName[] = inputNames,
): Partial<ProxyKeyInputs> {
  const entries = names.flatMap((name) => {
    const value = properties[name] ?? undefined;
    if (value === undefined) return [];
    const parsed = inputFields[name].schema.safeParse(value);
    return [[name, parsed.success ? parsed.data : value] as const];
  });
  return Object.fromEntries(entries);
}

/** The fields in properties, without those that are missing or malformed. */
export function parseFields<Schemas extends Readonly<Record<string, z.ZodType>>>(
  schemas: Schemas,
  properties: Properties,
): { [K in keyof Schemas]?: NonNullable<z.output<Schemas[K]>> } {
  const entries = Object.entries(schemas).flatMap(([name, schema]) => {
    const { data } = schema.safeParse(properties[name]);
    return data === undefined ? [] : [[name, data] as const];
  });
  return Object.fromEntries(entries) as { [K in keyof Schemas]?: NonNullable<z.output<Schemas[K]>> };
}

/**
 * All inputs of a key whose name is known.
 *
 * @param stored an unchanged value is not validated again: the API, or an earlier version, may have accepted it.
 * @throws when an input is unknown or malformed: check and the engine rule this out before a change.
 */
export function resolveInputs(
  { unknown, ...declared }: Declared,
  name: string | undefined,
  stored: Partial<ProxyKeyInputs> = {},
): ProxyKeyInputs {
  if (unknown.size > 0) throw new Error(`${[...unknown].join(", ")} must be known`);
  const given: Properties = { ...declared, name: declared.name ?? name };
  const resolved = inputNames.flatMap((input) => {
    const value = given[input];
    const isKept = isUnchanged(input, value, stored[input]);
    const parsed: unknown = isKept ? value : inputFields[input].schema.parse(value);
    return parsed === undefined ? [] : [[input, parsed] as const];
  });
  return Object.fromEntries(resolved) as unknown as ProxyKeyInputs;
}

/** The values of the inputs that a program leaves out. */
export const inputDefaults: Partial<ProxyKeyInputs> = inputsSchema
  .omit({ name: true, budget: true })
  .parse({});

/** The inputs that the API carries, and of these the ones whose value a response shows. */
type WireInput = { [K in InputName]: InputFields[K] extends { wire: WireName } ? K : never }[InputName];
export type ShownInput = {
  [K in WireInput]: InputFields[K] extends { fromWire: unknown } ? K : never;
}[WireInput];

/** The fields of the wire that have a row. */
export type WireNameOfRow = InputFields[WireInput]["wire"];

/** Any row. */
export interface AnyInputField extends InputField {
  wire?: WireName;
  toWire?: (value: unknown) => unknown;
  fromWire?: (value: unknown) => unknown;
  isShownAs?: (shown: unknown, sent: unknown) => boolean;
  isRewritten?: (shown: unknown, declared: unknown) => boolean;
  isWider?: (shown: unknown, declared: unknown) => boolean;
}

export function fieldOf(name: InputName): AnyInputField {
  return inputFields[name] as unknown as AnyInputField;
}

/** The same text for values that mean the same, malformed ones included: a state may hold what an API once sent. */
export function canonical(name: InputName, value: unknown): string {
  const { canonical: formOf = (same: unknown) => same } = fieldOf(name);
  return sortedJson(formOf(value ?? inputDefaults[name] ?? null));
}

/** Whether a program declares what the state has. Such a value is not validated again. */
export function isUnchanged(name: InputName, declared: unknown, stored: unknown): boolean {
  if (declared == null || stored == null) return false;
  return canonical(name, declared) === canonical(name, stored);
}

interface SentField extends AnyInputField {
  name: InputName;
  wire: keyof KeySettings;
  toWire: (value: unknown) => unknown;
}

/** The rows whose values an update sends; `ownField` and `wireField` guarantee that they have what it takes. */
export const sentFields = inputNames
  .map((name) => Object.assign({ name }, fieldOf(name)))
  .filter((field): field is SentField => field.change === "update");

/** The wire's settings for resolved inputs; lists are always there, since a missing one would mean "allow all". */
export function toWireSettings(inputs: ProxyKeyInputs): KeySettings {
  const settings = sentFields.map(({ name, wire, toWire }) => [wire, toWire(inputs[name])]);
  return Object.fromEntries(settings) as KeySettings;
}

/**
 * Whether a key on the account has all of these settings. A setting that the response leaves out is not shown.
 *
 * @param key from a list or a lookup.
 * @param before the inputs that the key is known to have had: a setting that no response shows must not have changed.
 */
export function showsSettings(
  key: KeyObject,
  settings: KeySettings,
  before: Partial<ProxyKeyInputs> = {},
): boolean {
  return sentFields.every((field) => {
    const { name, wire, toWire, fromWire } = field;
    const sent = settings[wire];
    if (fromWire === undefined) {
      return before[name] !== undefined && isDeepStrictEqual(toWire(before[name]), sent);
    }
    return key[wire] !== undefined && isShownAs(field, fromWire(key[wire]), fromWire(sent));
  });
}

/** Whether a shown value is the one that was sent. */
export function isShownAs(field: AnyInputField, shown: unknown, sent: unknown): boolean {
  const { canonical = (value: unknown) => value } = field;
  return field.isShownAs?.(shown, sent) ?? isDeepStrictEqual(canonical(shown), canonical(sent));
}
