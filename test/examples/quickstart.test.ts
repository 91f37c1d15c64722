import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startSimulator, type Simulator } from "../../provider/testing";
import { parseExportedState } from "../support/checkpoint";
import { createEngineProject, type EngineProject } from "../support/engine";
import { REPOSITORY_ROOT } from "../support/engineEnvironment";
import { installNodeHost } from "../support/nodeHost";

/** What the root's Pulumi.yaml runs, by literal commands. A project made from the template: `test/package/examples.test.ts`. */
let project: EngineProject;
let simulator: Simulator;

beforeAll(async () => {
  project = await createEngineProject();
  simulator = await startSimulator();
  await installNodeHost(project.folders.bin);
  const settings = await text("Pulumi.yaml");
  const elsewhere = settings.replace(/^main: /m, `main: ${REPOSITORY_ROOT}/`);
  await writeFile(join(project.folders.work, "Pulumi.yaml"), elsewhere);
});
afterAll(async () => {
  await simulator?.close();
  await project?.dispose();
});

const text = (path: string) => readFile(join(REPOSITORY_ROOT, path), "utf8");

async function pulumi(...args: string[]): Promise<string> {
  const { exitCode, stdout, output } = await project.pulumi([...args, "--non-interactive"]);
  expect(exitCode, output).toBe(0);
  return stdout;
}

it("makes one key, hands it out as a secret, changes nothing the next time, and removes it", async () => {
  const account = simulator.account();
  const balance = account.balance;
  await pulumi("stack", "init", "dev");
  await pulumi("config", "set", "electronhub:baseUrl", simulator.baseUrl);
  await pulumi("config", "set", "electronhub:apiKey", "--secret", account.apiKey);

  expect(await pulumi("up", "--yes", "--skip-preview")).toMatch(/\+ 2 created/);
  expect(account.keys()).toHaveLength(1);
  const [made] = account.keys();
  expect(made).toMatchObject({
    name: expect.stringMatching(/^ci-bot-[a-z2-7]{7}$/),
    allocatedAmount: 0.1,
    limitType: "daily",
    modelWhitelist: ["gpt-4o", "gpt-4o-mini"],
    isActive: true,
  });
  const { deployment } = parseExportedState(await pulumi("stack", "export"));
  expect(JSON.stringify(deployment)).not.toContain(made?.key);
  expect(JSON.parse(await pulumi("stack", "output", "--json"))).toEqual({
    key: "[secret]",
    fingerprint: expect.stringMatching(/^pk-[0-9a-f]{16}$/),
  });
  expect(project.transcript).not.toContain(made?.key);
  expect((await pulumi("stack", "output", "key", "--show-secrets")).trim()).toBe(made?.key);

  await pulumi("preview", "--expect-no-changes");

  await pulumi("destroy", "--yes", "--skip-preview");
  expect(account.keys()).toEqual([]);
  expect(account.balance).toBe(balance);
  expect(simulator.violations).toEqual([]);
});

it("is the template's program, word for word", async () => {
  const [note, ...program] = (await text("test/workingCopy/index.ts")).split("\n");
  expect(note).toMatch(/^\/\/ /);
  expect(program.join("\n")).toBe(await text("examples/quickstart/index.ts"));
});
