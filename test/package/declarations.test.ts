import { describe, expect, it } from "vitest";
import { SETTING_DOCUMENTATION, settingNames } from "../../provider/config";
import type { OutputField } from "../../provider/lifecycle/schema/field";
import { outputFields } from "../../provider/lifecycle/schema/fields";
import { fieldOf, inputNames } from "../../provider/lifecycle/schema/inputs";
import type { Documentation } from "../../provider/util/documentation";
import { defaultOf, isRequired } from "../docs/fieldTables";
import { Editor } from "./quickInfo";

const editor = new Editor();

function factsOf({ meaning, unit }: Documentation): string[] {
  return [meaning, ...(unit === undefined ? [] : [`Unit: ${unit}.`])];
}

describe("an editor shows meaning, unit and default of", () => {
  it("every input", () => {
    const shown = editor.propertiesOf("ProxyKeyArgs");
    expect(shown.map(({ property }) => property)).toEqual(inputNames);
    for (const [at, name] of inputNames.entries()) {
      const inTable = [
        ...factsOf(fieldOf(name).doc),
        isRequired(name) ? "Required." : `@default ${defaultOf(name)}`,
      ];
      expect(inTable.filter((fact) => !shown[at]?.text.includes(fact))).toEqual([]);
    }
  });

  it("every output", () => {
    const outputs = Object.entries<OutputField>(outputFields);
    const docs = new Map<string, Documentation>([
      ...inputNames.map((name) => [name, fieldOf(name).doc] as const),
      ...outputs.map(([name, { doc }]) => [name, doc] as const),
    ]);
    const shown = new Map(editor.propertiesOf("ProxyKey").map(({ property, text }) => [property, text]));
    for (const [name, doc] of docs) {
      expect(factsOf(doc).filter((fact) => !shown.get(name)?.includes(fact))).toEqual([]);
    }
  });

  it("every setting of an account", () => {
    const shown = editor.propertiesOf("AccountArgs");
    expect(shown.map(({ property }) => property)).toEqual(settingNames);
    for (const [at, name] of settingNames.entries()) {
      const doc = SETTING_DOCUMENTATION[name];
      const inTable = [...factsOf(doc), doc.default === undefined ? "Required." : `@default ${doc.default}`];
      expect(inTable.filter((fact) => !shown[at]?.text.includes(fact))).toEqual([]);
    }
  });

  it.each([
    ["RotatingProxyKeyArgs"],
    ["GetProxyKeysArgs"],
    ["ImportProxyKeysArgs"],
    ["ValidateProxyKeyArgs"],
    ["InvokeOptions"],
  ])("every argument in %s", (type) => {
    const shown = editor.propertiesOf(type);
    expect(shown.length).toBeGreaterThan(0);
    const isBoolean = /^(?:enabled|expired|provider)$/;
    for (const { property, isOptional, text } of shown) {
      expect(text, property).toMatch(/^[A-Z].*\.( |$)/);
      expect(text, property).toMatch(isBoolean.test(property) ? /./ : /Unit: /);
      expect(text, property).toMatch(isOptional ? /@default|Default: / : /Required\./);
    }
  });

  it.each(["key", "name", "fingerprint"])("the argument %s of getProxyKey", (name) => {
    const type = `Extract<GetProxyKeyArgs, { ${name}: string }>`;
    const [shown] = editor.propertiesOf(type, "GetProxyKeyArgs");
    expect(shown).toMatchObject({ property: name, text: expect.stringMatching(/^[A-Z].*Unit: /) });
  });

  it.each([
    "GetProxyKeyResult",
    "ProxyKeyInfo",
    "GetAccountResult",
    "ValidateProxyKeyResult",
    "ProxyKeyImport",
  ])("every property of %s", (type) => {
    const shown = editor.propertiesOf(type);
    expect(shown.length).toBeGreaterThan(0);
    expect(shown.filter(({ text }) => !/^[A-Z].*\.( |$)/.test(text))).toEqual([]);
  });

  it.each([
    "current",
    "previous",
    "currentFingerprint",
    "previousFingerprint",
    "rotatesAt",
    "previousValidUntil",
  ])("the output %s of a rotating key", (name) => {
    const shown = editor.propertiesOf("RotatingProxyKey");
    expect(shown.find(({ property }) => property === name)?.text).toMatch(/^[A-Z].*\.$/);
  });
});
