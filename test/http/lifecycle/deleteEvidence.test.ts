import { describe, expect, it } from "vitest";
import { DynamicProvider } from "../../../provider/dynamic/dynamicProvider";
import { bareNotFound, edgePage, emptyBody, type FaultSpec } from "../../../provider/testing";
import { createFixture, PATHS, refusal, rejection, sent } from "../fixture";

const on = { path: PATHS.remove };

/** Answers that are anybody's word, not the API's about the key. */
const DOUBTFUL: [string, FaultSpec][] = [
  ["a bare Not Found", bareNotFound()],
  ["the edge's 404", edgePage(404)],
  ["an empty 404", emptyBody(404)],
  ["a 404 about an API key", refusal(404, "API key not found")],
  ["a page with 200", { status: 200, body: "<html>Welcome</html>" }],
  ["an empty 200", emptyBody(200)],
  ["another service's JSON", { status: 200, body: ["hello"] }],
  ["a success that speaks of an error", { status: 200, body: { error: { message: "no" } } }],
  ...[
    "Proxy key management is not available on this host",
    "Endpoint removed. See https://docs/keys",
    "The proxy key service is temporarily disabled",
    "Key server unreachable",
    "Missing subscription key",
    "No proxy keys found",
    "Proxy key not found or not yours",
  ].map((words): [string, FaultSpec] => [`404 "${words}"`, refusal(404, words)]),
  ...[
    "Nothing was deleted",
    "This endpoint will be removed on 2027-01-01",
    "Request could not be delivered: upstream removed from pool",
    "Proxy keys deleted",
    "Proxy key will be deleted",
    "Proxy key was not deleted",
    "API key deleted",
  ].map((message): [string, FaultSpec] => [`200 "${message}"`, { status: 200, body: { message } }]),
  ["204", { status: 204 }],
  ["202", { status: 202, body: { message: "Proxy key deleted" } }],
  ["a success that failed", { status: 200, body: { message: "Proxy key deleted", success: false } }],
  ["a 404 that contradicts itself", { status: 404, body: { message: "Key not found", error: "time-out" } }],
];

describe("the list of another account", () => {
  it.each([
    ["read", "created"],
    ["read", "adopted"],
    ["delete", "created"],
    ["delete", "adopted"],
  ] as const)(
    "proves nothing to %s of a key that was %s if an edge responds for the API",
    async (verb, origin) => {
      const fixture = await createFixture({
        simulator: { accounts: [{ name: "ours" }, { name: "theirs" }] },
      });
      const { key } = fixture.simulator.account("ours").addKey({ name: "by hand" });
      const { id, state } = await fixture.existing(origin === "adopted" ? { adopt: key } : {});
      const theirs = new DynamicProvider({
        clock: fixture.clock,
        random: () => 0.5,
        randomBytes: (count) => new Uint8Array(count),
        transport: fixture.transport,
        environment: {
          ELECTRONHUB_API_KEY: fixture.simulator.account("theirs").apiKey,
          ELECTRONHUB_BASE_URL: fixture.simulator.baseUrl,
        },
      });
      fixture.simulator.inject({
        ...edgePage(404),
        on: { path: verb === "read" ? PATHS.lookup : PATHS.remove },
      });
      const { message } = await rejection(theirs[verb](id, state));
      expect(message).toContain("404");
      expect(fixture.simulator.account("ours").findKey(state.key)).toBeDefined();
    },
  );
});

