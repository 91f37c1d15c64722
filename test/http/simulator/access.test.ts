import { describe, expect, it } from "vitest";
import { send, simulate } from "./fixture";

describe("validate", () => {
  it("returns why a key is not valid", async () => {
    const simulator = await simulate();
    const account = simulator.account();
    const { key } = account.addKey({
      name: "a",
      modelWhitelist: ["gpt-4o"],
      ipWhitelist: ["127.0.0.0/8", "fd00::/8"],
    });
    const ask = async (model?: string): Promise<unknown> =>
      (await send(simulator, "POST /auth/proxy/validate", { model }, { authorization: `Bearer ${key}` }))
        .json;
    expect(await ask("gpt-4o")).toMatchObject({ valid: true });
    expect(await ask("x")).toEqual({ valid: false, message: "Model 'x' not in whitelist" });
    simulator.dialect.callerIp = "203.0.113.9";
    expect(await ask()).toEqual({ valid: false, message: "IP address not in whitelist" });
    simulator.dialect.callerIp = "fd00::1";
    expect(await ask()).toMatchObject({ valid: true });
    account.disableKey("a");
    expect(await ask()).toMatchObject({ valid: false });
  });

  it("rejects tokens that are not a proxy key", async () => {
    const simulator = await simulate();
    const ask = async (authorization?: string | null): Promise<number> =>
      (
        await send(
          simulator,
          "POST /auth/proxy/validate",
          undefined,
          authorization === undefined ? {} : { authorization },
        )
      ).status;
    expect(await ask()).toBe(400);
    expect(await ask("Bearer ek-proxy-none")).toBe(401);
    expect(await ask(null)).toBe(401);
  });
});

describe("authorization", () => {
  it.each([
    ["missing", null],
    ["malformed", "Basic abc"],
    ["malformed", "Bearer"],
    ["unknown", "Bearer ek-none"],
    ["unknown proxy", "Bearer ek-proxy-none"],
    ["a JWT", "Bearer eyJhbGciOiJub25lIn0.e30."],
    ["a DevPass key", "Bearer ek-dev-none"],
  ])("rejects a %s token (%s)", async (_, authorization) => {
    const simulator = await simulate();
    for (const line of ["GET /auth/proxy", "GET /user/me", "POST /auth/proxy/remove"]) {
      expect((await send(simulator, line, undefined, { authorization })).status).toBe(401);
    }
  });

  it("rejects a proxy key that manages keys", async () => {
    const simulator = await simulate();
    const { key } = simulator.account().addKey({ name: "a" });
    const list = async (): Promise<number> =>
      (await send(simulator, "GET /auth/proxy", undefined, { authorization: `Bearer ${key}` })).status;
    expect(await list()).toBe(401);
    simulator.dialect.proxyKeyAuthStatus = 403;
    expect(await list()).toBe(403);
  });

  it("rejects paused and limited accounts", async () => {
    const simulator = await simulate();
    const account = simulator.account();
    account.permissions = { manageProxyKeys: false };
    expect((await send(simulator, "GET /auth/proxy")).status).toBe(403);
    expect((await send(simulator, "GET /user/me")).json).toMatchObject({ credits: 100_000 });
    account.paused = true;
    expect((await send(simulator, "GET /user/me")).text).toContain("paused");
    account.ipLimited = true;
    expect((await send(simulator, "GET /user/me")).text).toContain("IP address");
  });
});
