import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { startSimulator } from "../../provider/testing";
import { REPOSITORY_ROOT } from "../support/engineEnvironment";
import { createFreshProject, mustSucceed, type FreshProject } from "./freshProject";

const EXAMPLES = join(REPOSITORY_ROOT, "examples");

let project: FreshProject;

beforeAll(async () => {
  project = await createFreshProject({ template: join(EXAMPLES, "quickstart") });
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

/** Not what an installation adds. */
function isSource(name: string): boolean {
  return name !== "node_modules" && name !== "package-lock.json";
}
