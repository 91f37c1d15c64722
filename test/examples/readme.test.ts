import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCommand } from "../support/command";
import { createEngineProject, type EngineProject } from "../support/engine";
import { REPOSITORY_ROOT } from "../support/engineEnvironment";

const BIN = join(REPOSITORY_ROOT, "node_modules", ".bin");

let readme: string;
let project: EngineProject;

beforeAll(async () => {
  readme = await text("README.md");
  project = await createEngineProject();
});
afterAll(() => project.dispose());

const text = (path: string) => readFile(join(REPOSITORY_ROOT, path), "utf8");

function programs(markdown: string): string[] {
  return [...markdown.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = ""]) => code);
}

describe("README.md", () => {
  it("begins with the quickstart, as it is", async () => {
    const quickstart = join(REPOSITORY_ROOT, "examples", "quickstart", "index.ts");
    expect(programs(readme)[0]).toBe(await readFile(quickstart, "utf8"));
  });

  it("shows a test that passes", async () => {
    const testing = await text("examples/testing/README.md");
    const code = programs(testing).find((program) => program.includes("startSimulator"));
    await writeFile(join(project.folders.work, "keys.test.mts"), code ?? "");
    const { exitCode, output } = await runCommand(join(BIN, "node"), ["--test", "keys.test.mts"], {
      cwd: project.folders.work,
      env: project.env,
    });
    expect({ exitCode, output }).toEqual({
      exitCode: 0,
      output: expect.stringMatching(/^. pass 1$/m) as string,
    });
  });

  it("has the reference that the table of fields gives", async () => {
    const args = [join("test", "docs", "reference.ts"), "--check"];
    const result = await runCommand(join(BIN, "tsx"), args, { cwd: REPOSITORY_ROOT, env: project.env });
    expect(result).toMatchObject({ exitCode: 0, output: "" });
  });
});
