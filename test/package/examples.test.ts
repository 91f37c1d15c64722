import { cp, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { startSimulator } from "../../provider/testing";
import {
  EXAMPLES,
  exampleNames,
  exampleProjects,
  importedPackages,
  isSource,
  projectNames,
  typeErrors,
} from "./exampleProjects";
import { createFreshProject, mustSucceed, type FreshProject } from "./freshProject";

/** Installed with the quickstart. */
const OURS = new Set(["@pulumi/pulumi", "pulumi-electronhub", "typescript"]);

let project: FreshProject;

beforeAll(async () => {
  const dependencies = exampleProjects.flatMap(({ manifest }) => Object.entries(manifest.dependencies));
  const others = dependencies.filter(([name]) => !OURS.has(name));
  const beside = [...new Set(others.map(([name, range]) => `${name}@${range}`))];
  project = await createFreshProject({ template: join(EXAMPLES, "quickstart"), beside });
});
afterAll(() => project?.dispose());

describe("pulumi new examples/quickstart", () => {
  const FILES = ["Pulumi.yaml", "README.md", "index.ts", "package.json", "tsconfig.json"];
  const settings = async (folder: string) =>
    parse(await readFile(join(folder, "Pulumi.yaml"), "utf8")) as Record<string, unknown>;

  it("makes a project of five files, with the user's name and description", async () => {
    const { work } = project.folders;
    expect((await readdir(join(EXAMPLES, "quickstart"))).filter(isSource).toSorted()).toEqual(FILES);
    expect((await readdir(work)).filter(isSource).toSorted()).toEqual(FILES);
    const made = await settings(work);
    expect(made).toMatchObject({ name: "fresh", description: "Made by a user", runtime: { name: "nodejs" } });
    expect(made).not.toHaveProperty("template");
  });

  it("asks for the API key, as a secret", async () => {
    expect(await settings(join(EXAMPLES, "quickstart"))).toMatchObject({
      template: {
        config: { "electronhub:apiKey": { description: expect.stringContaining("API key"), secret: true } },
      },
    });
  });

  it("runs: up, output, destroy", async () => {
    const simulator = await startSimulator();
    const account = simulator.account();
    const pulumi = async (...args: string[]) =>
      mustSucceed(await project.run("pulumi", [...args, "--non-interactive"])).stdout;
    await pulumi("stack", "init", "dev");
    await pulumi("config", "set", "electronhub:baseUrl", simulator.baseUrl);
    await pulumi("config", "set", "electronhub:apiKey", "--secret", account.apiKey);
    await pulumi("up", "--yes", "--skip-preview");
    expect(account.keys()).toMatchObject([{ allocatedAmount: 0.1, limitType: "daily" }]);
    expect((await pulumi("stack", "output", "key", "--show-secrets")).trim()).toBe(account.keys()[0]?.key);
    await pulumi("destroy", "--yes", "--skip-preview");
    expect(account.keys()).toEqual([]);
    expect(simulator.violations).toEqual([]);
    await simulator.close();
  });
});

describe("an example that is copied out", () => {
  it("is a project, unless it is a text or one project per language", () => {
    const others = exampleNames.filter((name) => !exampleProjects.some((example) => example.name === name));
    expect(others.toSorted()).toEqual(["languages", "machines"]);
  });

  it.each(exampleProjects)("$name: names what it imports, and ranges that fit", async (example) => {
    const { manifest, files, name } = example;
    expect(manifest).toMatchObject({ name: `electronhub-${name}`, private: true });
    const { typescript, ...dependencies } = manifest.dependencies;
    const imported = new Set([...importedPackages(example), "@pulumi/pulumi", "pulumi-electronhub"]);
    expect(Object.keys(dependencies).toSorted()).toEqual([...imported].toSorted());
    // A published policy pack is installed without what it needs for development only.
    expect({ typescript, ...manifest.devDependencies }).toEqual({
      "@types/node": expect.stringMatching(/^\^/),
      typescript: expect.stringMatching(/^\^[56]\./),
    });
    const { peerDependencies, version } = JSON.parse(await text("..", "package.json")) as Package;
    expect(dependencies).toMatchObject({
      "@pulumi/pulumi": peerDependencies["@pulumi/pulumi"],
      "pulumi-electronhub": `^${version}`,
    });
    // The declarations of @pulumi/policy do not compile.
    const forHere = "@pulumi/policy" in dependencies ? /rootDir|extends/ : /rootDir|extends|skipLibCheck/;
    expect(await text(name, "tsconfig.json")).not.toMatch(forHere);
    expect(files).toEqual(expect.arrayContaining(["README.md", "tsconfig.json"]));
  });

  it("has a project name of its own", () => {
    const names = projectNames();
    expect(names.length).toBeGreaterThan(12);
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
    const programs = exampleProjects.filter(({ files }) => files.includes("Pulumi.yaml"));
    expect(names).toEqual(expect.arrayContaining(programs.map(({ manifest }) => manifest.name)));
  });

  it.each([...exampleProjects.map(({ name }) => name), "languages"])(
    "%s: its README begins with how to run and how to remove it",
    async (name) => {
      const readme = await text(name, "README.md");
      const beginning = readme.split("\n").slice(0, 45).join("\n");
      expect(beginning).toMatch(/^(?:npm install|pulumi new)/m);
      expect(beginning).toMatch(/^(?:pulumi destroy|pulumi stack rm|pulumi policy rm|\.\/clean\w+\.sh)/m);
      const scripts = [...readme.matchAll(/^(?:\.\/|node )(\w+\.(?:sh|mts))/gm)].map(([, script]) => script);
      expect((await readdir(join(EXAMPLES, name))).toSorted()).toEqual(expect.arrayContaining(scripts));
    },
  );

  it("is type-checked by its own configuration, declarations of this package included", async () => {
    const { work } = project.folders;
    const copies = exampleProjects.map(({ name }) => join(work, "examples", name));
    for (const [at, { folder, files }] of exampleProjects.entries())
      for (const file of files) await cp(join(folder, file), join(copies[at] ?? "", file));
    expect(typeErrors(work, [work, ...copies])).toEqual([]);
  });
});

interface Package {
  version: string;
  peerDependencies: Record<string, string>;
}

function text(...path: string[]): Promise<string> {
  return readFile(join(EXAMPLES, ...path), "utf8");
}
