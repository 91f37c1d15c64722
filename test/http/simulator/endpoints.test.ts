import { describe, expect, it } from "vitest";
import { ManualClock } from "../../../provider/testing/index";
import { send, SETTINGS, simulate } from "./fixture";

describe("create", () => {
  it("returns the key object and takes the credits from the balance", async () => {
    const clock = new ManualClock(Date.UTC(2026, 0, 1));
    const simulator = await simulate({ clock });
    const reply = await send(simulator, "POST /auth/proxy/create", {
      ...SETTINGS,
      model_whitelist: ["gpt-4o"],
      ip_whitelist: ["10.0.0.0/8", "::1"],
      limit_type: "weekly",
    });
    expect(reply.status).toBe(201);
    expect(reply.json).toEqual({
      name: "web",
      key: expect.stringMatching(/^ek-proxy-/),
      expires_at: -1,
      allocated_ammount: 10,
      used_ammount: 0,
      is_active: true,
      model_whitelist: ["gpt-4o"],
      ip_whitelist: ["10.0.0.0/8", "::1"],
      created_at: Date.UTC(2026, 0, 1) / 1_000,
      last_used: null,
    });
    expect(simulator.account().balance).toBe(99_990);
    expect(simulator.account().findKey("web")?.limitType).toBe("daily");
  });

  it("applies limit_type in the dialect that does so", async () => {
    const simulator = await simulate({ dialect: { createHonoursLimitType: true } });
    await send(simulator, "POST /auth/proxy/create", { ...SETTINGS, limit_type: "weekly" });
    expect(simulator.account().findKey("web")?.limitType).toBe("weekly");
  });

  it("rejects what the balance or the maximum does not allow", async () => {
    const simulator = await simulate({ accounts: [{ name: "main", balance: 15, keyCap: 2 }] });
    expect((await send(simulator, "POST /auth/proxy/create", SETTINGS)).status).toBe(201);
    expect((await send(simulator, "POST /auth/proxy/create", SETTINGS)).status).toBe(402);
    simulator.account().addKey({ name: "other" });
    expect((await send(simulator, "POST /auth/proxy/create", SETTINGS)).status).toBe(403);
  });

  it.each([
    ["no name", { name: undefined }],
    ["an empty name", { name: "" }],
    ["a long name", { name: "x".repeat(26) }],
    ["a number for a name", { name: 5 }],
    ["a past expiry", { expires_at: 1 }],
    ["an expiry of 0", { expires_at: 0 }],
    ["an expiry in text", { expires_at: "never" }],
    ["no amount", { allocated_ammount: undefined }],
    ["an amount of 0", { allocated_ammount: 0 }],
    ["an amount in text", { allocated_ammount: "10" }],
    ["models in text", { model_whitelist: "gpt-4o" }],
    ["an invalid address", { ip_whitelist: ["10.0.0.0/33"] }],
    ["an unknown window", { limit_type: "yearly" }],
  ])("rejects %s", async (_, change) => {
    const simulator = await simulate();
    const body = { ...SETTINGS, ...change };
    expect((await send(simulator, "POST /auth/proxy/create", body)).status).toBe(400);
    simulator.dialect.invalidBodyStatus = 422;
    const reply = await send(simulator, "POST /auth/proxy/create", body);
    expect(reply.status).toBe(422);
    const field = Object.keys(change)[0];
    expect(reply.json).toMatchObject({
      detail: [{ loc: ["body", field], msg: expect.any(String) }],
    });
    expect(simulator.account().keys()).toEqual([]);
  });

  it("rejects a budget above the account's cap, in create and in update", async () => {
    const simulator = await simulate();
    const { key } = simulator.account().addKey({ name: "web", allocatedAmount: 20_000 });
    const above = { ...SETTINGS, allocated_ammount: 10_000.01 };
    for (const [path, body] of [
      ["POST /auth/proxy/create", above],
      ["POST /auth/proxy/update", { ...above, proxy_key: key }],
    ] as const) {
      const reply = await send(simulator, path, body);
      expect(reply.status).toBe(400);
      expect(JSON.stringify(reply.json)).toContain("cannot exceed your daily limit of 10000");
    }
    simulator.account().budgetCap = 20_000;
    expect((await send(simulator, "POST /auth/proxy/create", above)).status).toBe(201);
  });

  it("counts characters, not code units", async () => {
    const simulator = await simulate();
    const body = { ...SETTINGS, name: "🔑".repeat(25) };
    expect((await send(simulator, "POST /auth/proxy/create", body)).status).toBe(201);
  });

  it("rejects malformed JSON, and a body that is not JSON", async () => {
    const simulator = await simulate({ dialect: { invalidBodyStatus: 422 } });
    expect((await send(simulator, "POST /auth/proxy/create", "{")).status).toBe(400);
    const headers = { "content-type": "text/plain" };
    expect((await send(simulator, "POST /auth/proxy/create", SETTINGS, { headers })).status).toBe(422);
    expect((await send(simulator, "POST /auth/proxy/create")).status).toBe(422);
    expect((await send(simulator, "POST /auth/proxy/create", [])).status).toBe(422);
  });
});

