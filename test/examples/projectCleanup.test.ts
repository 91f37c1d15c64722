import { join } from "node:path";
import { expect, it } from "vitest";
import { runCommand, type CommandResult } from "../support/command";
import { REPOSITORY_ROOT } from "../support/engineEnvironment";
import { useExample } from "./fixture";

const example = useExample(() => import("../../examples/project-cleanup/index.ts"));

const KEY_TYPE = "pulumi-nodejs:dynamic/electronhub:ProxyKey";

/** Runs the script itself, as a CI job does. */
function cleanup(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  const { project } = example;
  const script = join(REPOSITORY_ROOT, "examples", "project-cleanup", "cleanup.sh");
  return runCommand(script, args, { cwd: project.folders.work, env: { ...project.env, ...env } });
}

async function stackNames(): Promise<string[]> {
  const { stdout } = await example.project.pulumi(["stack", "ls", "--json"]);
  return (JSON.parse(stdout) as { name: string }[]).map(({ name }) => name);
}

it("removes every key of the environment, then the stack, and may be run again", async () => {
  const { account } = example;
  const other = account.addKey({ name: "not of the stack" });
  const up = await (await example.stack("pr-42")).up();
  expect(Object.keys(up.outputs["keys"]?.value as object).toSorted()).toEqual(["evals", "web", "worker"]);
  expect(up.outputs["keys"]?.secret).toBe(true);
  expect(account.keys().map(({ name }) => name.replace(/-[a-z2-7]{7}$/, ""))).toEqual(
    expect.arrayContaining(["web-pr-42", "worker-pr-42", "evals-pr-42"]),
  );

  expect(await cleanup(["pr-42"])).toMatchObject({ exitCode: 0 });
  expect(account.keys().map(({ key }) => key)).toEqual([other.key]);
  expect(await stackNames()).not.toContain("pr-42");

  example.simulator.clearJournal();
  const again = await cleanup(["pr-42"]);
  expect(again).toMatchObject({ exitCode: 0, stderr: "" });
  expect(again.stdout).toContain("There is no stack pr-42: nothing to clean up.");
  expect(example.simulator.requests()).toEqual([]);
});

it("counts a key that was removed before as removed", async () => {
  const { account } = example;
  await (await example.stack("pr-43")).up();
  account.removeKey(account.keys()[0]?.key ?? "");

  expect(await cleanup(["pr-43"])).toMatchObject({ exitCode: 0 });
  expect(account.keys()).toEqual([]);
  expect(await stackNames()).not.toContain("pr-43");
});

it("fails on a key that the API refuses to remove, keeps the stack and that key, and ends it later", async () => {
  const { account, project, simulator } = example;
  await (await example.stack("pr-44")).up();
  const [moved] = account.keys();
  const taker = simulator.addAccount({ name: "taker" });
  account.removeKey(moved?.key ?? "");
  taker.addKey({ name: moved?.name ?? "", key: moved?.key ?? "" });

  const refused = await cleanup(["pr-44"]);
  expect(refused.exitCode).not.toBe(0);
  expect(refused.output).toMatch(/Cannot remove proxy key .*HTTP 403/);
  expect(refused.stderr).toContain("The stack pr-44 stays, with what could not be removed");
  expect(refused.output).not.toContain(moved?.key);
  expect(account.keys()).toEqual([]);
  expect(taker.keys()).toHaveLength(1);
  expect(await stackNames()).toContain("pr-44");
  expect(await project.resources("pr-44", KEY_TYPE)).toHaveLength(1);

  taker.removeKey(moved?.key ?? "");
  expect(await cleanup(["pr-44"])).toMatchObject({ exitCode: 0 });
  expect(await stackNames()).not.toContain("pr-44");
});

it("takes an unreachable backend for a failure, not for a stack that is gone", async () => {
  const env = { PULUMI_BACKEND_URL: "file:///no/such/folder" };
  const result = await cleanup(["pr-45"], env);
  expect(result.exitCode).not.toBe(0);
  expect(result.stderr).toContain("unable to open state directory");
});

it.each([[[]], [[""]], [["--all"]], [["a", "b"]]])("refuses %j with its usage", async (args) => {
  expect(await cleanup(args)).toMatchObject({ exitCode: 64, stderr: "usage: cleanup.sh STACK\n" });
});
