import { readFile } from "node:fs/promises";
import { join } from "node:path";
import ts from "typescript";
import { check } from "../../provider/lifecycle/check";
import { inputFields, outputFields, type Change } from "../../provider/lifecycle/schema/fields";
import { inputNames } from "../../provider/lifecycle/schema/inputs";

const FIELDS = join(__dirname, "..", "..", "provider", "lifecycle", "schema", "fields.ts");

const CHANGES: Readonly<Record<Change, string>> = {
  update: "updates the key in place",
  toggle: "toggles the key in place",
  replace: "makes a new key, then removes the old one",
  state: "changes the state only",
};

/** The inputs in Markdown: each row's comment, its default, and what a change of it means. */
export async function inputTable(): Promise<string> {
  const lines = await documentationOf("inputFields");
  const rows = inputNames.map((name) => [
    `\`${name}\``,
    lineOf(lines, name),
    defaultOf(name),
    CHANGES[inputFields[name].change],
  ]);
  return markdown(["input", "meaning", "default", "a change"], rows);
}

export async function outputTable(): Promise<string> {
  const lines = await documentationOf("outputFields");
  const rows = Object.keys(outputFields).map((name) => [`\`${name}\``, lineOf(lines, name)]);
  return markdown(["output", "meaning"], rows);
}

const isRequired: ReadonlySet<string> = new Set(
  check({}, {}, { nowMs: 0, randomBytes: (count) => new Uint8Array(count) }).failures?.map(
    ({ property }) => property,
  ),
);

function defaultOf(name: (typeof inputNames)[number]): string {
  if (isRequired.has(name)) return "required";
  const parsed = inputFields[name].schema.safeParse(undefined);
  if (!parsed.success) return "generated";
  return parsed.data === undefined ? "none" : `\`${JSON.stringify(parsed.data)}\``;
}

/** The comments of an object literal's properties, by name. */
async function documentationOf(variable: string): Promise<Map<string, string>> {
  const source = ts.createSourceFile(FIELDS, await readFile(FIELDS, "utf8"), ts.ScriptTarget.Latest, true);
  const declarations = source.statements
    .filter(ts.isVariableStatement)
    .flatMap(({ declarationList }) => declarationList.declarations);
  const declaration = declarations.find(({ name }) => name.getText(source) === variable);
  let literal = declaration?.initializer;
  while (literal && (ts.isSatisfiesExpression(literal) || ts.isAsExpression(literal)))
    literal = literal.expression;
  if (!literal || !ts.isObjectLiteralExpression(literal))
    throw new Error(`${FIELDS} has no object literal ${variable}.`);
  return new Map(literal.properties.map((row) => [row.name?.getText(source) ?? "", commentOf(row)]));
}

function commentOf(node: ts.Node): string {
  const comments = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc);
  return (ts.getTextOfJSDocComment(comments.at(-1)?.comment) ?? "").replaceAll(/\s+/g, " ").trim();
}

function lineOf(lines: ReadonlyMap<string, string>, name: string): string {
  const text = lines.get(name) ?? "";
  if (text === "") throw new Error(`${FIELDS}: the row ${name} has no line of documentation.`);
  return text;
}

function markdown(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [row(header), row(header.map(() => "---")), ...rows.map(row)].join("\n");
}
