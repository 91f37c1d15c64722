import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { programFolder, programOf, projectFolder } from "../../../../provider/cli/pulumi/folders";

let root = "";
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "folders-"));
  for (const folder of ["app/src/deep", "json", "other"]) mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, "app", "Pulumi.yaml"), "name: app\n");
  writeFileSync(join(root, "app", "src", "index.ts"), "");
  writeFileSync(join(root, "json", "Pulumi.json"), "{}");
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

it.each([
  ["app", "app"],
  ["app/src/deep", "app"],
  ["json", "json"],
  ["other", "other"],
  // A misspelled folder is no folder of the project above it.
  ["app/missing", "app/missing"],
])("the project's folder of %s is %s", (folder, expected) => {
  expect(projectFolder(join(root, folder))).toBe(join(root, expected));
});

it.each([
  [undefined, "app"],
  ["src", "app/src"],
  ["src/", "app/src"],
  ["./src/index.ts", "app/src"],
  ["dist/index.js", "app/dist"],
  ["dist", "app/dist"],
])("the program's folder with `main: %s` is %s", (main, expected) => {
  expect(programFolder(join(root, "app"), main)).toBe(join(root, expected));
});

it.each([
  [undefined, "nodejs", undefined],
  [{ name: "app", runtime: "yaml" }, "yaml", undefined],
  [{ name: "app", runtime: { name: "python" }, plugins: null }, "python", undefined],
  [
    {
      name: "app",
      plugins: {
        providers: [
          { name: "aws", path: "aws" },
          { name: "electronhub", path: "bin" },
        ],
      },
    },
    "nodejs",
    "app/bin",
  ],
  [{ name: "app", plugins: { providers: [{ name: "aws", path: "aws" }] } }, "nodejs", undefined],
])("the file %j names the runtime %s and the plugin's folder %s", (settings, runtime, plugin) => {
  expect(programOf(join(root, "app"), settings)).toEqual({
    folder: join(root, "app"),
    runtime,
    pluginFolder: plugin === undefined ? undefined : join(root, plugin),
  });
});