describe("list and lookup", () => {
  it("shows all keys of the account only, including expired ones", async () => {
    const clock = new ManualClock();
    const simulator = await simulate({ clock, accounts: [{ name: "main" }, { name: "other" }] });
    const expiresAtUnixS = clock.nowMs() / 1_000 + 10;
    const { key } = simulator.account().addKey({ name: "a", expiresAtUnixS });
    simulator.account("other").addKey({ name: "b" });
    await clock.advance(20_000);
    expect((await send(simulator, "GET /auth/proxy")).json).toMatchObject([{ name: "a", key }]);
    const validity = await send(
      simulator,
      "POST /auth/proxy/validate",
      {},
      { authorization: `Bearer ${key}` },
    );
    expect(validity).toMatchObject({
      status: 200,
      json: { valid: false, message: "Proxy key has expired" },
    });
  });

  it("has the format of every dialect", async () => {
    const simulator = await simulate({
      dialect: { listEnvelope: "data", listKeys: "omitted", nullWhitelists: true },
    });
    const { key } = simulator.account().addKey({ name: "a" });
    const { json } = await send(simulator, "GET /auth/proxy");
    expect(json).toMatchObject({
      data: [{ name: "a", model_whitelist: null, ip_whitelist: null }],
    });
    expect(JSON.stringify(json)).not.toContain(key);
    simulator.dialect.listKeys = "masked";
    simulator.dialect.unknownFields = true;
    const masked = await send(simulator, "GET /auth/proxy");
    expect(masked.json).toMatchObject({
      data: [{ key: expect.stringMatching(/^ek-proxy-.{4}\*\*\*.{4}$/), team: null }],
    });
  });

  it("returns a key with the fields of its owner", async () => {
    const simulator = await simulate();
    const { key } = simulator.account().addKey({ name: "a", usedAmount: 0.5 });
    const { json } = await send(simulator, "POST /auth/proxy/lookup", { proxy_key: key });
    expect(json).toMatchObject({
      key,
      used_ammount: 0.5,
      user_id: "user-main",
      enabled_thinking: false,
    });
    expect(json).not.toHaveProperty("limit_type");
  });
});

