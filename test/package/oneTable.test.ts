import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import ts from "typescript";
import { afterAll, beforeAll, expect, it } from "vitest";
import type json from "../../provider/plugin/schema.json";
import { runCommand } from "../support/command";
import { REPOSITORY_ROOT } from "../support/engineEnvironment";

/**
 * Adds an input to the table of fields, in a copy of the repository, and looks at what else has to be changed: the wire's
 * two schemas, which the compiler names, and the simulator, which the probe names. `npm run docs` makes the declarations.
 */

const ROW = `
  madeUp: wireField("made_up", {
    doc: { meaning: "A made-up input.", unit: "words" },
    schema: z.string().default("nothing"),
    change: "update",
    toWire: (text) => text,
    fromWire: (text) => text,
  }),`;

let copy: string;

beforeAll(async () => {
  await mkdir(join(REPOSITORY_ROOT, ".scratch"), { recursive: true });
  copy = await mkdtemp(join(REPOSITORY_ROOT, ".scratch", "one-table-"));
  for (const path of ["provider", "test/docs", "test/support", "test/package", "README.md", "package.json"])
    await cp(join(REPOSITORY_ROOT, path), join(copy, path), { recursive: true });
  for (const path of ["tsconfig.json", ".oxfmtrc.json"])
    await cp(join(REPOSITORY_ROOT, path), join(copy, path));
  await symlink(join(REPOSITORY_ROOT, "node_modules"), join(copy, "node_modules"), "junction");
  await insertAfter("provider/lifecycle/schema/fields.ts", "export const inputFields = {", ROW);
});
afterAll(() => rm(copy, { recursive: true, force: true }));

it("the compiler names the wire's types, and nothing else", { timeout: 240_000 }, async () => {
  const errors = compilerErrors();
  expect(errors.map(({ file }) => file)).toEqual(errors.map(() => "lifecycle/schema/fields.ts"));
  expect(errors[0]?.text).toBe(
    `Argument of type '"made_up"' is not assignable to parameter of type 'WireName'.`,
  );

  await insertAfter(
    "provider/api/wire.ts",
    "export const keySettingsSchema = z.object({",
    "  made_up: z.string(),",
  );
  await insertAfter("provider/api/wire.ts", "const keyFields = {", "  made_up: orUnknown(z.string()),");
  expect(compilerErrors()).toEqual([]);
});

it("everything else follows, but for the simulator", { timeout: 240_000 }, async () => {
  const { stdout, output } = await run("test/package/oneTableProbe.ts");
  const { program, missingInSimulator, ...probed } = JSON.parse(stdout || output) as Record<string, unknown>;
  expect(probed).toMatchObject({
    check: { madeUp: "declared" },
    diff: ["madeUp"],
    body: { made_up: "declared" },
    comparison: [true, false],
    sharedBetweenProcesses: { made_up: "declared" },
    state: { madeUp: "declared" },
    info: { madeUp: "declared" },
  });
  expect(program).toContain('  madeUp: "declared",');
  expect(missingInSimulator).toEqual(["made_up"]);
});

it(
  "the declarations, the plugin's schema and the README follow by `npm run docs`, and differ until then",
  { timeout: 240_000 },
  async () => {
    const stale = await run("test/docs/reference.ts", "--check");
    expect(stale.exitCode).toBe(1);
    expect(stale.output.match(/^\S+ differs/gm)).toEqual([
      "README.md differs",
      "provider/resources/proxyKeyArgs.ts differs",
      "provider/plugin/schema.json differs",
    ]);
    expect((await run("test/docs/reference.ts", "--write")).output).toBe("");
    expect((await run("test/docs/reference.ts", "--check")).exitCode).toBe(0);
    const declarations = await readFile(join(copy, "provider/resources/proxyKeyArgs.ts"), "utf8");
    expect(declarations).toContain("madeUp?: pulumi.Input<string | undefined>;");
    expect(declarations).toContain("madeUp: string;");
    const schema = JSON.parse(
      await readFile(join(copy, "provider/plugin/schema.json"), "utf8"),
    ) as typeof json;
    const { inputProperties, properties } = schema.resources["electronhub:index:ProxyKey"];
    expect(inputProperties).toHaveProperty("madeUp.type", "string");
    expect(properties).toHaveProperty("madeUp.type", "string");
    expect(compilerErrors()).toEqual([]);
  },
);

async function insertAfter(path: string, line: string, text: string): Promise<void> {
  const source = await readFile(join(copy, path), "utf8");
  if (!source.includes(line)) throw new Error(`${path} has no line ${line}`);
  await writeFile(join(copy, path), source.replace(line, `${line}\n${text}`));
}

function compilerErrors(): { file: string; text: string }[] {
  const config = ts.getParsedCommandLineOfConfigFile(
    join(copy, "provider", "tsconfig.json"),
    {},
    {
      ...ts.sys,
      onUnRecoverableConfigFileDiagnostic: ({ messageText }) => {
        throw new Error(ts.flattenDiagnosticMessageText(messageText, "\n"));
      },
    },
  );
  const program = ts.createProgram(config?.fileNames ?? [], { ...config?.options, noEmit: true });
  return ts.getPreEmitDiagnostics(program).map(({ file, messageText }) => ({
    file: relative(join(copy, "provider"), file?.fileName ?? ""),
    text: ts.flattenDiagnosticMessageText(messageText, " "),
  }));
}

function run(script: string, ...args: string[]) {
  const tsx = join(REPOSITORY_ROOT, "node_modules", "tsx", "dist", "cli.mjs");
  return runCommand(process.execPath, [tsx, join(copy, script), ...args], { cwd: copy, env: process.env });
}
