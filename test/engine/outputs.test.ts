import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  declare,
  IS_PLUGIN,
  itOnce,
  keyInState,
  LIST,
  program,
  PROXY_KEY,
  times,
  useEngine,
} from "./fixture";

const engine = useEngine();

/** The engine's own envelope of a secret in the state. */
const SECRET = {
  "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
  ciphertext: expect.stringMatching(/^v1:/),
};

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

it("gives the key as a secret, the fingerprint as the id, and every input resolved", async () => {
  const stack = await engine.stack("outputs", async () => {
    const plain = declare("plain", { budget: 10 });
    const full = declare("full", {
      name: "all of it",
      budget: 0.5,
      budgetWindow: "monthly",
      expiresAt: "2099-12-31",
      models: ["o3", "gpt-4o", "o3"],
      allowedIps: ["2001:DB8::/32", "10.0.0.0/8", "203.0.113.7/32"],
      enabled: false,
    });
    return { key: plain.key, fingerprint: plain.fingerprint, id: plain.id, models: full.models };
  });
  const { outputs } = await stack.up();

  const key = String(outputs["key"]?.value);
  const fingerprint = `pk-${createHash("sha256").update(key).digest("hex").slice(0, 16)}`;
  expect(engine.simulator.account().findKey(key)?.name).toMatch(/^plain-/);
  expect(outputs).toEqual({
    key: { value: key, secret: true },
    fingerprint: { value: fingerprint, secret: false },
    id: { value: fingerprint, secret: false },
    models: { value: ["gpt-4o", "o3"], secret: false },
  });

  const { plain, full } = await engine.keysInState("outputs");
  expect(plain).toMatchObject({
    type: PROXY_KEY,
    id: fingerprint,
    additionalSecretOutputs: ["key", "adopt"],
  });
  const expected = {
    name: expect.stringMatching(/^plain-[a-z2-7]{7}$/),
    budget: 10,
    budgetWindow: "daily",
    expiresAt: "never",
    models: "all",
    allowedIps: "any",
    enabled: true,
    key: SECRET,
    fingerprint,
    createdAt: expect.stringMatching(INSTANT),
    usedBudget: 0,
    server: engine.simulator.baseUrl.replace("/v1", ""),
    stateVersion: 1,
  };
  expect(plain?.outputs).toMatchObject(keyInState(expected));
  for (const { inputs, outputs } of [plain, full].filter((resource) => resource !== undefined)) {
    const { __createdAs: _, __account: _account, ...resolved } = inputs ?? {};
    expect(outputs).toMatchObject(resolved);
  }
  expect(full?.outputs).toMatchObject({
    name: "all of it",
    budget: 0.5,
    budgetWindow: "monthly",
    expiresAt: "2099-12-31T00:00:00Z",
    models: ["gpt-4o", "o3"],
    allowedIps: ["10.0.0.0/8", "2001:db8::/32", "203.0.113.7"],
    enabled: false,
  });
});

it("shows usage after a refresh, and never as a difference", async () => {
  const stack = await engine.stack("usage", async () => {
    const used = declare("used", { budget: 10 });
    return { lastUsedAt: used.lastUsedAt, usedBudget: used.usedBudget };
  });
  const before = await stack.up();
  expect(before.outputs).toMatchObject({ usedBudget: { value: 0 } });
  expect(before.outputs["lastUsedAt"]?.value).toBeUndefined();
  const { key } = engine.simulator.account().keys()[0] ?? { key: "" };
  engine.simulator.account().spend(key, 2.5);
  engine.takeRequests();

  await stack.refresh();
  expect(engine.takeRequests()).toEqual([LIST]);
  const { used } = await engine.keysInState("usage");
  expect(used?.outputs).toMatchObject({
    usedBudget: 2.5,
    lastUsedAt: expect.stringMatching(INSTANT),
    key: SECRET,
  });
  await engine.expectNoChange(stack);

  const after = await stack.up();
  expect(after.outputs).toMatchObject({
    usedBudget: { value: 2.5, secret: false },
    lastUsedAt: { value: used?.outputs?.["lastUsedAt"], secret: false },
  });
  expect(engine.takeRequests()).toEqual([]);
});

itOnce("takes another order or spelling for no difference, after a refresh too", async () => {
  const ordered = await engine.stack(
    "order",
    program({
      lists: { models: ["a", "b"], allowedIps: ["10.0.0.1", "2001:db8::1"] },
      expiry: { expiresAt: "2099-01-01T00:00:00Z" },
    }),
  );
  await ordered.up();
  const lists = engine.simulator
    .account()
    .keys()
    .find(({ name }) => name.startsWith("lists"));
  engine.simulator.account().updateKey(lists?.key ?? "", { modelWhitelist: ["b", "a"] });
  engine.takeRequests();
  await ordered.refresh();
  expect(engine.takeRequests()).toEqual([LIST]);

  ordered.setProgram(
    program({
      lists: { models: ["b", "a", "b"], allowedIps: ["2001:0DB8:0::1/128", "10.0.0.1/32"] },
      expiry: { expiresAt: Date.UTC(2099, 0, 1) / 1_000 },
    }),
  );
  await engine.expectNoChange(ordered);
});

describe.skipIf(IS_PLUGIN)("the provider's text in the state", () => {
  it("is the same over resources and stacks, and holds no setting", async () => {
    const prefixed = (prefix: string) =>
      program({ [`${prefix}-1`]: {}, [`${prefix}-2`]: { budget: 20, models: ["a"], enabled: false } });
    const one = await engine.stack("text-one", prefixed("one"));
    const two = await engine.stack("text-two", prefixed("two"), {
      config: { ...engine.config(), "electronhub:userAgent": { value: "text-two" } },
    });
    await one.up();
    await two.up();

    const resources = [
      ...Object.values(await engine.keysInState("text-one")),
      ...Object.values(await engine.keysInState("text-two")),
    ];
    const texts = resources.flatMap(({ inputs, outputs }) => [
      inputs?.["__provider"],
      outputs?.["__provider"],
    ]);
    const text = String(texts[0]);
    expect(texts).toEqual(times(8, text));
    expect(text).toContain('("pulumi-electronhub/handler")');
    expect(text).not.toContain(engine.simulator.baseUrl);
    expect(text).not.toContain("text-two");
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(2_500);
  });
});
