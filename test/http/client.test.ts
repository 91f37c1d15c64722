import { describe, expect, it } from "vitest";
import { RateLimiter } from "../../provider/api/rateLimit/rateLimiter";
import { memoryStore } from "../../provider/api/rateLimit/windowStore";
import type { HttpRequest } from "../../provider/api/transport";
import { ProxyKeyClient } from "../../provider/api/client";
import type { KeySettings } from "../../provider/api/wire";
import { echoSecrets, type FaultEffect, type JsonValue } from "../../provider/testing";
import { createFixture, PATHS, rejection, sent, type Fixture } from "./fixture";

const SETTINGS: KeySettings = {
  name: "web",
  expires_at: -1,
  allocated_ammount: 10,
  model_whitelist: [],
  ip_whitelist: [],
  limit_type: "daily",
};
const KEY = "ek-proxy-0123456789abcdef";

describe("the exact requests", () => {
  it.each([
    ["create", (client) => client.create(SETTINGS, CONTEXT), SETTINGS],
    ["list", (client) => client.list(CONTEXT), undefined],
    ["lookup", (client) => client.lookup(KEY, CONTEXT), { proxy_key: KEY }],
    ["update", (client) => client.update(KEY, SETTINGS, CONTEXT), { proxy_key: KEY, ...SETTINGS }],
    ["toggle", (client) => client.toggle(KEY, CONTEXT), { proxy_key: KEY }],
    ["remove", (client) => client.remove(KEY, CONTEXT), { proxy_key: KEY }],
  ] as [keyof typeof PATHS, (client: ProxyKeyClient) => Promise<unknown>, object | undefined][])(
    "%s",
    async (endpoint, call, body) => {
      const requests: HttpRequest[] = [];
      const client = new ProxyKeyClient({
        transport: {
          send: (request) => {
            requests.push(request);
            return Promise.resolve({ status: 400, headers: {}, body: "" });
          },
          close: () => Promise.resolve(),
        },
        rateLimiter: new RateLimiter({ clock: CONTEXT.clock, store: memoryStore() }),
        baseUrl: "https://api.example.com/v1",
        apiKey: "ek-master",
        userAgent: "tests/1",
      });
      await rejection(call(client));
      expect(requests).toHaveLength(1);
      const [request] = requests;
      expect(request?.url.href).toBe(`https://api.example.com/v1${PATHS[endpoint]}`);
      expect(request?.method).toBe(endpoint === "list" ? "GET" : "POST");
      expect(request?.body === undefined ? undefined : JSON.parse(request.body)).toEqual(body);
      expect(request?.headers).toEqual({
        accept: "application/json",
        "accept-encoding": "identity",
        authorization: "Bearer ek-master",
        "user-agent": "tests/1",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      });
    },
  );

  it("arrive as they were meant, with our user agent and no key in the URL", async () => {
    const { client, context, simulator } = await createFixture();
    const { key } = await client.create(SETTINGS, context);
    await client.list(context);
    await client.lookup(key, context);
    await client.update(key, { ...SETTINGS, allocated_ammount: 11, limit_type: "weekly" }, context);
    await expect(client.toggle(key, context)).resolves.toBe(false);
    await client.remove(key, context);
    expect(simulator.requests()).toEqual(
      ["create", "list", "lookup", "update", "toggle", "remove"].map(
        (name) => `${name === "list" ? "GET" : "POST"} ${PATHS[name as keyof typeof PATHS]}`,
      ),
    );
    expect(simulator.journal.map(({ userAgent }) => userAgent)).toEqual(Array(6).fill("tests/1"));
    expect(simulator.journal.every(({ applied, account }) => applied && account === "main")).toBe(true);
    expect(simulator.account().keys()).toEqual([]);
  });
});

/** For requests that are answered at once with a refusal. */
const CONTEXT = {
  clock: { nowMs: () => 0, sleep: () => Promise.resolve() },
  random: () => 0,
  deadlineMs: 1,
};

describe("tolerance", () => {
  it.each([
    ["a 200 for a creation", { createStatus: 200 }],
    ["a list in an envelope", { listEnvelope: "data" }],
    ["null lists", { nullWhitelists: true }],
    ["unknown fields", { unknownFields: true }],
  ] as const)("for %s", async (_, dialect) => {
    const { client, context } = await createFixture({ simulator: { dialect } });
    const { key } = await client.create(SETTINGS, context);
    const { keys } = await client.list(context);
    expect(keys).toMatchObject([{ name: "web", key, model_whitelist: [], ip_whitelist: [] }]);
    await expect(client.lookup(key, context)).resolves.toMatchObject({ key, ip_whitelist: [] });
  });

  it("for a list without keys", async () => {
    const { client, context } = await createFixture({ simulator: { dialect: { listKeys: "omitted" } } });
    await client.create(SETTINGS, context);
    const { keys } = await client.list(context);
    expect(keys.map(({ name, key }) => [name, key])).toEqual([["web", undefined]]);
  });

  it("knows how far the server's clock is ahead", async () => {
    const { client, context, simulator, clock } = await createFixture();
    await expect(client.list(context)).resolves.toMatchObject({ serverAheadMs: 0 });
    const date = new Date(clock.nowMs() + 60_000).toUTCString();
    simulator.inject({ status: 200, body: [], headers: { date } });
    await expect(client.list(context)).resolves.toMatchObject({ serverAheadMs: 60_000 });
    simulator.inject({ status: 200, body: [], headers: { date: "yesterday" } });
    await expect(client.list(context)).resolves.toMatchObject({ serverAheadMs: 60_000 });
  });
});