describe.each(DOUBTFUL)("%s", (_, fault) => {
  it("is believed once the list answers without the key", async () => {
    const fixture = await createFixture();
    const { id, state } = await fixture.existing();
    fixture.simulator.account().removeKey(state.key);
    fixture.simulator.inject({ ...fault, on });
    await fixture.lifecycle.delete(id, state);
    expect(sent(fixture)).toEqual(["remove", "list"]);
  });

  it("is refused while the list still shows the key", async () => {
    const fixture = await createFixture();
    const { id, state } = await fixture.existing();
    fixture.simulator.inject({ ...fault, on });
    const { message } = await rejection(fixture.lifecycle.delete(id, state));
    expect(message).toMatch(/does not prove a removal\. The account still lists the key/);
    expect(message.split("\n").at(-1)).toMatch(/^Check electronhub:baseUrl.*stays in the state\.$/);
    expect(sent(fixture)).toEqual(["remove", "list", "list"]);
    expect(fixture.simulator.account().findKey(state.key)).toBeDefined();
  });

  it("is refused when the list does not answer either", async () => {
    const fixture = await createFixture();
    const { id, state } = await fixture.existing();
    fixture.simulator.account().removeKey(state.key);
    fixture.simulator.inject({ ...fault, on });
    fixture.simulator.inject({ ...fault, on: { path: PATHS.list } });
    const { message } = await rejection(fixture.lifecycle.delete(id, state));
    expect(message).toMatch(/does not prove a removal\. The list of the account's keys failed too: /);
    expect(sent(fixture)).toEqual(["remove", "list"]);
  });
});

describe("the list is no evidence", () => {
  it("when it does not show which keys it has", async () => {
    const fixture = await createFixture({ simulator: { dialect: { listKeys: "omitted" } } });
    const { id, state } = await fixture.existing();
    fixture.simulator.inject({ on, ...bareNotFound() });
    const { message } = await rejection(fixture.lifecycle.delete(id, state));
    expect(message).toMatch(/does not show which keys it has/);
  });

  it("when it stars the keys out", async () => {
    const fixture = await createFixture({ simulator: { dialect: { listKeys: "masked" } } });
    const { id, state } = await fixture.existing();
    fixture.simulator.inject({ on, ...bareNotFound() });
    const { message } = await rejection(fixture.lifecycle.delete(id, state));
    expect(message).toMatch(/does not show which keys it has/);
  });

  it.each([
    ["401", refusal(401, "Invalid API key")],
    ["403", refusal(403, "Your plan is paused")],
    ["404", bareNotFound()],
    ["500", { status: 500 }],
    ["a page", { status: 200, body: "<html></html>" }],
    ["an object", { status: 200, body: { message: "hello" } }],
    ["another list", { status: 200, body: [{ id: 1 }] }],
    ["another service's empty list", { status: 200, body: { status: "maintenance", notices: [] } }],
    ["an empty envelope that says something", { status: 200, body: { ok: true, items: [] } }],
    ["a page of it", { status: 200, body: { keys: [], has_more: true } }],
    ["a page of it, with a total", { status: 200, body: { data: [], meta: { total: 1 } } }],
    ["half of it", { status: 206, body: [] }],
    ["a list from a cache", { status: 200, body: [], headers: { age: "300" } }],
    ["a page with a link to the next", { status: 200, body: [], headers: { link: '<?p=2>; rel="next"' } }],
  ])("when it answers %s", async (_, fault) => {
    const fixture = await createFixture();
    const { id, state } = await fixture.existing();
    fixture.simulator.account().removeKey(state.key);
    fixture.simulator.inject({ on, ...bareNotFound() });
    fixture.simulator.inject({ on: { path: PATHS.list }, ...fault, times: Infinity });
    const { message } = await rejection(fixture.lifecycle.delete(id, state));
    expect(message).toMatch(/does not prove a removal.*list of the account.s keys failed too/s);
    expect(message).toMatch(/electronhub:baseUrl/);
  });
});

describe("many at once", () => {
  it("share one list", async () => {
    const fixture = await createFixture();
    const count = 12;
    const keys = await Promise.all(Array.from({ length: count }, () => fixture.existing()));
    for (const { state } of keys) fixture.simulator.account().removeKey(state.key);
    fixture.simulator.clearJournal();
    fixture.simulator.inject({ on, ...bareNotFound(), times: count });
    const list = fixture.simulator.inject({ on: { path: PATHS.list }, hold: true });
    const deleted = Promise.all(keys.map(({ id, state }) => fixture.lifecycle.delete(id, state)));
    await fixture.answered(PATHS.remove, count);
    await list.reached();
    list.release();
    await deleted;
    expect(sent(fixture).filter((call) => call === "list")).toHaveLength(1);
  });

  it("under a mistyped base URL all fail, and nothing is lost", async () => {
    const fixture = await createFixture();
    const keys = await Promise.all(Array.from({ length: 5 }, () => fixture.existing()));
    const lost = await createFixture({
      environment: {
        ELECTRONHUB_API_KEY: fixture.simulator.account().apiKey,
        ELECTRONHUB_BASE_URL: fixture.simulator.baseUrl.replace("/v1", "/v2"),
      },
    });
    const results = await Promise.allSettled(keys.map(({ id, state }) => lost.lifecycle.delete(id, state)));
    expect(results.map(({ status }) => status)).toEqual(keys.map(() => "rejected"));
    expect(fixture.simulator.account().keys()).toHaveLength(5);
  });
});

it("a list from before the answer that still shows the key is asked for anew", async () => {
  const fixture = await createFixture();
  const { id, state } = await fixture.existing();
  await fixture.lifecycle.read(id, state);
  fixture.simulator.account().removeKey(state.key);
  fixture.simulator.inject({ on, ...bareNotFound() });
  await fixture.lifecycle.delete(id, state);
  expect(sent(fixture)).toEqual(["list", "remove", "list"]);
});
