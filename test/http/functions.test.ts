import * as pulumi from "@pulumi/pulumi";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { getAccount } from "../../provider/functions/getAccount";
import { getProxyKey, type GetProxyKeyArgs } from "../../provider/functions/getProxyKey";
import { getProxyKeys, getProxyKeysOutput } from "../../provider/functions/getProxyKeys";
import { importProxyKeys } from "../../provider/functions/importProxyKeys";
import { validateProxyKey } from "../../provider/functions/validateProxyKey";
import { fingerprintOf } from "../../provider/lifecycle/schema/state";
import { Account } from "../../provider/resources/account";
import {
  echoSecrets,
  edgePage,
  startSimulator,
  type SimulatedAccount,
  type Simulator,
} from "../../provider/testing";
import { refusal, rejection } from "./fixture";

// Pulumi's mocks stand for the engine here, in which an Account is declared, and not for the API.
vi.mock("../../provider/resources/testMocks", () => ({ testMocks: () => undefined }));

const LIST = "GET /auth/proxy";
const LOOKUP = "POST /auth/proxy/lookup";
const VALIDATE = "POST /auth/proxy/validate";
const ME = "GET /user/me";

let simulator: Simulator;
let account: SimulatedAccount;
let cache: string;

beforeEach(async () => {
  simulator = await startSimulator({ accounts: [{ name: "main", tier: "pro" }, { name: "other" }] });
  account = simulator.account();
  cache = await mkdtemp(join(tmpdir(), "functions-"));
  vi.stubEnv("XDG_CACHE_HOME", cache);
  vi.stubEnv("ELECTRONHUB_API_KEY", account.apiKey);
  vi.stubEnv("ELECTRONHUB_BASE_URL", simulator.baseUrl);
});
afterEach(async () => {
  const { violations } = simulator;
  vi.unstubAllEnvs();
  pulumi.runtime.setAllConfig({});
  await simulator.close();
  await rm(cache, { recursive: true });
  if (violations.length > 0) throw new Error(`The API was misused: ${JSON.stringify(violations)}`);
});

/** What a person reads of a failure: a RunError, without any secret. */
async function failure(asked: Promise<unknown>): Promise<string> {
  const error = await rejection(asked);
  expect(pulumi.RunError.isInstance(error)).toBe(true);
  const accounts = [account, simulator.account("other")];
  const keys = accounts.flatMap((each) => each.keys());
  const secrets = [...accounts.map(({ apiKey }) => apiKey), ...keys.map(({ key }) => key)];
  expect(secrets.filter((secret) => error.message.includes(secret.slice(-12)))).toEqual([]);
  return error.message;
}

