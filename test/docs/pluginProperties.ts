import { z } from "zod";
import { SECRET_SETTINGS, SETTING_DOCUMENTATION, settingNames, SETTINGS } from "../../provider/config";
import { outputFields } from "../../provider/lifecycle/schema/fields";
import type { OutputField } from "../../provider/lifecycle/schema/field";
import {
  fieldOf,
  inputDefaults,
  inputNames,
  secretInputNames,
  type InputName,
} from "../../provider/lifecycle/schema/inputs";
import { DECIDED_BY_ROTATION } from "../../provider/resources/rotatingProxyKeyArgs";
import type { Documentation } from "../../provider/util/documentation";
import { effectOf, isRequired } from "./fieldTables";
import { memberDocs } from "./jsDocs";

/** The properties of the plugin's schema, from the tables of fields and of settings, and from comments. */

/** A property of the schema. */
export interface Property {
  type?: string;
  $ref?: string;
  items?: Property;
  additionalProperties?: Property;
  description?: string;
  secret?: true;
  plain?: true;
}

export const settings: Record<string, Property> = Object.fromEntries(
  settingNames.map((name) => [
    name,
    {
      type: "string",
      description: `${descriptionOf(SETTING_DOCUMENTATION[name])}\n\nEnvironment: \`${SETTINGS[name]}\`.`,
      ...((SECRET_SETTINGS as readonly string[]).includes(name) ? { secret: true as const } : {}),
    },
  ]),
);

/** A list that is absent means no limit: not every language can declare a text or a list. */
const LISTS: Readonly<Record<string, Documentation>> = {
  models: {
    meaning: "The models that the key may use. An empty list is refused: the API would read it as all.",
    unit: "a list of model ids",
    default: 'all models, which `["all"]` declares explicitly',
  },
  allowedIps: {
    meaning: "The addresses that may use the key. An empty list is refused: the API would read it as any.",
    unit: "a list of IP addresses and CIDR blocks",
    default: 'any address, which `["any"]` declares explicitly',
  },
};

export const inputs: Record<string, Property> = Object.fromEntries(
  inputNames.map((name) => {
    const field = fieldOf(name);
    const { doc, schema } = field;
    const written = LISTS[name] ?? { ...doc, ...defaultOf(name) };
    return [
      name,
      {
        ...(name in LISTS ? { type: "array", items: { type: "string" } } : typeOf(schema)),
        description: `${descriptionOf(written)}\n\n${effectOf(field)}`,
        ...((secretInputNames as readonly string[]).includes(name) ? { secret: true as const } : {}),
      },
    ];
  }),
);

export const outputs: Record<string, Property> = Object.fromEntries(
  Object.entries<OutputField>(outputFields).map(([name, { doc, schema, secret }]) => [
    name,
    { ...typeOf(schema), description: descriptionOf(doc), ...(secret ? { secret: true as const } : {}) },
  ]),
);

/** Inputs that check always fills in. */
export const always = inputNames.filter((name) => inputDefaults[name] !== undefined && !(name in LISTS));

/** What the account shows of a key. */
export const info: Record<string, Property> = {
  ...Object.fromEntries(
    inputNames.filter((name) => fieldOf(name).fromWire !== undefined).map((name) => [name, factOf(name)]),
  ),
  ...Object.fromEntries(Object.entries(outputs).filter(([name]) => name !== "key")),
  ...described("provider/functions/proxyKeyInfo.ts", "ProxyKeyInfo", { expired: "boolean" }),
};

/** The inputs of the keys that a rotating key makes. */
export const rotatedInputs = Object.fromEntries(
  Object.entries(inputs).filter(([name]) => !(DECIDED_BY_ROTATION as readonly string[]).includes(name)),
);

/** The fact about a key, rather than what a program may write. */
function factOf(name: InputName): Property {
  const { description: _, ...property } = inputs[name] as Property;
  const { meaning, unit } = LISTS[name] ?? fieldOf(name).doc;
  return { ...property, description: descriptionOf({ meaning, ...(unit === undefined ? {} : { unit }) }) };
}

/** Properties of these types, described as the declaration in the source describes them. */
export function described(
  file: string,
  declaration: string,
  types: Record<string, string>,
): Record<string, Property> {
  const docs = memberDocs(file, declaration);
  return Object.fromEntries(
    Object.entries(types).map(([name, type]) => {
      const description = docs[name];
      if (!description) throw new Error(`${declaration}.${name} in ${file} has no comment.`);
      return [name, { type, description }];
    }),
  );
}

export function secretly(
  properties: Record<string, Property>,
  names: readonly string[],
): Record<string, Property> {
  const marked = Object.entries(properties).map(([name, property]) => [
    name,
    names.includes(name) ? { ...property, secret: true as const } : property,
  ]);
  return Object.fromEntries(marked) as Record<string, Property>;
}

/** Values that are no outputs: they decide which resources there are. */
export function plainly(properties: Record<string, Property>): Record<string, Property> {
  const marked = Object.entries(properties).map(([name, property]) => [
    name,
    { ...property, plain: true as const },
  ]);
  return Object.fromEntries(marked) as Record<string, Property>;
}

function descriptionOf({ meaning, unit, default: value }: Documentation): string {
  return [meaning, unit && `Unit: ${unit}.`, value && `Default: ${value}.`].filter(Boolean).join("\n\n");
}

/** The documented default, or else that of the schema. */
function defaultOf(name: InputName): { default?: string } {
  const value =
    fieldOf(name).doc.default ??
    (inputDefaults[name] !== undefined && `\`${JSON.stringify(inputDefaults[name])}\``);
  return value === false || isRequired(name) ? {} : { default: value };
}

/** The type of a value; a text where a text or a number may be written. */
function typeOf(schema: z.ZodType): Property {
  const json = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as {
    type?: string | string[];
    anyOf?: { type?: string }[];
    additionalProperties?: { type: string };
  };
  const types = [json.type ?? json.anyOf?.map(({ type }) => type) ?? []].flat();
  if (types.includes("string")) return { type: "string" };
  const [type] = types;
  if (type === undefined) return { $ref: "pulumi.json#/Any" };
  const { additionalProperties: values } = json;
  return type === "object" && values ? { type, additionalProperties: { type: values.type } } : { type };
}