describe("ownership and existence", () => {
  const calls = ["lookup", "update", "toggle", "remove"].map(
    (verb) => [verb, `POST /auth/proxy/${verb}`] as const,
  );

  it.each(calls)("%s has different errors for unknown, foreign and invalid keys", async (_, line) => {
    const simulator = await simulate({ accounts: [{ name: "main" }, { name: "other" }] });
    const { key } = simulator.account("other").addKey({ name: "theirs" });
    const message = "Proxy key not found";
    const unknown = await send(simulator, line, { ...SETTINGS, proxy_key: "ek-proxy-none" });
    expect(unknown).toMatchObject({
      status: 404,
      json: { error: { message, type: "error", param: null, code: 404 } },
    });
    const foreign = await send(simulator, line, { ...SETTINGS, proxy_key: key });
    expect(foreign.status).toBe(403);
    for (const proxyKey of [undefined, "", 5, null, "x".repeat(257)]) {
      expect((await send(simulator, line, { ...SETTINGS, proxy_key: proxyKey })).status).toBe(400);
    }
    expect(simulator.account("other").findKey("theirs")).toMatchObject({
      isActive: true,
      allocatedAmount: 1,
    });
  });

  it("has errors in every dialect, but one error for unknown routes", async () => {
    const simulator = await simulate({ dialect: { errorShape: "detail" } });
    const lookup = async (): Promise<unknown> =>
      (await send(simulator, "POST /auth/proxy/lookup", { proxy_key: "ek-proxy-none" })).json;
    expect(await lookup()).toEqual({ detail: "Proxy key not found" });
    Object.assign(simulator.dialect, { errorShape: "detailError", errorCode: "string" });
    expect(await lookup()).toMatchObject({ detail: { error: { code: "404" } } });
    Object.assign(simulator.dialect, { errorShape: "error", errorCode: "null" });
    expect(await lookup()).toMatchObject({ error: { code: null } });
    for (const line of ["POST /auth/proxies/create", "PUT /auth/proxy", "GET /constructor"]) {
      expect(await send(simulator, line)).toMatchObject({
        status: 404,
        json: { detail: "Not Found" },
      });
    }
  });

  it("has no routes outside of its base path", async () => {
    const simulator = await simulate();
    const reply = await fetch(simulator.baseUrl.replace("/v1", "/auth/proxy"));
    expect(await reply.json()).toEqual({ detail: "Not Found" });
    expect(simulator.requests()).toEqual(["GET (outside /v1)/auth/proxy"]);
  });
});

describe("update, toggle, remove", () => {
  it("replaces all settings: an omitted one is set to its default", async () => {
    const simulator = await simulate();
    const account = simulator.account();
    const { key } = account.addKey({
      name: "a",
      allocatedAmount: 5,
      modelWhitelist: ["gpt-4o"],
      ipWhitelist: ["10.0.0.1"],
      limitType: "monthly",
      usedAmount: 2,
    });
    const reply = await send(simulator, "POST /auth/proxy/update", { ...SETTINGS, proxy_key: key });
    expect(reply).toMatchObject({ status: 200, json: { message: "Proxy key updated" } });
    expect(account.findKey(key)).toMatchObject({
      name: "web",
      allocatedAmount: 10,
      usedAmount: 2,
      modelWhitelist: [],
      ipWhitelist: [],
      limitType: "daily",
    });
    expect(account.balance).toBe(99_990);
    account.balance = 1;
    const costly = await send(simulator, "POST /auth/proxy/update", {
      ...SETTINGS,
      allocated_ammount: 12,
      proxy_key: key,
    });
    expect(costly.status).toBe(402);
    expect(account.findKey(key)?.allocatedAmount).toBe(10);
  });

  it("toggles and returns the new state", async () => {
    const simulator = await simulate();
    const { key } = simulator.account().addKey({ name: "a" });
    const flip = async (): Promise<unknown> =>
      (await send(simulator, "POST /auth/proxy/toggle", { proxy_key: key })).json;
    expect(await flip()).toEqual({ message: "Proxy key status updated", status: false });
    expect(await flip()).toEqual({ message: "Proxy key status updated", status: true });
  });

  it("removes once, and returns the unused credits", async () => {
    const simulator = await simulate();
    const { key } = simulator.account().addKey({ name: "a", allocatedAmount: 5, usedAmount: 2 });
    const first = await send(simulator, "POST /auth/proxy/remove", { proxy_key: key });
    expect(first).toMatchObject({ status: 200, json: { message: "Proxy key deleted" } });
    expect(simulator.account().balance).toBe(99_998);
    expect((await send(simulator, "POST /auth/proxy/remove", { proxy_key: key })).status).toBe(404);
  });
});