describe("getProxyKey", () => {
  it("looks a key up by itself, and finds it in the list by its name or fingerprint", async () => {
    const { key } = account.addKey({ name: "web", allocatedAmount: 7, modelWhitelist: ["gpt-4o"] });
    const fingerprint = fingerprintOf(key);
    const byKey = await getProxyKey({ key });
    expect(byKey).toMatchObject({
      name: "web",
      key,
      fingerprint,
      budget: 7,
      models: ["gpt-4o"],
      expired: false,
    });
    expect(simulator.journal).toMatchObject([{ path: "/auth/proxy/lookup", body: { proxy_key: key } }]);
    expect(await getProxyKey({ name: "web" })).toEqual(byKey);
    expect(await getProxyKey({ fingerprint })).toEqual(byKey);
    expect(simulator.requests()).toEqual([LOOKUP, LIST, LIST]);
  });

  it("needs the key itself where the list does not show it", async () => {
    const { key } = account.addKey({ name: "web" });
    simulator.dialect.listKeys = "omitted";
    expect(await failure(getProxyKey({ fingerprint: fingerprintOf(key) }))).toBe(
      `Cannot get proxy key ${fingerprintOf(key)}: The account's list does not show its keys in full.\nPass \`key\` instead.`,
    );
    expect(await getProxyKey({ key })).toMatchObject({ key, fingerprint: fingerprintOf(key) });
  });

  it("says that there is none, and whose it is", async () => {
    const stranger = simulator.account("other").addKey({ name: "theirs" }).key;
    expect(await failure(getProxyKey({ key: stranger }))).toMatch(
      /^Cannot get proxy key pk-[0-9a-f]{16}: .*owned by another account.*HTTP 403.*\nQuery the account that owns the key/,
    );
    expect(await failure(getProxyKey({ key: "ek-proxy-0123456789" }))).toMatch(
      /The account has no such key \(HTTP 404: "Proxy key not found"\)\.\nCheck that the key is complete/,
    );
    expect(await failure(getProxyKey({ name: "theirs" }))).toMatch(
      /^Cannot get proxy key "theirs": The account has no such key\.\n`getProxyKeys` lists/,
    );
  });

  it("repeats no secret that the server echoes", async () => {
    const { key } = account.addKey({ name: "web" });
    simulator.inject({ times: 4, ...echoSecrets(400) });
    for (const asked of [getProxyKey({ key }), getProxyKey({ name: "web" }), getAccount()]) {
      expect(await failure(asked)).toContain("[redacted]");
    }
    expect(JSON.stringify(await validateProxyKey({ key }))).not.toContain(key.slice(-12));
  });

  it.each<[string, GetProxyKeyArgs | object]>([
    ["nothing", {}],
    ["two at once", { name: "web", fingerprint: "pk-0123456789abcdef" }],
    ["an undefined name", { name: undefined }],
    ["the API key by mistake", { key: `ek-${"5".repeat(48)}` }],
  ])("asks nothing of the API for %s", async (_, args) => {
    expect(await failure(getProxyKey(args as GetProxyKeyArgs))).toMatch(
      /Exactly one of|not a complete proxy key/,
    );
    expect(simulator.requests()).toEqual([]);
  });
});

describe("getProxyKeys", () => {
  it("gives no part of the keys for the whole", async () => {
    const { key } = account.addKey({ name: "a" });
    const body = { data: [{ name: "a", key, allocated_ammount: 1, is_active: true }], has_more: true };
    simulator.inject({ status: 200, body, times: 2 });
    expect((await rejection(getProxyKeys())).message).toMatch(/may be incomplete/);
    expect((await rejection(getProxyKey({ name: "b" }))).message).toMatch(/may be incomplete/);
  });

  it("lists by name, without secrets, once for all who ask at the same time", async () => {
    const keys = ["b", "a", "c"].map((name) => account.addKey({ name }).key);
    account.disableKey("c");
    const [all, enabled, one] = await Promise.all([
      getProxyKeys(),
      getProxyKeys({ enabled: true }),
      getProxyKey({ name: "a" }),
    ]);
    expect(all.map(({ name }) => name)).toEqual(["a", "b", "c"]);
    expect(enabled.map(({ name }) => name)).toEqual(["a", "b"]);
    expect(one.key).toBe(keys[1]);
    expect(keys.filter((key) => JSON.stringify(all).includes(key))).toEqual([]);
    expect(simulator.requests()).toEqual([LIST]);
  });

  it("shows a later call the changes since, even while a response is on its way", async () => {
    const held = simulator.inject({ on: { path: "/auth/proxy" }, hold: true });
    const before = getProxyKeys();
    await held.reached();
    account.addKey({ name: "new" });
    const after = getProxyKeys();
    held.release();
    await before;
    expect((await after).map(({ name }) => name)).toEqual(["new"]);
    expect(simulator.requests()).toEqual([LIST, LIST]);
  });

  it("fails for all who share the list, and lists anew for the next", async () => {
    simulator.inject(refusal(403, "This API key does not have permission to list"));
    const asked = [getProxyKeys(), getProxyKeys()].map((keys) => failure(keys));
    for (const message of await Promise.all(asked)) {
      expect(message).toMatch(
        /^Cannot list the account's proxy keys: .*lacks the permission.*\nUse an API key/,
      );
    }
    expect(await getProxyKeys()).toEqual([]);
    expect(simulator.requests()).toEqual([LIST, LIST]);
  });

  it("asks nothing for a condition that can only be a mistake", async () => {
    expect(await failure(getProxyKeys({ expiresBefore: "soon" }))).toBe(
      "Cannot list the account's proxy keys: `expiresBefore` is not an instant.\n" +
        "Write an ISO 8601 instant or date such as 2030-01-31, or Unix seconds (not milliseconds).",
    );
    expect(simulator.requests()).toEqual([]);
  });
});

