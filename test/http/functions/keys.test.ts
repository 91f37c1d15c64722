import { describe, expect, it, vi } from "vitest";
import { getAccount } from "../../../provider/functions/getAccount";
import { getProxyKey, type GetProxyKeyArgs } from "../../../provider/functions/getProxyKey";
import { getProxyKeys } from "../../../provider/functions/getProxyKeys";
import { importProxyKeys } from "../../../provider/functions/importProxyKeys";
import { validateProxyKey } from "../../../provider/functions/validateProxyKey";
import { fingerprintOf } from "../../../provider/lifecycle/schema/state";
import { echoSecrets } from "../../../provider/testing";
import { refusal, rejection } from "../fixture";
import { LIST, LOOKUP, useFunctions } from "./fixture";

// Pulumi's mocks stand for the engine here, in which an Account is declared, and not for the API.
vi.mock("../../../provider/resources/testMocks", () => ({ testMocks: () => undefined }));

const fixture = useFunctions();

describe("getProxyKey", () => {
  it("looks a key up by itself, and finds it in the list by its name or fingerprint", async () => {
    const { key } = fixture.account.addKey({ name: "web", allocatedAmount: 7, modelWhitelist: ["gpt-4o"] });
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
    expect(fixture.simulator.journal).toMatchObject([
      { path: "/auth/proxy/lookup", body: { proxy_key: key } },
    ]);
    expect(await getProxyKey({ name: "web" })).toEqual(byKey);
    expect(await getProxyKey({ fingerprint })).toEqual(byKey);
    expect(fixture.simulator.requests()).toEqual([LOOKUP, LIST, LIST]);
  });

  it("needs the key itself where the list does not show it", async () => {
    const { key } = fixture.account.addKey({ name: "web" });
    fixture.simulator.dialect.listKeys = "omitted";
    expect(await fixture.failure(getProxyKey({ fingerprint: fingerprintOf(key) }))).toBe(
      `Cannot get proxy key ${fingerprintOf(key)}: The account's list does not show its keys in full.\nPass \`key\` instead.`,
    );
    expect(await getProxyKey({ key })).toMatchObject({ key, fingerprint: fingerprintOf(key) });
  });

  it("says that there is none, and whose it is", async () => {
    const stranger = fixture.simulator.account("other").addKey({ name: "theirs" }).key;
    expect(await fixture.failure(getProxyKey({ key: stranger }))).toMatch(
      /^Cannot get proxy key pk-[0-9a-f]{16}: .*owned by another account.*HTTP 403.*\nQuery the account that owns the key/,
    );
    expect(await fixture.failure(getProxyKey({ key: "ek-proxy-0123456789" }))).toMatch(
      /The account has no such key \(HTTP 404: "Proxy key not found"\)\.\nCheck that the key is complete/,
    );
    expect(await fixture.failure(getProxyKey({ name: "theirs" }))).toMatch(
      /^Cannot get proxy key "theirs": The account has no such key\.\n`getProxyKeys` lists/,
    );
  });

  it("repeats no secret that the server echoes", async () => {
    const { key } = fixture.account.addKey({ name: "web" });
    fixture.simulator.inject({ times: 4, ...echoSecrets(400) });
    for (const asked of [getProxyKey({ key }), getProxyKey({ name: "web" }), getAccount()]) {
      expect(await fixture.failure(asked)).toContain("[redacted]");
    }
    expect(JSON.stringify(await validateProxyKey({ key }))).not.toContain(key.slice(-12));
  });

  it.each<[string, GetProxyKeyArgs | object]>([
    ["nothing", {}],
    ["two at once", { name: "web", fingerprint: "pk-0123456789abcdef" }],
    ["an undefined name", { name: undefined }],
    ["the API key by mistake", { key: `ek-${"5".repeat(48)}` }],
  ])("asks nothing of the API for %s", async (_, args) => {
    expect(await fixture.failure(getProxyKey(args as GetProxyKeyArgs))).toMatch(
      /Exactly one of|not a complete proxy key/,
    );
    expect(fixture.simulator.requests()).toEqual([]);
  });
});

