import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
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

/** Links to this repository's files, as paths in it. The npm package has no examples, so the README's links are addresses. */
function linkedPaths(markdown: string, folder: string): string[] {
  const REPOSITORY = /^https:\/\/github\.com\/pulumi-electronhub\/pulumi-electronhub\/(?:tree|blob)\/main\//;
  return [...markdown.matchAll(/\]\(([^)#\s]+)/g)].flatMap(([, link = ""]) => {
    if (REPOSITORY.test(link)) return [link.replace(REPOSITORY, "")];
    return /^https?:/.test(link) ? [] : [join(folder, link)];
  });
}

describe("README.md", () => {
  it("begins with the quickstart, as it is", async () => {
    const quickstart = join(REPOSITORY_ROOT, "examples", "quickstart", "index.ts");
    expect(programs(readme)[0]).toBe(await readFile(quickstart, "utf8"));
  });

  it("shows a test that passes", async () => {
    const testing = await text("examples/testing/README.md");
    const code = programs(testing).find((program) => program.includes("startSimulator"));
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

  it("has at most 200 lines", () => {
    expect(readme.trimEnd().split("\n").length).toBeLessThanOrEqual(200);
  });

  it("has only links that work for users of the package", () => {
    expect(readme).not.toMatch(/\]\((?!https:)/);
  });

  it("and the examples' READMEs link to files that exist", async () => {
    const folders = await readdir(join(REPOSITORY_ROOT, "examples"), { withFileTypes: true });
    const examples = folders.filter((entry) => entry.isDirectory()).map(({ name }) => join("examples", name));
    const linked = await Promise.all(
      [".", "examples", ...examples].map(async (folder) =>
        linkedPaths(await text(join(folder, "README.md")), folder),
      ),
    );
    const paths = [...new Set(linked.flat())];
    expect(paths.length).toBeGreaterThan(20);
    expect(paths.filter((path) => !existsSync(join(REPOSITORY_ROOT, path)))).toEqual([]);
  });
});