describe("a list that leaves out what keys are set to", () => {
  const REQUIRED = ["name", "key", "expires_at", "allocated_ammount"];
  const settings = { allocatedAmount: 7, modelWhitelist: ["gpt-4o"], ipWhitelist: ["10.0.0.1"] };

  /** Makes the next response of the path leave out what the API need not show. */
  function shortens(path: string, key: string) {
    const { name, expiresAtUnixS: expires_at, allocatedAmount: allocated_ammount } = account.findKey(key)!;
    const body = { name, key, expires_at, allocated_ammount };
    expect(Object.keys(body)).toEqual(REQUIRED);
    simulator.inject({ on: { path }, status: 200, body: path === "/auth/proxy" ? [body] : body });
  }

  it("is completed by a lookup for one key", async () => {
    const { key } = account.addKey({ name: "web", ...settings });
    shortens("/auth/proxy", key);
    expect(await getProxyKey({ name: "web" })).toMatchObject({
      models: ["gpt-4o"],
      allowedIps: ["10.0.0.1"],
      enabled: true,
      usedBudget: 0,
    });
    expect(simulator.requests()).toEqual([LIST, LOOKUP]);
  });

  it("gives keys without it", async () => {
    const { key } = account.addKey({ name: "web", ...settings });
    shortens("/auth/proxy", key);
    expect(await getProxyKeys()).toEqual([
      { name: "web", budget: 7, expiresAt: "never", expired: false, fingerprint: fingerprintOf(key) },
    ]);
    shortens("/auth/proxy/lookup", key);
    expect(Object.keys(await getProxyKey({ key }))).not.toContain("models");
  });

  it("is completed by a lookup for an import, which is refused where that leaves it out too", async () => {
    const { key } = account.addKey({ name: "web", ...settings });
    shortens("/auth/proxy", key);
    const { program, file } = await importProxyKeys();
    expect(program).toContain('models: ["gpt-4o"],\n  allowedIps: ["10.0.0.1"],');
    expect(JSON.parse(file)).toMatchObject({
      resources: [
        {
          inputs: { models: ["gpt-4o"], enabled: true },
          outputs: { __account: expect.stringMatching(/^[0-9a-f]{32}$/) },
        },
      ],
    });
    shortens("/auth/proxy", key);
    shortens("/auth/proxy/lookup", key);
    expect(await failure(importProxyKeys())).toMatch(
      /does not show `models`, `allowedIps`, `enabled` of key "web" \(pk-[0-9a-f]{16}\).*\nAdopt this key with the input `adopt`/,
    );
  });
});

describe("validateProxyKey", () => {
  it("asks with the proxy key itself, and takes no 200 for a pass", async () => {
    const { key } = account.addKey({ name: "web", modelWhitelist: ["gpt-4o"] });
    expect(await validateProxyKey({ key })).toEqual({ valid: true });
    expect(await validateProxyKey({ key, model: "gpt-4o" })).toEqual({ valid: true });
    expect(await validateProxyKey({ key, model: "o3" })).toEqual({
      valid: false,
      reason: "Model 'o3' not in whitelist",
    });
    account.disableKey("web");
    expect(await validateProxyKey({ key })).toEqual({ valid: false, reason: "Proxy key is disabled" });
    expect(simulator.journal.map(({ body, status }) => [body, status])).toEqual([
      [{}, 200],
      [{ model: "gpt-4o" }, 200],
      [{ model: "o3" }, 200],
      [{}, 200],
    ]);
  });

  it("calls a key that is none invalid, without sending what is no proxy key", async () => {
    const key = "ek-proxy-0123456789abcdef";
    expect(await validateProxyKey({ key })).toEqual({
      valid: false,
      reason: expect.stringContaining("Invalid proxy key"),
    });
    expect(simulator.requests()).toEqual([VALIDATE]);
    expect(await validateProxyKey({ key: account.apiKey })).toEqual({
      valid: false,
      reason: "It is not a complete proxy key (ek-proxy-…).",
    });
    expect(simulator.requests()).toEqual([VALIDATE]);
  });

  it("fails where the API does not say", async () => {
    const { key } = account.addKey({ name: "web" });
    simulator.inject(edgePage(403));
    expect(await failure(validateProxyKey({ key }))).toMatch(
      /^Cannot validate proxy key pk-[0-9a-f]{16}: The network edge in front of the API blocks/,
    );
    simulator.inject({ status: 200, body: { valid: "yes" } });
    expect(await failure(validateProxyKey({ key }))).toContain("JSON of another shape");
  });
});

