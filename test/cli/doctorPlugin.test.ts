import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { StateResource } from "../support/checkpoint";
import { pluginStack, type PluginStack } from "../support/pluginState";
import { useDoctor } from "./doctorFixture";

const doctor = useDoctor();

const ACCOUNT = { apiKey: "made-up", baseUrl: "http://127.0.0.1:1/v1" };

/** Makes a stack and selects it. */
async function deploy(
  name: string,
  build: (stack: PluginStack, provider: StateResource) => readonly StateResource[],
): Promise<void> {
  const { project } = doctor;
  await project.pulumi(["stack", "init", name]);
  const stack = pluginStack(name, project.name);
  const provider = stack.provider(ACCOUNT);
  const { version, deployment } = await project.exportState(name);
  const added = stack.deployment([provider, ...build(stack, provider)]);
  await project.importState(name, { version, deployment: { ...deployment, ...added } });
}

/** A project whose PATH does not have the plugin. */
async function withoutPlugin(): Promise<void> {
  await doctor.use();
  await rm(join(doctor.project.folders.bin, "pulumi-resource-electronhub"), { force: true });
}

const bot = (stack: PluginStack, provider: StateResource) =>
  stack.key("bot", { name: "bot", secret: "made-up-bot", provider });

const projectFile = (name: string, lines: string) =>
  writeFile(join(doctor.project.folders.work, "Pulumi.yaml"), `name: ${name}\n${lines}`);

it("a stack of the provider plugin needs the plugin, where the project's file says, and no package of npm", async () => {
  await withoutPlugin();
  const { folders, name } = doctor.project;
  await projectFile(
    name,
    "runtime: yaml\nplugins:\n  providers:\n    - name: electronhub\n      path: plugin\n",
  );
  await deploy("dev", (stack, provider) => [bot(stack, provider)]);
  const missing = await doctor.examine();
  expect(missing.check("State").what).toBe("resources of the provider plugin");
  for (const skipped of ["Dynamic plugin", "Pulumi SDK", "Package"])
    expect(missing.check(skipped)).toMatchObject({ status: "skipped" });
  expect(missing.check("Provider plugin")).toMatchObject({
    status: "error",
    what: expect.stringMatching(/^pulumi-resource-electronhub is neither on PATH/),
    nextStep: expect.stringContaining("npm install -g pulumi-electronhub"),
  });
  const plugin = join(folders.work, "plugin");
  await mkdir(plugin, { recursive: true });
  await writeFile(join(plugin, "pulumi-resource-electronhub"), "");
  expect((await doctor.examine()).check("Provider plugin")).toMatchObject({
    status: "ok",
    what: join(plugin, "pulumi-resource-electronhub"),
  });
});

it("a state with resources of both providers needs both, and one with an unknown type is a warning", async () => {
  await withoutPlugin();
  await projectFile(doctor.project.name, "runtime: nodejs\n");
  await deploy("half", (stack, provider) => [
    bot(stack, provider),
    stack.other("pulumi-nodejs:dynamic/electronhub:ProxyKey", "old", provider),
    stack.other("electronhub:index:Team", "team", provider),
  ]);
  const { check } = await doctor.examine();
  expect(check("State")).toMatchObject({
    status: "warning",
    what: expect.stringMatching(/^Stack half \(electronhub:index:Team\) has resource types that/),
    nextStep: expect.stringMatching(/^Update pulumi-electronhub/),
  });
  for (const needed of ["Dynamic plugin", "Package"]) expect(check(needed)).toMatchObject({ status: "ok" });
  expect(check("Provider plugin")).toMatchObject({ status: "error" });
});
