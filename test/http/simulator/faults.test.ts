import { describe, expect, it } from "vitest";
import * as testing from "../../../provider/testing/index";
import { send, SETTINGS, simulate } from "./fixture";

const CREATE = "POST /auth/proxy/create";

describe("cut", () => {
  it.each([
    ["before", 0, 2],
    ["after", 1, 1],
    ["midBody", 1, 1],
  ] as const)("%s the effect", async (cut, keys, remaining) => {
    const accounts = [{ name: "main", rateLimit: { limit: 3, windowMs: 60_000 } }];
    const simulator = await simulate({ accounts, clock: new testing.ManualClock() });
    simulator.inject({ cut });
    await expect(send(simulator, CREATE, SETTINGS)).rejects.toThrow();
    expect(simulator.account().keys()).toHaveLength(keys);
    expect(simulator.journal).toMatchObject([
      {
        sequence: 1,
        method: "POST",
        path: "/auth/proxy/create",
        account: "main",
        status: undefined,
      },
    ]);
    expect(simulator.journal[0]).toMatchObject({
      applied: keys === 1,
      fault: `cut:${cut}`,
      body: SETTINGS,
    });
    const { headers } = await send(simulator, "GET /auth/proxy");
    expect(headers.get("x-ratelimit-remaining")).toBe(String(remaining));
  });
});

describe("responses instead of the API's", () => {
  it("replaces the effect, or only the response", async () => {
    const simulator = await simulate();
    simulator.inject({
      on: { path: "/auth/proxy/create" },
      status: 503,
      body: "busy",
      contentType: "text/plain",
    });
    simulator.inject({
      on: { path: "/auth/proxy/create" },
      ...testing.edgePage(502),
      applied: true,
    });
    const first = await send(simulator, CREATE, SETTINGS);
    expect([first.status, first.text, first.headers.get("content-type")]).toEqual([
      503,
      "busy",
      "text/plain",
    ]);
    expect(simulator.account().keys()).toHaveLength(0);
    const second = await send(simulator, CREATE, SETTINGS);
    expect(second.status).toBe(502);
    expect(second.headers.get("server")).toBe("cloudflare");
    expect(second.text).toContain("<html");
    expect(simulator.account().keys()).toHaveLength(1);
    expect((await send(simulator, CREATE, SETTINGS)).status).toBe(201);
    expect(simulator.journal.map(({ status, applied, fault }) => [status, applied, fault])).toEqual([
      [503, false, "status:503"],
      [502, true, "status:502"],
      [201, true, undefined],
    ]);
  });

  it("has predefined ones", async () => {
    const simulator = await simulate();
    const provoke = async (effect: testing.FaultEffect): ReturnType<typeof send> => {
      simulator.inject(effect);
      return send(simulator, "POST /auth/proxy/lookup", { proxy_key: "ek-proxy-x" });
    };
    expect(await provoke(testing.malformedJson())).toMatchObject({ status: 200, json: undefined });
    const huge = await provoke(testing.hugeJson(1_000_000));
    expect(huge.text).toHaveLength(1_000_000);
    expect(huge.json).toBeDefined();
    const limited = await provoke(testing.tooManyRequestsWithoutHeaders());
    expect(limited.status).toBe(429);
    expect(limited.headers.has("retry-after")).toBe(false);
    expect((await provoke(testing.bareNotFound())).json).toEqual({ detail: "Not Found" });
    expect(await provoke(testing.emptyBody(204))).toMatchObject({ status: 204, text: "" });
    expect(await provoke(testing.emptyBody(500))).toMatchObject({ status: 500, text: "" });
    const redirect = await provoke(testing.redirectTo("http://127.0.0.1:9/"));
    expect([redirect.status, redirect.headers.get("location")]).toEqual([307, "http://127.0.0.1:9/"]);
    const echo = await provoke(testing.echoSecrets(500));
    expect(echo.text).toContain(simulator.account().apiKey);
    expect(echo.text).toContain("ek-proxy-x");
  });
});