describe("getAccount", () => {
  it("returns the credits and the plan, with one request for concurrent calls", async () => {
    account.addKey({ name: "web", allocatedAmount: 10 });
    account.balance = 12.5;
    expect(await Promise.all([getAccount(), getAccount()])).toEqual([
      { credits: 12.5, subscription: "pro" },
      { credits: 12.5, subscription: "pro" },
    ]);
    expect(simulator.requests()).toEqual([ME]);
  });

  it("says what to do about an API key that is refused or missing", async () => {
    vi.stubEnv("ELECTRONHUB_API_KEY", `ek-${"0".repeat(48)}`);
    expect(await failure(getAccount())).toMatch(
      /^Cannot get the account: .*does not accept this API key \(HTTP 401.*\nCheck electronhub:apiKey/,
    );
    vi.stubEnv("ELECTRONHUB_API_KEY", undefined);
    expect(await failure(getAccount())).toMatch(
      /^Cannot get the account: No Electron Hub API key is configured/,
    );
  });

  it("follows the stack's configuration before the environment", async () => {
    pulumi.runtime.setAllConfig({ "electronhub:apiKey": simulator.account("other").apiKey });
    expect(await getAccount()).toMatchObject({ credits: 100_000 });
    expect(simulator.journal).toMatchObject([{ account: "other" }]);
  });
});

describe("an explicit account", () => {
  const mock = (preview: boolean) =>
    pulumi.runtime.setMocks(
      {
        newResource: ({ name, inputs }) => ({ id: name, state: inputs as object }),
        call: () => ({}),
      },
      "project",
      "stack",
      preview,
    );

  it("is asked with its own settings and the environment's, never with the stack's", async () => {
    await mock(false);
    pulumi.runtime.setAllConfig({ "electronhub:baseUrl": "http://127.0.0.1:9/v1" });
    simulator.account("other").addKey({ name: "theirs" });
    const provider = new Account("other", { apiKey: pulumi.secret(simulator.account("other").apiKey) });
    expect(await getProxyKeys({}, { provider })).toMatchObject([{ name: "theirs" }]);
    const output = getProxyKeysOutput({ namePrefix: pulumi.output("their") }, { provider });
    expect(await promised(output)).toMatchObject([{ name: "theirs" }]);
    // The API key was needed, and is not in the answer.
    expect(await pulumi.isSecret(output)).toBe(false);
    expect(await pulumi.isSecret(getProxyKeysOutput({ namePrefix: pulumi.secret("a") }, { provider }))).toBe(
      true,
    );
    expect(new Set(simulator.journal.map(({ account }) => account))).toEqual(new Set(["other"]));
  });

  it("whose settings a preview does not know yet gives an answer that is unknown, or says why it cannot", async () => {
    await mock(true);
    const apiKey = pulumi.output(pulumi.unknown) as unknown as pulumi.Output<string>;
    const provider = new Account("later", { apiKey });
    const output = getProxyKeysOutput({}, { provider });
    expect(await (output as unknown as { isKnown: Promise<boolean> }).isKnown).toBe(false);
    expect(await failure(getProxyKeys({}, { provider }))).toBe(
      "Cannot list the account's proxy keys: The account's settings are not known yet in this preview.\n" +
        "Call the function's `…Output` form: its result is then unknown, too.",
    );
    expect(simulator.requests()).toEqual([]);
  });

  it("has to be one", async () => {
    await mock(false);
    class Foreign extends pulumi.ProviderResource {}
    const provider = new Foreign("pulumi-nodejs", "foreign") as unknown as Account;
    expect(await failure(getProxyKeys({}, { provider }))).toContain("`provider` is not an `Account`");
  });
});

function promised<T>(output: pulumi.Output<T>): Promise<T> {
  return new Promise((resolve) => void output.apply(resolve));
}
