import { describe, expect, it } from "vitest";
import type { HttpRequest } from "../../provider/api/transport";
import { guarded, MADE_UP } from "./guard";
import { MAX_CREDITS, NotOurKeyError, OwnKeys } from "./ownKeys";

const BASE = "https://api.example/v1";
const API_KEY = "ek-the-account";
const OWN_KEY = "ek-proxy-own";
const OWN_NAME = "pulumi-eh-live-abc123-01";

interface Sent {
  line: string;
  body?: object;
  as?: string | undefined;
}

/** A guard that knows one key of its own, with a budget of 0.05. */
function createGuard(response: { status: number; body?: object } = { status: 200 }) {
  const own = new OwnKeys("abc123");
  own.claim(OWN_KEY, OWN_NAME);
  own.reserve(OWN_NAME, 0.05);
  const sent: HttpRequest[] = [];
  const transport = guarded(
    {
      send: async (request) => {
        sent.push(request);
        return { status: response.status, headers: {}, body: JSON.stringify(response.body ?? {}) };
      },
      close: async () => {},
    },
    { baseUrl: BASE, apiKey: API_KEY, own },
  );
  const send = ({ line, body, as = API_KEY }: Sent) => {
    const [method, path] = line.split(" ") as ["GET" | "POST", string];
    return transport.send({
      method,
      url: new URL(path.startsWith("http") ? path : `${BASE}${path}`),
      headers: { authorization: `Bearer ${as}` },
      body: body && JSON.stringify(body),
    });
  };
  return { own, send, sent };
}

const settings = { name: OWN_NAME, allocated_ammount: 0.01 };

describe("sends nothing that", () => {
  it.each<[string, Sent]>([
    ["removes all keys", { line: "DELETE /auth/proxy/delete" }],
    ["removes all keys by the older path", { line: "DELETE /auth/proxy" }],
    ["replaces the API key", { line: "GET /auth/key/regen" }],
    ["has a key in its path", { line: `DELETE /auth/proxy/delete/${OWN_KEY}` }],
    ["goes to another server", { line: "GET https://elsewhere.example/v1/auth/proxy" }],
    ["goes beside the base path", { line: "GET https://api.example/auth/proxy" }],
    ["removes a key of others", { line: "POST /auth/proxy/remove", body: { proxy_key: "ek-proxy-theirs" } }],
    ["removes no key", { line: "POST /auth/proxy/remove", body: {} }],
    ["removes an empty key", { line: "POST /auth/proxy/remove", body: { proxy_key: "" } }],
    ["toggles a key of others", { line: "POST /auth/proxy/toggle", body: { proxy_key: "ek-proxy-theirs" } }],
    [
      "updates a key of others",
      { line: "POST /auth/proxy/update", body: { ...settings, proxy_key: "ek-proxy-theirs" } },
    ],
    [
      "renames its key",
      { line: "POST /auth/proxy/update", body: { ...settings, name: "prod", proxy_key: OWN_KEY } },
    ],
    ["makes a key of another name", { line: "POST /auth/proxy/create", body: { ...settings, name: "prod" } }],
    [
      "makes a key of another run",
      { line: "POST /auth/proxy/create", body: { ...settings, name: "pulumi-eh-live-xyz789-01" } },
    ],
    ["makes a key without a budget", { line: "POST /auth/proxy/create", body: { name: OWN_NAME } }],
    ["manages keys with a proxy key", { line: "POST /auth/proxy/create", body: settings, as: OWN_KEY }],
    [
      "removes with a made-up JWT",
      { line: "POST /auth/proxy/remove", body: { proxy_key: OWN_KEY }, as: MADE_UP.jwt },
    ],
    ["uses the API key", { line: "POST /chat/completions", body: {} }],
    ["uses a key of others", { line: "POST /chat/completions", body: {}, as: "ek-proxy-theirs" }],
    ["reads with a key of others", { line: "GET /auth/proxy", as: "ek-proxy-theirs" }],
  ])("%s", async (_, request) => {
    const { send, sent } = createGuard();
    await expect(send(request)).rejects.toThrow(NotOurKeyError);
    expect(sent).toEqual([]);
  });
});

describe("budgets", () => {
  const create = (credits: number, name = "pulumi-eh-live-abc123-02"): Sent => ({
    line: "POST /auth/proxy/create",
    body: { name, allocated_ammount: credits },
  });
  const update = (credits: number): Sent => ({
    line: "POST /auth/proxy/update",
    body: { ...settings, allocated_ammount: credits, proxy_key: OWN_KEY },
  });

  it.each([
    ["create", create(MAX_CREDITS - 0.05)],
    ["update", update(MAX_CREDITS)],
  ])("never reach the maximum by a %s", async (_, request) => {
    const { own, send, sent } = createGuard();
    await expect(send(request)).rejects.toThrow(NotOurKeyError);
    expect(sent).toEqual([]);
    expect(own.credits).toBe(0.05);
  });

  it("count from the request on, whatever became of it, until it is refused or the key is removed", async () => {
    const unclear = createGuard({ status: 502 });
    await unclear.send(create(0.1));
    expect(unclear.own.credits).toBeCloseTo(0.15);
    await expect(unclear.send(create(0.06, "pulumi-eh-live-abc123-03"))).rejects.toThrow(NotOurKeyError);

    const refused = createGuard({ status: 402 });
    await refused.send(create(0.1));
    expect(refused.own.credits).toBe(0.05);
    await refused.send(update(0.1));
    expect(refused.own.credits).toBe(0.05);

    const removed = createGuard({ status: 404 });
    await removed.send({ line: "POST /auth/proxy/remove", body: { proxy_key: OWN_KEY } });
    expect(removed.own.credits).toBe(0);
    expect(removed.own.remaining).toEqual([]);
  });

  it("count both values of an update without a response", async () => {
    const { own, send } = createGuard({ status: 502 });
    await send(update(0.02));
    expect(own.credits).toBe(0.05);
    await send(update(0.1));
    expect(own.credits).toBe(0.1);
  });
});

it("knows the key of its create, and may remove it", async () => {
  const { send, sent, own } = createGuard({ status: 201, body: { key: "ek-proxy-new" } });
  await send({
    line: "POST /auth/proxy/create",
    body: { name: "pulumi-eh-live-abc123-02", allocated_ammount: 0.01 },
  });
  await send({ line: "POST /auth/proxy/remove", body: { proxy_key: "ek-proxy-new" } });
  expect(sent).toHaveLength(2);
  expect(own.remaining).toEqual([{ key: OWN_KEY, name: OWN_NAME }]);
});

it("claims no key whose name is another's", () => {
  const { own } = createGuard();
  for (const name of ["prod", "pulumi-eh-live-", "pulumi-eh-live-mine", `${OWN_NAME}-x`, ` ${OWN_NAME}`])
    expect(() => own.claim("ek-proxy-theirs", name)).toThrow(NotOurKeyError);
});
