import { describe, expect, it } from "vitest";
import { bareNotFound, edgePage, type FaultEffect } from "../../../provider/testing";
import { createFixture, onAnotherServer, otherServer, PATHS, refusal, rejection, sent } from "../fixture";

describe("a key that is gone", () => {
  it("is looked up before it is called gone", async () => {
    const fixture = await createFixture();
    const { id, state } = await fixture.existing();
    fixture.simulator.account().removeKey(state.key);
    await expect(fixture.lifecycle.read(id, state)).resolves.toEqual({ id: "" });
    expect(sent(fixture)).toEqual(["list", "lookup"]);
  });

  it("is not gone when the lookup finds it", async () => {
    const fixture = await createFixture();
    const { id, state } = await fixture.existing();
    fixture.simulator.inject({ on: { path: PATHS.list }, status: 200, body: [] });
    await expect(fixture.lifecycle.read(id, state)).resolves.toMatchObject({ id });
    expect(sent(fixture)).toEqual(["list", "lookup"]);
  });

  it.each(["omitted", "masked"] as const)(
    "is looked up one by one when the list has its keys %s",
    async (listKeys) => {
      const fixture = await createFixture({ simulator: { dialect: { listKeys } } });
      const [a, b] = [await fixture.existing(), await fixture.existing()];
      fixture.simulator.account().removeKey(b.state.key);
      fixture.simulator.clearJournal();
      const read = await Promise.all([a, b].map(({ id, state }) => fixture.lifecycle.read(id, state)));
      expect(read.map(({ id }) => id)).toEqual([a.id, ""]);
      expect(sent(fixture)).toEqual(["list", "lookup", "lookup"]);
    },
  );

  it("is not gone by anybody's 404 when the list could not show it", async () => {
    const fixture = await createFixture({ simulator: { dialect: { listKeys: "omitted" } } });
    const { id, state } = await fixture.existing();
    fixture.simulator.inject({ on: { path: PATHS.lookup }, ...bareNotFound() });
    const { message } = await rejection(fixture.lifecycle.read(id, state));
    expect(message).toMatch(/electronhub:baseUrl/);
  });

  it("is not gone by anybody's 404 when the list starred it out", async () => {
    const fixture = await createFixture({ simulator: { dialect: { listKeys: "masked" } } });
    const { id, state } = await fixture.existing();
    fixture.simulator.inject({ on: { path: PATHS.lookup }, ...bareNotFound() });
    const { message } = await rejection(fixture.lifecycle.read(id, state));
    expect(message).toMatch(/electronhub:baseUrl/);
  });

  it("is gone by anybody's 404 when the list showed all keys but this one", async () => {
    const fixture = await createFixture();
    const { id, state } = await fixture.existing();
    fixture.simulator.account().removeKey(state.key);
    fixture.simulator.inject({ on: { path: PATHS.lookup }, ...bareNotFound() });
    await expect(fixture.lifecycle.read(id, state)).resolves.toEqual({ id: "" });
  });

  const INCOMPLETE: [string, FaultEffect][] = [
    ["announces more", { status: 200, body: { keys: [], has_more: true } }],
    ["has a total", { status: 200, body: { data: [], pagination: { total: 1 } } }],
    ["says something else", { status: 200, body: { keys: [], status: "maintenance" } }],
    ["is a range", { status: 206, body: [] }],
  ];

  describe.each(INCOMPLETE)("with a list that %s", (_, fault) => {
    it("is looked up, and one list is enough", async () => {
      const fixture = await createFixture();
      const [a, b] = [await fixture.existing(), await fixture.existing()];
      fixture.simulator.account().removeKey(b.state.key);
      fixture.simulator.clearJournal();
      fixture.simulator.inject({ on: { path: PATHS.list }, ...fault, times: Infinity });
      await expect(fixture.lifecycle.read(a.id, a.state)).resolves.toMatchObject({ id: a.id });
      await expect(fixture.lifecycle.read(b.id, b.state)).resolves.toEqual({ id: "" });
      expect(sent(fixture)).toEqual(["list", "lookup", "lookup"]);
    });

    it("is not gone by anybody's 404", async () => {
      const fixture = await createFixture();
      const { id, state } = await fixture.existing();
      fixture.simulator.inject({ on: { path: PATHS.list }, ...fault, times: Infinity });
      fixture.simulator.inject({ on: { path: PATHS.lookup }, ...bareNotFound() });
      const { message } = await rejection(fixture.lifecycle.read(id, state));
      expect(message).toMatch(/not like the Electron Hub API/);
    });
  });

  it("is not gone when an incomplete list shows it, and is not looked up", async () => {
    const fixture = await createFixture();
    const { id, state } = await fixture.existing();
    const listed = { name: "web", key: state.key, allocated_ammount: 10, is_active: true };
    fixture.simulator.inject({ status: 200, body: { keys: [listed], has_more: true } });
    await expect(fixture.lifecycle.read(id, state)).resolves.toMatchObject({ id });
    expect(sent(fixture)).toEqual(["list"]);
  });

  it("is not gone when another service answers in the API's stead", async () => {
    const fixture = await createFixture();
    const { id, state } = await fixture.existing();
    const body = { status: "maintenance", notices: [] };
    fixture.simulator.inject({ on: { path: PATHS.list }, status: 200, body });
    fixture.simulator.inject({ on: { path: PATHS.lookup }, ...bareNotFound() });
    await rejection(fixture.lifecycle.read(id, state));
    expect(sent(fixture)).toEqual(["list"]);
  });

  it.each(["Key server unreachable", "Proxy key management is not available on this host"])(
    "is not gone by a 404 that says %j when the list could not show it",
    async (words) => {
      const fixture = await createFixture({ simulator: { dialect: { listKeys: "masked" } } });
      const { id, state } = await fixture.existing();
      fixture.simulator.inject({ on: { path: PATHS.lookup }, ...refusal(404, words) });
      const { message } = await rejection(fixture.lifecycle.read(id, state));
      expect(message).toContain(words);
    },
  );

  it.each([
    ["401", refusal(401, "Invalid API key")],
    ["403 of another account", refusal(403, "Proxy key does not belong to you")],
    ["403 of the edge", edgePage(403)],
    ["500", { status: 500 }],
    ["503 of the edge", edgePage(503)],
    ["429", refusal(429, "Rate limit exceeded. Try again in 180 seconds.")],
    ["a redirect", { status: 302 }],
    ["400", refusal(400, "bad")],
    ["a page", { status: 200, body: "<html></html>" }],
    ["a cut", { cut: "before" as const }],
  ])("is never gone by %s, of the list or of the lookup", async (_, fault) => {
    for (const path of [PATHS.list, PATHS.lookup]) {
      const fixture = await createFixture({ environment: { ELECTRONHUB_MAX_WAIT: "10m" } });
      const { id, state } = await fixture.existing();
      fixture.simulator.account().removeKey(state.key);
      fixture.simulator.inject({ ...fault, on: { path }, times: Infinity });
      const { message } = await rejection(fixture.lifecycle.read(id, state));
      expect(message).toMatch(/^Cannot refresh proxy key "web-[a-z2-7]{7}" \(pk-[0-9a-f]{16}\): /);
    }
  });

  it("says on a 401 which API key a refresh uses", async () => {
    const fixture = await createFixture();
    const { id, state } = await fixture.existing();
    fixture.simulator.inject(refusal(401, "Invalid API key"));
    const { message } = await rejection(fixture.lifecycle.read(id, state));
    expect(message).toMatch(/that the last `pulumi up` stored.*--run-program/);
  });
});

