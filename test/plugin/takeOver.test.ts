import { expect, it } from "vitest";
import { Account, ProxyKey, RotatingProxyKey } from "pulumi-electronhub";
import { LIST, REMOVE, resourceName, times, UPDATE, useEngine } from "../engine/fixture";
import { secretsFoundIn } from "../engine/secretScan";
import type { StateResource } from "../support/engine";
import { PluginAccount, PluginKey, PluginRotatingKey } from "../support/pluginResources";

const engine = useEngine([{ name: "main" }, { name: "team" }]);

const ROTATION = { rotateEvery: "30d", overlap: "1d", now: "2026-01-01T06:00:00Z" };
const teamSettings = () => {
  const { baseUrl } = engine.simulator;
  return { apiKey: engine.simulator.account("team").apiKey, baseUrl, maxWait: "90s" };
};

/** A stack of the dynamic provider. */
const dynamic = async () => {
  new ProxyKey("all", { budget: 10 });
  new ProxyKey("limited", {
    name: "limited",
    budget: 10,
    budgetWindow: "weekly",
    expiresAt: "2099-12-31",
    models: ["o3", "gpt-4o"],
    allowedIps: ["10.0.0.0/8"],
    enabled: false,
  });
  new ProxyKey("expiring", { budget: 10, expiresIn: "30d", renewBefore: "3d", rotationTrigger: { at: 1 } });
  new ProxyKey("of-team", { budget: 10 }, { provider: new Account("team", teamSettings()) });
  const bot = new RotatingProxyKey("bot", { budget: 10, models: ["o3"], ...ROTATION });
  return { key: bot.current };
};

/** The same resources of the plugin. */
const native = (budget: number) => async () => {
  new PluginKey("all", { budget });
  new PluginKey("limited", {
    name: "limited",
    budget,
    budgetWindow: "weekly",
    expiresAt: "2099-12-31",
    models: ["o3", "gpt-4o"],
    allowedIps: ["10.0.0.0/8"],
    enabled: false,
  });
  new PluginKey("expiring", { budget, expiresIn: "30d", renewBefore: "3d", rotationTrigger: { at: 1 } });
  new PluginKey("of-team", { budget }, { provider: new PluginAccount("team", teamSettings()) });
  const bot = new PluginRotatingKey("bot", { budget, models: ["o3"], ...ROTATION });
  return { key: bot.current };
};

const isProvider = ({ type }: StateResource) => type.startsWith("pulumi:providers:");
const isOurs = ({ type }: StateResource) => type.includes("electronhub") && !type.startsWith("pulumi:");

/** The resources' ids, by their names. */
function idsOf(resources: readonly StateResource[]): Record<string, string | undefined> {
  return Object.fromEntries(resources.filter(isOurs).map(({ urn, id }) => [resourceName(urn), id]));
}

it("a stack of the dynamic provider continues with the plugin: nothing changes, and nothing is sent", async () => {
  const { project, simulator } = engine;
  const stack = await engine.stack("taken", dynamic);
  const made = await stack.up();
  const before = await project.resources("taken");
  const keys = ["main", "team"].flatMap((name) => simulator.account(name).keys());
  expect(keys).toHaveLength(5);
  engine.takeRequests();

  // Only the providers are others.
  const providers = { create: 1, delete: 1 };
  stack.setProgram(native(10));
  expect((await stack.preview()).changes).toEqual({ same: 10, ...providers });
  const taken = await stack.up();
  expect(taken.changes).toEqual({ same: 10, ...providers });
  expect(engine.takeRequests()).toEqual([]);
  expect(taken.outputs).toEqual(made.outputs);

  const after = await project.resources("taken");
  expect(idsOf(after)).toEqual(idsOf(before));
  expect(after.filter(isOurs).map(({ type }) => type.split(":")[0])).toEqual(
    after.filter(isOurs).map(() => "electronhub"),
  );
  expect(after.filter(isProvider).map(({ type }) => type)).toEqual(
    after.filter(isProvider).map(() => "pulumi:providers:electronhub"),
  );
  await engine.expectNoChange(stack);

  expect((await stack.refresh()).changes).toEqual({ same: 11 });
  expect(engine.takeRequests()).toEqual([LIST, LIST]);
  await engine.expectNoChange(stack);

  stack.setProgram(native(20));
  // The component's inputs are other ones, too.
  expect((await stack.up()).changes).toEqual({ update: 6, same: 5 });
  expect(engine.takeRequests()).toEqual(times(5, UPDATE));
  await engine.expectNoChange(stack);
  const updated = ["main", "team"].flatMap((name) => simulator.account(name).keys());
  expect(updated).toEqual(keys.map((key) => ({ ...key, allocatedAmount: 20 })));
  const secrets = [...keys.map(({ key }) => key), simulator.account("team").apiKey];
  const state = JSON.stringify(await project.exportState("taken"));
  expect(secretsFoundIn([{ path: "state", text: state }], secrets)).toEqual([]);

  expect(await project.destroy("taken")).toMatchObject({ exitCode: 0 });
  expect(engine.takeRequests()).toEqual(times(5, REMOVE));
  expect(["main", "team"].flatMap((name) => simulator.account(name).keys())).toEqual([]);
  expect(await project.resources("taken")).toEqual([]);
});