describe("matching", () => {
  it("compares method, path, account and key, skips requests, and ends after a number of them", async () => {
    const simulator = await simulate({ accounts: [{ name: "main" }, { name: "other" }] });
    const { key } = simulator.account().addKey({ name: "a" });
    const on = { method: "post", path: "/auth/proxy/lookup", keyName: "a", account: "main" };
    const fault = simulator.inject({ on, skip: 1, times: 2, status: 500 });
    const lookup = async (): Promise<number> =>
      (await send(simulator, "POST /auth/proxy/lookup", { proxy_key: key })).status;
    const authorization = `Bearer ${simulator.account("other").apiKey}`;
    await send(simulator, "POST /auth/proxy/lookup", { proxy_key: key }, { authorization });
    await send(simulator, "GET /auth/proxy");
    expect([await lookup(), await lookup(), await lookup(), await lookup()]).toEqual([200, 500, 500, 200]);
    expect(fault.hits).toBe(2);
    const forever = simulator.inject({ on: { keyName: "web" }, times: Infinity, status: 500 });
    expect((await send(simulator, CREATE, SETTINGS)).status).toBe(500);
    forever.remove();
    expect((await send(simulator, CREATE, SETTINGS)).status).toBe(201);
  });

  it("applies one fault at a time, in order of injection", async () => {
    const simulator = await simulate();
    simulator.inject({ status: 500 });
    simulator.inject({ status: 503 });
    simulator.inject({ status: 504, times: Infinity });
    const list = async (): Promise<number> => (await send(simulator, "GET /auth/proxy")).status;
    expect([await list(), await list(), await list(), await list()]).toEqual([500, 503, 504, 504]);
    simulator.clearFaults();
    expect(await list()).toBe(200);
  });

  it("rejects a contradictory fault and an empty one", async () => {
    const simulator = await simulate();
    expect(() => simulator.inject({ status: 500, hang: true })).toThrow("at most one");
    expect(() => simulator.inject({ times: 2 })).toThrow("needs one");
  });
});

describe("waiting", () => {
  it("delays on the injected clock", async () => {
    const clock = new testing.ManualClock();
    const simulator = await simulate({ clock });
    const slow = simulator.inject({ latencyMs: 5_000 });
    const early = simulator.inject({ latencyMs: 5_000, applied: true });
    const first = send(simulator, CREATE, SETTINGS);
    await slow.reached();
    expect(simulator.account().keys()).toHaveLength(0);
    await clock.advance(5_000);
    expect((await first).status).toBe(201);
    const second = send(simulator, CREATE, SETTINGS);
    await early.reached();
    expect(simulator.account().keys()).toHaveLength(2);
    await clock.advance(5_000);
    expect((await second).status).toBe(201);
  });

  it("holds requests until they are released", async () => {
    const simulator = await simulate();
    const gate = simulator.inject({ on: { path: "/auth/proxy/create" }, hold: true, times: 2 });
    const replies = [send(simulator, CREATE, SETTINGS), send(simulator, CREATE, SETTINGS)];
    await gate.reached(2);
    expect(simulator.account().keys()).toHaveLength(0);
    expect((await send(simulator, "GET /auth/proxy")).json).toEqual([]);
    gate.release();
    expect((await Promise.all(replies)).map(({ status }) => status)).toEqual([201, 201]);
    expect(simulator.account().keys()).toHaveLength(2);
  });

  it("releases what it holds when the faults are cleared", async () => {
    const simulator = await simulate();
    const gate = simulator.inject({ hold: true, cut: "after" });
    const lost = send(simulator, CREATE, SETTINGS);
    await gate.reached();
    simulator.clearFaults();
    await expect(lost).rejects.toThrow();
    expect(simulator.account().keys()).toHaveLength(1);
  });

  it.each([
    ["with a response", {}],
    ["cut halfway", { cut: "midBody" }],
    ["cut", { cut: "after" }],
    ["with another status", { status: 500, applied: true }],
  ] as const)("finishes for a client that has gone before being %s", async (_, effect) => {
    const simulator = await simulate();
    const gate = simulator.inject({ hold: true, ...effect });
    const patience = new AbortController();
    const reply = send(simulator, CREATE, SETTINGS, { signal: patience.signal });
    await gate.reached();
    patience.abort();
    await expect(reply).rejects.toThrow();
    gate.release();
    await expect.poll(() => simulator.journal[0]?.applied).toBe(true);
    expect((await send(simulator, "GET /auth/proxy")).status).toBe(200);
    expect(simulator.account().keys()).toHaveLength(1);
  });

  it("closes while requests hang, are held or are delayed, without their effect", async () => {
    const simulator = await simulate({ clock: new testing.ManualClock() });
    const account = simulator.account();
    const faults = [
      simulator.inject({ hang: true }),
      simulator.inject({ hold: true }),
      simulator.inject({ latencyMs: 1 }),
    ];
    const replies = faults.map(() => send(simulator, CREATE, SETTINGS));
    const outcome = Promise.allSettled(replies);
    await Promise.all(faults.map((fault) => fault.reached()));
    await simulator.close();
    await simulator.close();
    expect((await outcome).map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
    expect(account.keys()).toHaveLength(0);
  });
});
