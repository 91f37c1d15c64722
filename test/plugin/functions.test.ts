import type * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { expectFailure } from "../support/engine";
import { CREATE, declare, diagnosticsOf, LIST, UPDATE, useEngine } from "../engine/fixture";
import { callPlugin, PluginAccount } from "../support/pluginResources";

const ME = "GET /user/me";
const VALIDATE = "POST /auth/proxy/validate";

const engine = useEngine([{ name: "main" }, { name: "team" }]);

type Result = Record<string, unknown>;

it("ask in preview and up alike, and mark secrets", async () => {
  const { simulator, project } = engine;
  const account = simulator.account();
  const { key } = account.addKey({ name: "web", allocatedAmount: 40, modelWhitelist: ["gpt-4o"] });
  account.addKey({ name: "batch", isActive: false });
  simulator.account("team").addKey({ name: "theirs" });
  const { baseUrl } = simulator;
  const stack = await engine.stack("asks", async () => {
    const web = callPlugin("getProxyKey", { name: "web" });
    const disabled = callPlugin("getProxyKeys", { enabled: false });
    const provider = new PluginAccount("team", { apiKey: simulator.account("team").apiKey, baseUrl });
    return {
      web,
      budget: web.apply(({ budget }) => budget),
      all: callPlugin("getProxyKeys"),
      disabled: disabled.apply(({ keys }) => (keys as Result[]).map(({ name }) => name)),
      credits: callPlugin("getAccount").apply(({ credits }) => credits),
      validity: callPlugin("validateProxyKey", { key, model: "o3" }),
      theirs: callPlugin("getProxyKeys", {}, { provider }).apply(({ keys = [] }) =>
        (keys as Result[]).map(({ name }) => name),
      ),
    };
  });
  const { outputs, output } = await stack.up();
  const asked = engine.takeRequests();
  expect(asked.filter((request) => request === LIST).length).toBeLessThanOrEqual(4);
  expect(new Set(asked)).toEqual(new Set([LIST, ME, VALIDATE]));
  const fingerprint = expect.stringMatching(/^pk-[0-9a-f]{16}$/);
  expect(outputs).toMatchObject({
    web: { value: { name: "web", key, fingerprint, budget: 40, models: ["gpt-4o"] }, secret: true },
    all: { value: { keys: [{ name: "batch" }, { name: "web", models: ["gpt-4o"] }] }, secret: false },
    disabled: { value: ["batch"], secret: false },
    credits: { value: account.balance, secret: false },
    validity: { value: { valid: false, reason: "Model 'o3' not in whitelist" }, secret: false },
    theirs: { value: ["theirs"], secret: false },
  });
  // No limit: the list is left out.
  expect(JSON.stringify(outputs["all"])).not.toMatch(/"all"|"any"|allowedIps/);
  expect(output).not.toContain(key);
  expect(JSON.stringify(await project.exportState("asks"))).not.toContain(key);

  await stack.preview();
  expect(new Set(engine.takeRequests())).toEqual(new Set([LIST, ME, VALIDATE]));
});

it("wait for what they ask about, and then see it", async () => {
  const stack = await engine.stack("waits", async () => {
    const made = declare("made", { name: "made", budget: 3 });
    const found = callPlugin("getProxyKey", { fingerprint: made.fingerprint });
    return { found, tried: callPlugin("validateProxyKey", { key: made.key }) };
  });
  await stack.preview();
  expect(engine.takeRequests()).toEqual([]);
  const { outputs } = await stack.up();
  expect(engine.takeRequests().toSorted()).toEqual([CREATE, LIST, UPDATE, VALIDATE].toSorted());
  expect(outputs).toMatchObject({
    found: { value: { name: "made", budget: 3 }, secret: true },
    // Of a secret argument.
    tried: { value: { valid: true }, secret: true },
  });
});

describe("a failure", () => {
  it("says what failed and what to do, without a secret or a stack", async () => {
    const { key } = engine.simulator.account("team").addKey({ name: "theirs" });
    const failing: Record<string, [name: string, args: pulumi.Inputs, says: RegExp]> = {
      missing: [
        "getProxyKey",
        { name: "nowhere" },
        /Cannot get proxy key "nowhere": The account has no such/,
      ],
      foreign: ["getProxyKey", { key }, /Cannot get proxy key pk-[0-9a-f]{16}: .*owned by another account/],
      none: ["getProxyKey", {}, /Exactly one of `key`, `name` and `fingerprint` is needed/],
      mistaken: ["getProxyKey", { key: engine.simulator.account().apiKey }, /is not a complete proxy key/],
      absent: ["getProxyKey", { key: null, name: null }, /Exactly one of `key`, `name` and `fingerprint`/],
      unknown: ["getMoney", {}, /does not know the function electronhub:index:getMoney/],
    };
    for (const [label, [name, args, says]] of Object.entries(failing)) {
      const stack = await engine.stack("fails", async () => ({ result: callPlugin(name, args) }));
      const { output } = await expectFailure(stack.preview());
      expect(diagnosticsOf(output), label).toMatch(says);
      expect(output, label).not.toContain(key);
      expect(output, label).not.toContain(engine.simulator.account().apiKey);
    }
  });
});