describe("getProxyKeys", () => {
  it("gives no part of the keys for the whole", async () => {
    const { key } = fixture.account.addKey({ name: "a" });
    const body = { data: [{ name: "a", key, allocated_ammount: 1, is_active: true }], has_more: true };
    fixture.simulator.inject({ status: 200, body, times: 2 });
    expect((await rejection(getProxyKeys())).message).toMatch(/may be incomplete/);
    expect((await rejection(getProxyKey({ name: "b" }))).message).toMatch(/may be incomplete/);
  });

  it("lists by name, without secrets, once for all who ask at the same time", async () => {
    const keys = ["b", "a", "c"].map((name) => fixture.account.addKey({ name }).key);
    fixture.account.disableKey("c");
    const [all, enabled, one] = await Promise.all([
      getProxyKeys(),
      getProxyKeys({ enabled: true }),
      getProxyKey({ name: "a" }),
    ]);
    expect(all.map(({ name }) => name)).toEqual(["a", "b", "c"]);
    expect(enabled.map(({ name }) => name)).toEqual(["a", "b"]);
    expect(one.key).toBe(keys[1]);
    expect(keys.filter((key) => JSON.stringify(all).includes(key))).toEqual([]);
    expect(fixture.simulator.requests()).toEqual([LIST]);
  });

  it("shows a later call the changes since, even while a response is on its way", async () => {
    const held = fixture.simulator.inject({ on: { path: "/auth/proxy" }, hold: true });
    const before = getProxyKeys();
    await held.reached();
    fixture.account.addKey({ name: "new" });
    const after = getProxyKeys();
    held.release();
    await before;
    expect((await after).map(({ name }) => name)).toEqual(["new"]);
    expect(fixture.simulator.requests()).toEqual([LIST, LIST]);
  });

  it("fails for all who share the list, and lists anew for the next", async () => {
    fixture.simulator.inject(refusal(403, "This API key does not have permission to list"));
    const asked = [getProxyKeys(), getProxyKeys()].map((keys) => fixture.failure(keys));
    for (const message of await Promise.all(asked)) {
      expect(message).toMatch(
        /^Cannot list the account's proxy keys: .*lacks the permission.*\nUse an API key/,
      );
    }
    expect(await getProxyKeys()).toEqual([]);
    expect(fixture.simulator.requests()).toEqual([LIST, LIST]);
  });

  it("asks nothing for a condition that can only be a mistake", async () => {
    expect(await fixture.failure(getProxyKeys({ expiresBefore: "soon" }))).toBe(
      "Cannot list the account's proxy keys: `expiresBefore` is not an instant.\n" +
        "Write an ISO 8601 instant or date such as 2030-01-31, or Unix seconds (not milliseconds).",
    );
    expect(fixture.simulator.requests()).toEqual([]);
  });
});

describe("a list that leaves out what keys are set to", () => {
  const REQUIRED = ["name", "key", "expires_at", "allocated_ammount"];
  const settings = { allocatedAmount: 7, modelWhitelist: ["gpt-4o"], ipWhitelist: ["10.0.0.1"] };

  /** Makes the next response of the path leave out what the API need not show. */
  function shortens(path: string, key: string) {
    const {
      name,
      expiresAtUnixS: expires_at,
      allocatedAmount: allocated_ammount,
    } = fixture.account.findKey(key)!;
    const body = { name, key, expires_at, allocated_ammount };
    expect(Object.keys(body)).toEqual(REQUIRED);
    fixture.simulator.inject({ on: { path }, status: 200, body: path === "/auth/proxy" ? [body] : body });
  }

  it("is completed by a lookup for one key", async () => {
    const { key } = fixture.account.addKey({ name: "web", ...settings });
    shortens("/auth/proxy", key);
    expect(await getProxyKey({ name: "web" })).toMatchObject({
      models: ["gpt-4o"],
      allowedIps: ["10.0.0.1"],
      enabled: true,
      usedBudget: 0,
    });
    expect(fixture.simulator.requests()).toEqual([LIST, LOOKUP]);
  });

  it("gives keys without it", async () => {
    const { key } = fixture.account.addKey({ name: "web", ...settings });
    shortens("/auth/proxy", key);
    expect(await getProxyKeys()).toEqual([
      { name: "web", budget: 7, expiresAt: "never", expired: false, fingerprint: fingerprintOf(key) },
    ]);
    shortens("/auth/proxy/lookup", key);
    expect(Object.keys(await getProxyKey({ key }))).not.toContain("models");
  });

  it("is completed by a lookup for an import, which is refused where that leaves it out too", async () => {
    const { key } = fixture.account.addKey({ name: "web", ...settings });
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
    expect(await fixture.failure(importProxyKeys())).toMatch(
      /does not show `models`, `allowedIps`, `enabled` of key "web" \(pk-[0-9a-f]{16}\).*\nAdopt this key with the input `adopt`/,
    );
  });
});
