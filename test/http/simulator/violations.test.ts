import { describe, expect, it } from "vitest";
import { send, SETTINGS, simulate } from "./fixture";

describe("dangerous requests", () => {
  it.each(["DELETE /auth/proxy", "DELETE /auth/proxy/delete"])(
    "%s removes every key and is recorded",
    async (line) => {
      const simulator = await simulate();
      simulator.account().addKey({ name: "a" });
      simulator.account().addKey({ name: "b" });
      for (let round = 0; round < 2; round += 1) {
        expect((await send(simulator, line)).json).toEqual({ message: "Proxy keys deleted" });
      }
      expect(simulator.account().keys()).toEqual([]);
      expect(simulator.account().balance).toBe(100_000);
      expect(simulator.violations.map(({ kind }) => kind)).toEqual(["delete-all", "delete-all"]);
    },
  );

  it("has the legacy paths, masks their keys, and treats an empty key as delete-all", async () => {
    const simulator = await simulate();
    const account = simulator.account();
    const { key } = account.addKey({ name: "a" });
    expect((await send(simulator, `GET /auth/proxy/${key}`)).json).toMatchObject({ key });
    expect((await send(simulator, `POST /auth/proxy/toggle/${key}`)).json).toMatchObject({
      status: false,
    });
    expect((await send(simulator, `POST /auth/proxy/update/${key}`, SETTINGS)).status).toBe(200);
    expect((await send(simulator, `DELETE /auth/proxy/delete/${key}`)).status).toBe(200);
    expect(account.keys()).toEqual([]);
    account.addKey({ name: "b" });
    await send(simulator, "DELETE /auth/proxy/delete/");
    expect(account.keys()).toEqual([]);
    expect(simulator.violations.map(({ kind, method, path }) => `${kind} ${method} ${path}`)).toEqual([
      "legacy-path GET /auth/proxy/ek-proxy-***",
      "legacy-path POST /auth/proxy/toggle/ek-proxy-***",
      "legacy-path POST /auth/proxy/update/ek-proxy-***",
      "legacy-path DELETE /auth/proxy/delete/ek-proxy-***",
      "delete-all DELETE /auth/proxy/delete/",
      "legacy-path DELETE /auth/proxy/delete/",
    ]);
    expect(simulator.requests().join()).not.toContain(key);
  });

  it("records a key in a query, plain or encoded", async () => {
    const simulator = await simulate();
    const { key } = simulator.account().addKey({ name: "a" });
    await send(simulator, `GET /auth/proxy?proxy_key=${key}`);
    await send(simulator, `GET /user/me?k=${key.replaceAll("-", "%2D")}`);
    expect(simulator.violations.map(({ kind, path }) => `${kind} ${path}`)).toEqual([
      "key-in-url /auth/proxy?proxy_key=***",
      "key-in-url /user/me?k=ek-proxy-***",
    ]);
  });

  it("replaces the master key", async () => {
    const simulator = await simulate();
    const before = simulator.account().apiKey;
    expect((await send(simulator, "GET /auth/key/regen")).json).toEqual({
      key: simulator.account().apiKey,
    });
    const reply = await send(simulator, "GET /auth/proxy", undefined, {
      authorization: `Bearer ${before}`,
    });
    expect(reply.status).toBe(401);
    expect(simulator.violations).toMatchObject([
      { kind: "master-key-regen", method: "GET", path: "/auth/key/regen" },
    ]);
  });
});

describe("blind toggles", () => {
  const kinds = (violations: readonly { kind: string }[]): string[] => violations.map(({ kind }) => kind);

  it("accepts one toggle per response with the state", async () => {
    const simulator = await simulate();
    const created = await send(simulator, "POST /auth/proxy/create", SETTINGS);
    const proxy_key = (created.json as { key: string }).key;
    await send(simulator, "POST /auth/proxy/toggle", { proxy_key });
    await send(simulator, "POST /auth/proxy/lookup", { proxy_key });
    await send(simulator, "POST /auth/proxy/toggle", { proxy_key });
    await send(simulator, "GET /auth/proxy");
    await send(simulator, "POST /auth/proxy/toggle", { proxy_key });
    expect(simulator.violations).toEqual([]);
    await send(simulator, "POST /auth/proxy/toggle", { proxy_key });
    expect(kinds(simulator.violations)).toEqual(["blind-toggle"]);
    simulator.clearJournal();
    expect(simulator.violations).toEqual([]);
  });

  it("counts a toggle whose response was lost", async () => {
    const simulator = await simulate();
    const { key: proxy_key } = simulator.account().addKey({ name: "a" });
    await send(simulator, "GET /auth/proxy");
    simulator.inject({ on: { path: "/auth/proxy/toggle" }, cut: "after" });
    await expect(send(simulator, "POST /auth/proxy/toggle", { proxy_key })).rejects.toThrow();
    expect(simulator.violations).toEqual([]);
    await send(simulator, "POST /auth/proxy/toggle", { proxy_key });
    expect(kinds(simulator.violations)).toEqual(["blind-toggle"]);
  });

  it("does not count a lost response or an outside change as seen", async () => {
    const simulator = await simulate();
    const { key: proxy_key } = simulator.account().addKey({ name: "a" });
    simulator.inject({ on: { path: "/auth/proxy/lookup" }, cut: "midBody" });
    await expect(send(simulator, "POST /auth/proxy/lookup", { proxy_key })).rejects.toThrow();
    await send(simulator, "POST /auth/proxy/toggle", { proxy_key });
    await send(simulator, "POST /auth/proxy/lookup", { proxy_key });
    simulator.account().disableKey("a");
    await send(simulator, "POST /auth/proxy/toggle", { proxy_key });
    expect(kinds(simulator.violations)).toEqual(["blind-toggle", "blind-toggle"]);
  });

  it("does not count a response with an old state as seen", async () => {
    const simulator = await simulate();
    const { key: proxy_key } = simulator.account().addKey({ name: "a" });
    await send(simulator, "GET /auth/proxy");
    const late = simulator.inject({
      on: { path: "/auth/proxy/lookup" },
      hold: true,
      applied: true,
    });
    const lookup = send(simulator, "POST /auth/proxy/lookup", { proxy_key });
    await late.reached();
    await send(simulator, "POST /auth/proxy/toggle", { proxy_key });
    late.release();
    expect((await lookup).json).toMatchObject({ is_active: true });
    await send(simulator, "POST /auth/proxy/toggle", { proxy_key });
    expect(kinds(simulator.violations)).toEqual(["blind-toggle"]);
  });
});
