import * as pulumi from "@pulumi/pulumi";
import type { RotatingProxyKeyArgs } from "pulumi-electronhub";
import { expect, it } from "vitest";
import { expectFailure } from "../support/engine";
import { PluginAccount } from "../support/pluginResources";
import { CREATE, declare, declareRotating, REMOVE, useEngine } from "../engine/fixture";

const engine = useEngine([{ name: "main" }, { name: "other" }]);

const SCHEDULE = { rotateEvery: "3d", overlap: "1d", now: "2026-01-01T06:00:00Z" };

const rotating =
  (args: Partial<RotatingProxyKeyArgs>, options: pulumi.ComponentResourceOptions = {}) =>
  async () => {
    const bot = declareRotating("bot", { budget: 10, ...SCHEDULE, ...args }, options);
    return { current: bot.current, fingerprint: bot.currentFingerprint };
  };

it("has inputs that are known only later, and secret ones", async () => {
  const program = async () => {
    const first = declare("first", { budget: 7 });
    const budget = first.fingerprint.apply(() => 3);
    const models = pulumi.secret(["gpt-4o"]);
    const bot = declareRotating("bot", { budget, models, ...SCHEDULE });
    return { current: bot.current };
  };
  const stack = await engine.stack("later", program);
  await stack.preview();
  expect(engine.takeRequests()).toEqual([]);
  const { outputs } = await stack.up();
  expect(engine.takeRequests()).toEqual([CREATE, CREATE]);
  expect(outputs["current"]?.secret).toBe(true);
  const [, rotated] = engine.simulator.account().keys();
  expect(rotated).toMatchObject({ allocatedAmount: 3, modelWhitelist: ["gpt-4o"] });
  const { deployment } = await engine.project.exportState("later");
  expect(JSON.stringify(deployment)).not.toContain("gpt-4o");
  expect(JSON.stringify(deployment)).not.toContain(rotated!.key);
  // One process for all: the children use the provider of the component.
  const providers = deployment.resources!.filter(({ type }) => type.startsWith("pulumi:providers:"));
  expect(providers.map(({ urn }) => urn)).toEqual([expect.stringMatching(/::default_0_1_0$/)]);
  await engine.expectNoChange(stack);
  expect(await engine.project.destroy("later")).toMatchObject({ exitCode: 0 });
  expect(engine.takeRequests()).toEqual([REMOVE, REMOVE]);
});

it("makes its keys on the account of an explicit provider", async () => {
  const program = async () => {
    const { apiKey } = engine.simulator.account("other");
    const account = new PluginAccount("other", { apiKey, baseUrl: engine.simulator.baseUrl });
    return rotating({}, { provider: account })();
  };
  const stack = await engine.stack("account", program, { config: {} });
  await stack.up();
  expect(engine.simulator.account("other").keys()).toHaveLength(1);
  expect(engine.simulator.account("main").keys()).toHaveLength(0);
  engine.takeRequests();
  await engine.expectNoChange(stack);
  expect(await engine.project.destroy("account")).toMatchObject({ exitCode: 0 });
  expect(engine.simulator.account("other").keys()).toHaveLength(0);
});

it.each<[string, Partial<RotatingProxyKeyArgs> & Record<string, unknown>, RegExp]>([
  [
    "overlap",
    { overlap: "4d" },
    /RotatingProxyKey "bot": overlap \(4d\) must be less than rotateEvery \(3d\)/,
  ],
  [
    "an owned input",
    { name: "mine" },
    /RotatingProxyKey "bot": name is decided by the rotation; leave it out/,
  ],
  ["an unknown input", { color: "red" }, /color is not an input of ProxyKey/],
  ["a budget", { budget: -1 }, /budget must be more than 0/],
])("refuses %s in the preview, and sends nothing", async (what, args, message) => {
  const stack = await engine.stack(`refused-${what.replaceAll(" ", "-")}`, rotating(args));
  const { output } = await expectFailure(stack.preview());
  expect(output).toMatch(message);
  expect(output).not.toMatch(/(?:dist|provider)\/plugin\//);
  expect(engine.takeRequests()).toEqual([]);
});

it.each(["deletedWith", "retainOnDelete"])("refuses %s, also of a parent", async (option) => {
  const program = async () => {
    const value =
      option === "retainOnDelete" ? true : new pulumi.ComponentResource("test:index:Cluster", "cluster");
    const parent = new pulumi.ComponentResource("test:index:Team", "team", {}, { [option]: value });
    await rotating({}, { parent })();
  };
  const { output } = await expectFailure((await engine.stack(`refused-${option}`, program)).preview());
  expect(output).toMatch(new RegExp(`RotatingProxyKey .{0,2}bot.{0,2}: .*\\b${option}\\b.* would`));
});

it("reports a key that cannot be created under the key, and goes on with the other resources", async () => {
  const program = async () => {
    declare("first", { budget: 1 });
    await rotating({})();
  };
  const stack = await engine.stack("refusal", program);
  engine.simulator.inject({
    on: { path: "/auth/proxy/create", keyName: /^bot-0/ },
    status: 422,
    body: { detail: "no" },
  });
  const { output } = await expectFailure(stack.up());
  expect(output).toMatch(/Cannot create proxy key "bot-0-[a-z2-7]{7}"/);
  expect(output).not.toMatch(/(?:dist|provider)\/plugin\//);
  await stack.up();
  expect(engine.simulator.account().keys()).toHaveLength(2);
  engine.takeRequests();
  await engine.expectNoChange(stack);
});
