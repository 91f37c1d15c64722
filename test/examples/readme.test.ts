import { cp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { runCommand } from "../support/command";
import { createEngineProject, type EngineProject } from "../support/engine";
import { REPOSITORY_ROOT } from "../support/engineEnvironment";

const BIN = join(REPOSITORY_ROOT, "node_modules", ".bin");

let project: EngineProject;

beforeAll(async () => {
  project = await createEngineProject();
});
afterAll(() => project.dispose());

const text = (path: string) => readFile(join(REPOSITORY_ROOT, path), "utf8");

it("README.md begins with the quickstart, as it is", async () => {
  const [, program] = /^```ts\n(.*?)^```$/ms.exec(await text("README.md")) ?? [];
  expect(program).toBe(await text("examples/quickstart/index.ts"));
});

it("README.md has the reference that the table of fields gives", async () => {
  const args = [join("test", "docs", "reference.ts"), "--check"];
  const result = await runCommand(join(BIN, "tsx"), args, { cwd: REPOSITORY_ROOT, env: project.env });
  expect(result).toMatchObject({ exitCode: 0, output: "" });
});

it("examples/testing has a test that passes, and leaves no stack", async () => {
  const { work } = project.folders;
  await cp(join(REPOSITORY_ROOT, "examples", "testing", "keys.test.mts"), join(work, "keys.test.mts"));
  // Not `npm test`: with a package.json the package would not resolve by its own name.
  const result = await runCommand(join(BIN, "node"), ["--test"], { cwd: work, env: project.env });
  expect(result, result.output).toMatchObject({ exitCode: 0 });
  expect(result.output).toMatch(/^. pass 1$/m);
  expect((await project.pulumi(["stack", "ls", "--all", "--json"])).stdout.trim()).toBe("[]");
});
