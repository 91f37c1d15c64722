import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { requireClearNames } from "../../../../provider/cli/importing/importFiles";
import { entryFolder, importLine } from "../../../../provider/cli/importing/importLine";
import { Refusal, UsageError } from "../../../../provider/cli/problems";

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "import-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const at = (...parts: string[]) => join(root, ...parts);
const check = (out: string, program: string) => () =>
  requireClearNames({ out: at(out), program: at(program) });

describe("the names of the import file and the program", () => {
  it("are refused if an import of the program could load the import file", () => {
    for (const out of ["keys.json", "keys", "keys.js", "keys.node", "KEYS.JSON", "keys.ts", "keys.mjs"])
      expect(check(out, "keys.ts"), out).toThrow(UsageError);
    expect(check("keys.json", "keys.json.ts")).toThrow(UsageError);
    expect(check("keys.json", "keys.js")).toThrow(UsageError);
  });

  it("are refused if nothing could import the program", () => {
    for (const program of ["keys", "keys.json", "keys.d.ts", "keys.tsx", ".ts", "keys.py"])
      expect(check("import.json", program), program).toThrow(UsageError);
  });

  it("are refused if an import of the program could load another existing file", () => {
    for (const existing of ["keys.json", "keys.js", "keys.node", "keys.tsx", "keys"]) {
      writeFileSync(at(existing), "{}");
      expect(check("import.json", "keys.ts"), existing).toThrow(Refusal);
      rmSync(at(existing));
    }
    mkdirSync(at("keys"));
    expect(check("import.json", "keys.ts")).toThrow(/may load \S+keys instead/);
  });

  it("are accepted otherwise, in other folders as well", () => {
    mkdirSync(at("src"));
    writeFileSync(at("keys2.json"), "{}");
    for (const [out, program] of [
      ["pulumi-import.json", "importedKeys.ts"],
      ["keys.json", "src/keys.ts"],
      ["keys-import.json", "keys.mts"],
      ["import.json", "keys.cjs"],
    ] as const)
      expect(check(out, program)()).toEqual({ out: at(out), program: at(program) });
  });
});

describe("the line that imports the program", () => {
  it.each([
    ["importedKeys.ts", `import "./importedKeys";`],
    ["sub/folder/keys.ts", `import "./sub/folder/keys";`],
    ["../keys.ts", `import "../keys";`],
    ["keys.mts", `import "./keys.mjs";`],
    ["keys.cts", `import "./keys.cjs";`],
    ["keys.js", `import "./keys.js";`],
    ["team.keys.ts", `import "./team.keys";`],
    ['a"b.ts', String.raw`import "./a\"b";`],
  ])("of %s is %s in CommonJS", (file, line) => {
    mkdirSync(at("app"));
    expect(importLine(at("app", file), at("app"))).toBe(line);
  });

  it("has an extension in a package of ESM, which may be a parent folder's", () => {
    writeFileSync(at("package.json"), '{"type":"module"}');
    mkdirSync(at("app"));
    expect(importLine(at("app", "keys.ts"), at("app"))).toBe(`import "./keys.js";`);
    writeFileSync(at("app", "package.json"), "{}");
    expect(importLine(at("app", "keys.ts"), at("app"))).toBe(`import "./keys";`);
  });

  it("is relative to the program's first file", () => {
    expect(entryFolder(root)).toBe(root);
    for (const [main, folder] of [
      ["src/main.ts", "src"],
      ["bin/index.js", ""],
      ["", ""],
    ] as const) {
      writeFileSync(at("package.json"), JSON.stringify({ main }));
      expect(entryFolder(root)).toBe(join(root, folder));
    }
  });
});
