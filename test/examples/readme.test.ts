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
  readme = await readFile(join(REPOSITORY_ROOT, "README.md"), "utf8");
  project = await createEngineProject();
});
afterAll(() => project.dispose());

function programs(): string[] {
  return [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = ""]) => code);
}

describe("README.md", () => {
  it("begins with the quickstart, as it is", async () => {
    const quickstart = join(REPOSITORY_ROOT, "examples", "quickstart", "index.ts");
    expect(programs()[0]).toBe(await readFile(quickstart, "utf8"));
  });

  it("shows a test that passes", async () => {
    const code = programs().find((program) => program.includes("startSimulator"));
    await writeFile(join(project.folders.work, "example.mts"), code ?? "");
    const result = await runCommand(join(BIN, "node"), ["example.mts"], {
      cwd: project.folders.work,
      env: project.env,
    });
    expect(result).toMatchObject({ exitCode: 0, output: "" });
  });

  it("has the reference that the table of fields gives", async () => {
    const args = [join("test", "docs", "reference.ts"), "--check"];
    const result = await runCommand(join(BIN, "tsx"), args, { cwd: REPOSITORY_ROOT, env: project.env });
    expect(result).toMatchObject({ exitCode: 0, output: "" });
  });

  it("links to files that exist", async () => {
    const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, link = ""]) => link);
    expect(links.length).toBeGreaterThan(3);
    const missing = await Promise.all(
      links.map((link) =>
        readFile(join(REPOSITORY_ROOT, link.endsWith("/") ? `${link}README.md` : link)).then(
          () => [],
          () => [link],
        ),
      ),
    );
    expect(missing.flat()).toEqual([]);
  });
});