describe("remove and update believe only the API's words", () => {
  const CALLS = {
    remove: { done: "deleted", call: ({ client, context }: Fixture) => client.remove(KEY, context) },
    update: {
      done: "updated",
      call: ({ client, context }: Fixture) => client.update(KEY, SETTINGS, context),
    },
  };

  describe.each(["remove", "update"] as const)("%s", (endpoint) => {
    const { call, done } = CALLS[endpoint];
    const confirmation = { message: `Proxy key ${done}` };

    it.each([{}, { success: true }, { error: null }])("%j beside them", async (more) => {
      const fixture = await createFixture();
      fixture.simulator.inject({ status: 200, body: { ...confirmation, ...more } });
      await expect(call(fixture)).resolves.toBeUndefined();
    });

    it.each<[number, JsonValue | undefined]>([
      [204, undefined],
      [201, confirmation],
      [202, confirmation],
      [206, confirmation],
      [200, { message: "OK" }],
      [200, { message: `Nothing was ${done}` }],
      [200, { message: `Proxy key will be ${done}` }],
      [200, { ...confirmation, success: false }],
      [200, { ...confirmation, status: "error" }],
      [200, { ...confirmation, error: { message: "timeout" } }],
      [200, { ...confirmation, [done]: false }],
      [200, [confirmation]],
      [200, { name: "web", allocated_ammount: 10, expires_at: -1, is_active: true }],
    ])("not %s with %j: its outcome is unknown", async (status, body) => {
      const fixture = await createFixture();
      fixture.simulator.inject({ status, ...(body === undefined ? {} : { body }) });
      const effects = { unclear: 0 };
      const error = await rejection(call({ ...fixture, context: { ...fixture.context, effects } }));
      expect(error).toMatchObject({ name: "UnexpectedResponseError", status, outcomeUnknown: true });
      expect(effects.unclear).toBe(1);
      expect(sent(fixture)).toEqual([endpoint]);
    });
  });

  it("quotes what was said instead", async () => {
    const { client, context, simulator } = await createFixture();
    simulator.inject({ status: 200, body: { message: `Nothing was deleted: ${KEY}` } });
    const { message } = await rejection(client.remove(KEY, context));
    expect(message).toMatch(/holds JSON of another shape \("Nothing was deleted: \[redacted\]"\)/);
  });

  it.each([{ error: { message: "no" } }, { success: false }, { detail: "locked" }])(
    "as toggle believes no state beside %j",
    async (beside) => {
      const { client, context, simulator } = await createFixture();
      simulator.inject({ status: 200, body: { status: true, ...beside } });
      await expect(client.toggle(KEY, context)).rejects.toMatchObject({ outcomeUnknown: true });
    },
  );
});

describe("a lookup or a toggle that is not final, or speaks of an error, counts for nothing", () => {
  const key = { name: "web", allocated_ammount: 10, is_active: true, last_used: null, status: true };

  it.each<[number, JsonValue]>([
    [202, key],
    [206, key],
    [200, { ...key, error: "the usage service is down" }],
    [200, { ...key, success: false }],
  ])("%s with %j", async (status, body) => {
    const { client, context, simulator } = await createFixture();
    simulator.inject({ status, body, times: 2 });
    await expect(client.lookup(KEY, context)).rejects.toMatchObject({ name: "UnexpectedResponseError" });
    await expect(client.toggle(KEY, context)).rejects.toMatchObject({ outcomeUnknown: true });
  });
});

describe("an incomplete list", () => {
  it.each<[string, FaultEffect]>([
    ["that announces more", { status: 200, body: { keys: [], has_more: true } }],
    ["with HTTP 206", { status: 206, body: [] }],
    ["that links to another page", { status: 200, body: [], headers: { link: '<?page=2>; rel="next"' } }],
  ])("is an error of its own: %s", async (_, fault) => {
    const fixture = await createFixture();
    fixture.simulator.inject(fault);
    await expect(fixture.client.list(fixture.context)).rejects.toMatchObject({
      name: "IncompleteListError",
      retryable: false,
      outcomeUnknown: false,
    });
    expect(sent(fixture)).toEqual(["list"]);
  });
});

describe("a success that is none of the API's", () => {
  it.each([
    ["HTML", "<html>welcome</html>", "an HTML page"],
    ["nothing", "", "an empty body"],
    ["half of a JSON", '{"message":"Proxy', "text that is not JSON"],
    ["JSON of another shape", '["ok"]', "JSON of another shape"],
    ["an error", '{"error":{"message":"no"}}', "JSON of another shape"],
  ])("is refused: %s", async (_, body, found) => {
    const { client, context, simulator } = await createFixture();
    simulator.inject({ status: 200, body });
    await expect(client.remove(KEY, context)).rejects.toMatchObject({
      name: "UnexpectedResponseError",
      status: 200,
      outcomeUnknown: true,
      why: expect.stringContaining(found),
    });
    expect(sent({ simulator })).toEqual(["remove"]);
  });

  it("is refused for a creation without a key, and for a toggle without a state", async () => {
    const { client, context, simulator } = await createFixture();
    simulator.inject({ status: 201, body: { name: "web", allocated_ammount: 10, is_active: true } });
    await expect(client.create(SETTINGS, context)).rejects.toMatchObject({ name: "UnexpectedResponseError" });
    simulator.inject({ status: 200, body: { message: "Proxy key status updated" } });
    await expect(client.toggle(KEY, context)).rejects.toMatchObject({ name: "UnexpectedResponseError" });
  });
});

it("never repeats a secret that the server echoes", async () => {
  const { client, context, simulator } = await createFixture();
  for (const status of [400, 401, 403, 422]) {
    simulator.inject(echoSecrets(status));
    const { message } = await rejection(client.remove(KEY, context));
    expect(message).toContain("[redacted]");
    expect(message).not.toContain(KEY.slice(9, 17));
    expect(message).not.toContain(simulator.account().apiKey.slice(3, 11));
  }
});
