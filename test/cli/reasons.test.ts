import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { PulumiFn } from "@pulumi/pulumi/automation";
import { beforeAll, expect, it, vi } from "vitest";
import { declare } from "../engine/fixture";
import { runCommand } from "../support/command";
import { REPOSITORY_ROOT } from "../support/engineEnvironment";
import { languageHost } from "../support/languageServer";
import { useCli } from "./fixture";

/** The example's commands for each reason to remove a key, run in bash as they are written. */

const cli = useCli();

vi.setConfig({ testTimeout: 300_000 });

let blocks: string[] = [];

beforeAll(async () => {
  const readme = await readFile(join(REPOSITORY_ROOT, "examples", "incident", "README.md"), "utf8");
  const [section = ""] = readme.split(/^## /m);
  blocks = [...section.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, commands = ""]) => commands);
  const bin = join(cli.project.folders.work, "node_modules", ".bin");
  await mkdir(bin, { recursive: true });
  await symlink(join(REPOSITORY_ROOT, "dist", "cli", "main.js"), join(bin, "pulumi-electronhub"));
});

/** The block of a reason, which must have the command. */
function blockWith(command: string): string {
  const found = blocks.filter((block) => block.includes(command));
  expect(found, command).toHaveLength(1);
  return found[0] as string;
}

/** @param program what `pulumi up` runs: the programs of tests are in this process, which the engine has to be told. */
async function bash(commands: string, program: PulumiFn): Promise<string> {
  const host = await languageHost(program);
  const pulumiUp = `pulumi() { if [ "$1" = up ]; then command pulumi "$@" --client=${host.address} --exec-kind auto.inline; else command pulumi "$@"; fi; }`;
  const env = { ...cli.project.env, ...cli.accountEnv() };
  const script = ["set -e", pulumiUp, commands].join("\n");
  const result = await runCommand("bash", ["-c", script], { cwd: cli.project.folders.work, env });
  host.close();
  expect(result, result.output).toMatchObject({ exitCode: 0 });
  return result.output;
}

const keysOf = () => cli.simulator.account().keys();
const isActive = (name: string) => keysOf().find((key) => key.name === name)?.isActive;

it("a security incident: the leaked key is removed, and its stack gets a new one", async () => {
  const program = async () => void declare("bot", { budget: 5 });
  await (await cli.stack("prod", program)).up();
  const [leaked] = keysOf();
  await writeFile(join(cli.project.folders.work, "leaked-keys.txt"), `${leaked?.key}\n`);
  const output = await bash(blockWith("leaked-keys.txt"), program);
  expect(output).toContain("pulumi up --refresh --stack prod");
  expect(keysOf()).toHaveLength(1);
  expect(keysOf()[0]?.key).not.toBe(leaked?.key);
});

it("a complete project: its keys and its stack are removed", async () => {
  const program = async () => void declare("web", { budget: 5 });
  await (await cli.stack("pr-42", program)).up();
  await bash(blockWith("pr-42"), program);
  expect(keysOf()).toEqual([]);
  expect(await cli.stackNames()).not.toContain("pr-42");
});

it("a team that changes: its keys are disabled first, and can be enabled again", async () => {
  const program = async () => {
    declare("theirs", { budget: 5, name: "theirs", labels: { owner: "team-a" } });
    declare("ours", { budget: 5, name: "ours", labels: { owner: "team-b" } });
  };
  const stack = await cli.stack("team", program);
  await stack.up();
  const [disable = "", remove = ""] = blockWith("owner=team-a").trim().split("\n");
  await bash(disable, program);
  expect([isActive("theirs"), isActive("ours")]).toEqual([false, true]);
  await bash("pulumi up --refresh --yes --stack team", program);
  expect([isActive("theirs"), isActive("ours")]).toEqual([true, true]);
  await bash(remove, program);
  expect(keysOf().map(({ name }) => name)).toEqual(["ours"]);
});

it("a rotation: the new key is there before the old one goes", async () => {
  const program = async () => {
    declare("bot", { budget: 5, rotationTrigger: new pulumi.Config().get("keyGeneration") });
  };
  await (await cli.stack("prod", program)).up();
  const [old] = keysOf();
  cli.takeRequests();
  await bash(blockWith("keyGeneration"), program);
  expect(keysOf()).toHaveLength(1);
  expect(keysOf()[0]?.key).not.toBe(old?.key);
  expect(cli.takeRequests()).toEqual(["POST /auth/proxy/create", "POST /auth/proxy/remove"]);
});
