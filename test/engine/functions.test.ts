import {
  getAccountOutput,
  getProxyKey,
  getProxyKeyOutput,
  getProxyKeys,
  getProxyKeysOutput,
  validateProxyKeyOutput,
} from "pulumi-electronhub";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { expectFailure } from "../support/engine";
import { CREATE, declare, diagnosticsOf, LIST, LOOKUP, REMOVE, UPDATE, useEngine } from "./fixture";

const ME = "GET /user/me";
const VALIDATE = "POST /auth/proxy/validate";

const engine = useEngine([
  { name: "main" },
  // Of its own, since the machine remembers an account's requests for a minute.
  { name: "limited", rateLimit: { limit: 5, windowMs: 60_000 } },
]);

// An inline program asks from this process, whose user has a cache too.
beforeAll(() => vi.stubEnv("XDG_CACHE_HOME", engine.project.folders.cache));
afterAll(() => vi.unstubAllEnvs());

it("ask in preview and up alike, with one list for all of them, and mark secrets", async () => {
  const { simulator, project } = engine;
  const account = simulator.account();
  const { key } = account.addKey({ name: "web", allocatedAmount: 40, modelWhitelist: ["gpt-4o"] });
  account.addKey({ name: "batch", isActive: false });
  const stack = await engine.stack("asks", async () => {
    const web = getProxyKeyOutput({ name: "web" });
    const [plain, byName] = await Promise.all([
      getProxyKeys({ enabled: false }),
      getProxyKey({ name: "web" }),
    ]);
    return {
      web,
      budget: web.budget,
      names: getProxyKeysOutput().apply((keys) => keys.map(({ name }) => name)),
      disabled: plain.map(({ name }) => name),
      fingerprint: byName.fingerprint,
      credits: getAccountOutput().credits,
      validity: validateProxyKeyOutput({ key: getProxyKeyOutput({ key }).key, model: "o3" }),
    };
  });
  // One list for those who ask first, and one for who asks only after the program has waited.
  const asked = [LIST, LIST, ME, LOOKUP, VALIDATE].toSorted();
  await stack.preview();
  expect(engine.takeRequests().toSorted()).toEqual(asked);

  const { outputs, output } = await stack.up();
  expect(engine.takeRequests().toSorted()).toEqual(asked);
  const fingerprint = expect.stringMatching(/^pk-[0-9a-f]{16}$/);
  expect(outputs).toEqual({
    web: {
      value: expect.objectContaining({ name: "web", key, fingerprint, budget: 40, models: ["gpt-4o"] }),
      secret: true,
    },
    budget: { value: 40, secret: true },
    names: { value: ["batch", "web"], secret: false },
    disabled: { value: ["batch"], secret: false },
    fingerprint: { value: fingerprint, secret: false },
    credits: { value: account.balance, secret: false },
    validity: { value: { valid: false, reason: "Model 'o3' not in whitelist" }, secret: false },
  });
  expect(output).not.toContain(key);
  expect(JSON.stringify(await project.exportState("asks"))).not.toContain(key);

  expect(await project.destroy("asks")).toMatchObject({ exitCode: 0 });
  expect(engine.takeRequests()).toEqual([]);
});

it("wait for what they ask about, and then see it", async () => {
  const { project } = engine;
  const stack = await engine.stack("waits", async () => {
    const before = getProxyKeysOutput();
    const made = declare("made", { name: "made", budget: 3 });
    const found = getProxyKeyOutput({ fingerprint: made.fingerprint });
    const listed = getProxyKeysOutput({ namePrefix: made.fingerprint.apply(() => "made") });
    const tried = validateProxyKeyOutput({ key: made.key });
    return {
      before: before.length,
      budget: found.budget,
      listed: listed.apply((keys) => keys.map(({ name }) => name)),
      valid: tried.valid,
    };
  });
  await stack.preview();
  expect(engine.takeRequests()).toEqual([LIST]);
  const { outputs } = await stack.up();
  expect(engine.takeRequests().toSorted()).toEqual([LIST, LIST, CREATE, UPDATE, VALIDATE].toSorted());
  expect(outputs).toEqual({
    before: { value: 0, secret: false },
    budget: { value: 3, secret: true },
    listed: { value: ["made"], secret: false },
    valid: { value: true, secret: false },
  });
  expect(await project.destroy("waits")).toMatchObject({ exitCode: 0 });
  expect(engine.takeRequests()).toEqual([REMOVE]);
});

describe("a failure", () => {
  it.each([
    ["of an output", async () => ({ key: getProxyKeyOutput({ name: "nowhere" }) })],
    ["of a plain form", async () => ({ key: (await getProxyKey({ name: "nowhere" })).name })],
  ])("%s ends the preview with what a person needs, and no stack", async (_, program) => {
    const stack = await engine.stack("fails", program);
    const { output } = await expectFailure(stack.preview());
    expect(diagnosticsOf(output)).toMatch(
      /error: Cannot get proxy key "nowhere": The account has no such key\.\n +`getProxyKeys` lists/,
    );
    expect(diagnosticsOf(output)).not.toMatch(/^\s+at |Unhandled exception/m);
    expect(output).not.toContain(engine.simulator.account().apiKey);
    expect(engine.takeRequests()).toEqual([LIST]);
  });
});

it("share the account's limit with the keys that are made meanwhile", async () => {
  const stack = await engine.stack(
    "shares",
    async () => {
      await getProxyKeys();
      for (const at of "1234") declare(`made-${at}`, { budget: 1 });
      return { credits: getAccountOutput().credits };
    },
    { config: { ...engine.config("limited"), "electronhub:maxWait": { value: "10s" } } },
  );
  const { output } = await expectFailure(stack.up({ continueOnError: true }));
  expect(output).toMatch(/exceed maxWait/);
  const journal = engine.takeJournal();
  expect(journal).toHaveLength(5);
  expect(journal.filter(({ status }) => status === 429)).toEqual([]);
  expect(new Set(journal.map(({ account }) => account))).toEqual(new Set(["limited"]));
});