describe("another server than the one that had the key", () => {
  it.each([
    ["the API's words", {}],
    ["a bare 404 and its complete list", bareNotFound()],
  ])("does not make it gone, by %s", async (_, fault) => {
    const [fixture, other] = [await createFixture(), await onAnotherServer()];
    const { id, state } = await fixture.existing();
    if ("status" in fault) other.simulator.inject({ on: { path: PATHS.lookup }, ...fault });
    const { message } = await rejection(other.lifecycle.read(id, state));
    expect(message).toMatch(otherServer(fixture, other));
    expect(sent(other)).toEqual(["list", "lookup"]);
    const { server: _server, __account: _account, ...earlier } = state;
    await expect(other.lifecycle.read(id, earlier)).resolves.toEqual({ id: "" });
  });

  it("that has the key now is the one from then on, after a refresh or an update", async () => {
    const [fixture, other] = [await createFixture(), await onAnotherServer()];
    const { id, state, inputs } = await fixture.existing();
    other.simulator.account().addKey({ name: state.name, key: state.key, allocatedAmount: 10 });
    const server = other.simulator.baseUrl.replace("/v1", "");
    await expect(other.lifecycle.read(id, state)).resolves.toMatchObject({ props: { server } });
    const { outs } = await other.lifecycle.update(id, state, { ...inputs, budget: 20 });
    expect(outs).toMatchObject({ server, budget: 20 });
    other.simulator.account().removeKey(state.key);
    await expect(other.lifecycle.read(id, outs)).resolves.toEqual({ id: "" });
  });

  it("is not recorded by an update that sends nothing", async () => {
    const [fixture, other] = [await createFixture(), await onAnotherServer()];
    const { id, state, inputs } = await fixture.existing();
    const { outs } = await other.lifecycle.update(id, state, { ...inputs, onDestroy: "disable" });
    expect(outs).toMatchObject({ server: state.server, onDestroy: "disable" });
    expect(sent(other)).toEqual([]);
  });
});
