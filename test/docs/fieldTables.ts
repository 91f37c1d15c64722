import { SETTING_DOCUMENTATION, SETTINGS, CONFIG_NAMESPACE, settingNames } from "../../provider/config";
import { check } from "../../provider/lifecycle/check";
import { outputFields } from "../../provider/lifecycle/schema/fields";
import type { Change, InputField, OutputField } from "../../provider/lifecycle/schema/field";
import { fieldOf, inputNames, type InputName } from "../../provider/lifecycle/schema/inputs";

const EFFECTS: Readonly<Record<Change, string>> = {
  update: "updates the key in place",
  toggle: "toggles the key in place",
  replace: "creates a new key, then removes the old one",
  stateOnly: "affects the state only",
};

/** The inputs in Markdown, with what a change of each does. */
export function inputTable(): string {
  const rows = inputNames.map((name) => {
    const { doc, change, effect = EFFECTS[change] } = fieldOf(name);
    return [`\`${name}\``, doc.meaning, doc.unit ?? "", defaultOf(name), effect];
  });
  return markdown(["input", "meaning", "unit", "default", "a change"], rows);
}

export function outputTable(): string {
  const rows = Object.entries<OutputField>(outputFields).map(([name, { doc }]) => [
    `\`${name}\``,
    doc.meaning,
    doc.unit ?? "",
  ]);
  return markdown(["output", "meaning", "unit"], rows);
}

/** The settings in Markdown, by their names in the stack's configuration and in the environment. */
export function settingTable(): string {
  const rows = settingNames.map((name) => {
    const { meaning, unit = "", default: value = "required" } = SETTING_DOCUMENTATION[name];
    return [`\`${CONFIG_NAMESPACE}:${name}\``, `\`${SETTINGS[name]}\``, meaning, unit, value];
  });
  return markdown(["setting", "environment", "meaning", "unit", "default"], rows);
}

export function effectOf({
  change,
  effect = EFFECTS[change],
}: Pick<InputField, "change" | "effect">): string {
  return `A change ${effect}.`;
}

const required: ReadonlySet<string> = new Set(
  check({}, {}, { nowMs: 0, randomBytes: (count) => new Uint8Array(count) }).failures?.map(
    ({ property }) => property,
  ),
);

export function isRequired(name: InputName): boolean {
  return required.has(name);
}

/** The documented default, or else that of the schema. */
export function defaultOf(name: InputName): string {
  if (isRequired(name)) return "required";
  const { doc, schema } = fieldOf(name);
  const value = schema.safeParse(undefined).data;
  if (value !== undefined) return `\`${JSON.stringify(value)}\``;
  if (doc.default === undefined) throw new Error(`fields.ts: the row ${name} has no default.`);
  return doc.default;
}

function markdown(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [row(header), row(header.map(() => "---")), ...rows.map(row)].join("\n");
}
