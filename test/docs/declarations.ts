import { join } from "node:path";
import ts from "typescript";
import { SETTING_DOCUMENTATION, settingNames } from "../../provider/config";
import { outputFields } from "../../provider/lifecycle/schema/fields";
import {
  fieldOf,
  inputNames,
  secretInputNames,
  type InputName,
} from "../../provider/lifecycle/schema/inputs";
import { secretOutputNames } from "../../provider/lifecycle/schema/state";
import type { Documentation } from "../../provider/util/documentation";
import { effectOf, defaultOf, isRequired } from "./fieldTables";

/** The TypeScript declarations that are generated from the tables of fields and of settings. */

const SCHEMA = join(__dirname, "..", "..", "provider", "lifecycle", "schema", "state.ts");

type OutputName = keyof typeof outputFields;

const outputNames = Object.keys(outputFields) as OutputName[];

export function proxyKeyArgs(): string {
  const written = typesOf("inputs.ts", "WrittenInputs");
  const stored = typesOf("state.ts", "ProxyKeyState");
  const shown = typesOf("state.ts", "ShownInputs");
  const inputs = inputNames.map((name) => {
    const type = withInputs(written(name).replace(/ \| undefined$/, ""));
    return isRequired(name)
      ? `${inputDoc(name)}${name}: pulumi.Input<${type}>;`
      : `${inputDoc(name)}${name}?: pulumi.Input<${type === "unknown" ? type : `${type} | undefined`}>;`;
  });
  const values = [
    ...inputNames.map((name) => `${factDoc(fieldOf(name))}${name}: ${stored(name)};`),
    ...outputNames.map((name) => `${factDoc(outputFields[name])}${name}: ${stored(name)};`),
  ];
  const shownNames = inputNames.filter((name) => fieldOf(name).fromWire !== undefined);
  const isAlwaysShown = (name: InputName) => !shown(name).endsWith("| undefined");
  const always = shownNames.filter(isAlwaysShown);
  const maybe = [
    ...shownNames.filter((name) => !isAlwaysShown(name)),
    ...outputNames.filter((name) => name !== "key"),
  ];
  const names = (list: readonly string[]) => JSON.stringify(list);
  const union = (list: readonly string[]) => list.map((name) => JSON.stringify(name)).join(" | ");
  return `${header("provider/lifecycle/schema/fields.ts")}
import type * as pulumi from "@pulumi/pulumi";

/** What a program declares of a proxy key. */
export interface ProxyKeyArgs {
  ${inputs.join("\n")}
}

/** The values of a proxy key's outputs. */
interface ProxyKeyValues {
  ${values.join("\n")}
}

/** The outputs of a proxy key: every input, resolved, and what the account shows of the key. */
export type ProxyKeyProperties = { readonly [K in keyof ProxyKeyValues]: pulumi.Output<ProxyKeyValues[K]> };

/** What the account shows of a proxy key. The API never shows the budget's window. */
export type ShownProxyKey = Pick<ProxyKeyValues, ${union(always)}> &
  Partial<Pick<ProxyKeyValues, ${union(maybe)}>>;

/** The names of all inputs and outputs. */
export const PROPERTY_NAMES = ${names([...inputNames, ...outputNames])} as const;

/** The secret inputs. */
export const SECRET_INPUT_NAMES = ${names(secretInputNames)} as const;

/** The secret outputs. */
export const SECRET_OUTPUT_NAMES = ${names([...secretOutputNames, ...secretInputNames])} as const;
`;
}

export function accountArgs(): string {
  const settings = settingNames.map((name) => {
    const doc = SETTING_DOCUMENTATION[name];
    return name === "apiKey"
      ? `${jsDoc(doc, "Required.")}${name}: pulumi.Input<string>;`
      : `${jsDoc(doc)}${name}?: pulumi.Input<string | undefined>;`;
  });
  return `${header("provider/config.ts")}
import type * as pulumi from "@pulumi/pulumi";

/** The settings of one account; one that is left out comes from the environment, never from the stack's configuration. */
export interface AccountArgs {
  ${settings.join("\n")}
}
`;
}

function header(source: string): string {
  return `// Generated from ${source} by \`npm run docs\`. Do not edit.\n`;
}

function inputDoc(name: InputName): string {
  const field = fieldOf(name);
  const documentation = { ...field.doc, default: defaultOf(name) };
  return jsDoc(documentation, isRequired(name) ? "Required." : "", effectOf(field));
}

function factDoc({ doc: { meaning, unit } }: { doc: Documentation }): string {
  return jsDoc(unit === undefined ? { meaning } : { meaning, unit });
}

/** A comment with a paragraph for each fact. */
function jsDoc({ meaning, unit, default: value }: Documentation, ...more: string[]): string {
  const paragraphs = [meaning, unit === undefined ? "" : `Unit: ${unit}.`, ...more].filter(
    (text) => text !== "",
  );
  const tag = value === undefined || more.includes("Required.") ? [] : [`@default ${value}`];
  return `/**\n * ${[...paragraphs, ...tag].map(wrapped).join("\n *\n * ")}\n */\n`;
}

function wrapped(paragraph: string): string {
  return paragraph.replaceAll(/(?=.{101})(.{1,100}) /g, "$1\n * ");
}

/** A list may be read-only; its elements, and the values of a record, may be known only later. */
function withInputs(type: string): string {
  return type
    .replace(/(\w+)\[\]/, "readonly pulumi.Input<$1>[]")
    .replace(/^Record<string, (\w+)>/, "Readonly<Record<string, pulumi.Input<$1>>>");
}

const program = ts.createProgram([SCHEMA], {
  strict: true,
  exactOptionalPropertyTypes: true,
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  skipLibCheck: true,
  noEmit: true,
  types: ["node"],
});

/** Words first, `undefined` last. */
function byKind(a: string, b: string): number {
  const kind = (type: string) => (type.startsWith('"') ? 0 : type === "undefined" ? 2 : 1);
  return kind(a) - kind(b);
}

/** How TypeScript writes the types of a type's properties. */
function typesOf(file: string, name: string): (property: string) => string {
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(join(SCHEMA, "..", file));
  const declaration = source?.statements.find(
    (statement) => ts.isTypeAliasDeclaration(statement) && statement.name.text === name,
  );
  if (declaration === undefined) throw new Error(`${file} has no type ${name}.`);
  const type = checker.getTypeAtLocation(declaration);
  return (property) => {
    const symbol = type.getProperty(property);
    if (symbol === undefined) throw new Error(`${name} has no property ${property}.`);
    const text = checker.typeToString(
      checker.getTypeOfSymbol(symbol),
      undefined,
      ts.TypeFormatFlags.NoTruncation,
    );
    // The compiler's order depends on what it has seen before.
    return text.split(" | ").toSorted(byKind).join(" | ");
  };
}
