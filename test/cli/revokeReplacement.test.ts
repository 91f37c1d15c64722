import type { PulumiFn } from "@pulumi/pulumi/automation";
import { expect, it, vi } from "vitest";
import type { Receipt } from "../../provider/cli/revoking/receipt";
import { declare, declareRotating } from "../engine/fixture";
import { secretsFoundIn } from "../engine/secretScan";
import { runCommand } from "../support/command";
import type { EngineStack } from "../support/engine";
import { languageHost } from "../support/languageServer";
import { useCli } from "./fixture";
import { jsonOf } from "./runCli";

const cli = useCli();

/** Each test has up to six runs of the engine. */
vi.setConfig({ testTimeout: 300_000 });

/** Revokes a leaked key of a stack, then runs the command that the receipt prints, in a shell in the project's folder. */
async function revokeAndReplace(key: string, stack: EngineStack, program: PulumiFn): Promise<void> {
  const { name } = stack;
  const result = await cli.run(["revoke", "--yes", "--json"], { input: `${key}\n`, env: cli.accountEnv() });
  const { keys, notLookedUp, replacements } = jsonOf<Receipt>(result);
  expect(keys).toMatchObject([{ outcome: "removed", declaredIn: [{ stack: name }], problems: [] }]);
  expect(notLookedUp).toEqual([]);
  expect(replacements).toEqual([{ stack: name, command: `pulumi up --refresh --stack ${name}`, before: [] }]);
  expect(cli.simulator.account().findKey(key)).toBeUndefined();
  // The engine alone does not notice that the key is gone.
  cli.takeRequests();
  await cli.expectNoChange(stack);
  // The program is one of this process, which the engine has to be told.
  const host = await languageHost(program);
  const command = `${replacements[0]?.command} --client=${host.address} --exec-kind auto.inline`;
  const env = { ...cli.project.env, PULUMI_SKIP_CONFIRMATIONS: "true" };
  const done = await runCommand("/bin/sh", ["-c", command], { cwd: cli.project.folders.work, env });
  host.close();
  expect(done, done.output).toMatchObject({ exitCode: 0 });
  const secrets = [
    key,
    ...cli.simulator
      .account()
      .keys()
      .map((made) => made.key),
    cli.simulator.account().apiKey,
  ];
  const places = [{ path: "(printed)", text: done.output }, ...(await cli.project.allFilesText())];
  for (const part of ["/history/", "/revoked/"])
    expect(places.map(({ path }) => path).join()).toContain(part);
  expect(secretsFoundIn(places, secrets)).toEqual([]);
  cli.takeRequests();
}

it("the printed command creates a new key for the stack, and another preview shows no change", async () => {
  const program = async () => {
    declare("other", { budget: 10, name: "other" });
    return { key: declare("bot", { budget: 10, name: "bot" }).key };
  };
  const stack = await cli.stack("prod", program);
  await stack.up();
  const account = cli.simulator.account();
  const leaked = account.findKey("bot");
  const other = account.findKey("other");
  await revokeAndReplace(leaked?.key ?? "", stack, program);
  expect(cli.names()).toEqual(["bot", "other"]);
  const replaced = account.findKey("bot");
  expect(replaced?.key).not.toBe(leaked?.key);
  expect(replaced).toMatchObject({ isActive: true, allocatedAmount: 10 });
  expect(account.findKey("other")).toEqual(other);
  expect((await stack.automation.outputs())["key"]?.value).toBe(replaced?.key);
  await cli.expectNoChange(stack);
});

it("the printed command gives a rotating key a new current key", async () => {
  const program = async () => ({
    key: declareRotating("bot", { budget: 10, rotateEvery: "30d", overlap: "3d" }).current,
  });
  const stack = await cli.stack("rotating", program);
  await stack.up();
  const account = cli.simulator.account();
  const [leaked] = account.keys();
  await revokeAndReplace(leaked?.key ?? "", stack, program);
  const [replaced, ...others] = account.keys();
  expect(others).toEqual([]);
  expect(replaced?.key).not.toBe(leaked?.key);
  expect((await stack.automation.outputs())["key"]?.value).toBe(replaced?.key);
  await cli.expectNoChange(stack);
});
