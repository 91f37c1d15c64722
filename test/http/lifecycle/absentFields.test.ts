import { describe, expect, it } from "vitest";
import { createFixture, PATHS, refusal, rejection, savedFailure, sent } from "../fixture";
import { shown, type JsonValue } from "./shownKey";

const RESTRICTED = { models: ["gpt-4o-mini"], allowedIps: ["10.0.0.1"], expiresAt: "2030-03-17T17:46:40Z" };

/** All that the API must show of a key. */
const REQUIRED = ["allocated_ammount", "expires_at", "key", "name"];
const ODD = "a value of another type";
const OPTIONAL = ["model_whitelist", "ip_whitelist", "is_active", "used_ammount", "last_used", "created_at"];

describe("a refresh", () => {
  it.each([["expires_at"], ...OPTIONAL.map((name) => [name]), [...OPTIONAL, "expires_at"]])(
    "by a list without %s keeps what the state knows",
    async (...without) => {
      const fixture = await createFixture();
      const { id, state } = await fixture.existing({ ...RESTRICTED, enabled: false });
      fixture.simulator.account().spend(state.key, 2);
      fixture.simulator.inject({
        on: { path: PATHS.list },
        status: 200,
        body: [shown(fixture, state.key, [])],
      });
      const known = (await fixture.lifecycle.read(id, state)).props as Record<string, unknown>;
      fixture.clock.advance(31_000);
      fixture.simulator.clearJournal();
      const body = [
        shown(fixture, state.key, without),
        { ...shown(fixture, state.key, without), key: "ek-proxy-b" },
      ];
      fixture.simulator.inject({ on: { path: PATHS.list }, status: 200, body });
      const { props, inputs } = await fixture.lifecycle.read(id, known);
      expect(props).toEqual(known);
      expect(inputs).toMatchObject({ ...RESTRICTED, enabled: false });
      expect(sent(fixture)).toEqual(["list"]);
    },
  );

  it.each([...OPTIONAL, "expires_at", "allocated_ammount"])(
    "by a list that writes %s in another form keeps what the state knows",
    async (name) => {
      const fixture = await createFixture();
      const { id, state } = await fixture.existing({ ...RESTRICTED, enabled: false });
      const body = [{ ...shown(fixture, state.key, []), [name]: ODD }];
      fixture.simulator.inject({ on: { path: PATHS.list }, status: 200, body });
      const { props } = await fixture.lifecycle.read(id, state);
      expect(props).toMatchObject({ ...RESTRICTED, enabled: false, budget: 10, usedBudget: 0 });
      expect(sent(fixture)).toEqual(["list"]);
    },
  );

  it.each<[JsonValue | Record<string, JsonValue>]>([
    [null],
    ["text"],
    [{}],
    [{ key: "ek-proxy-other", name: null }],
  ])("by a list with the entry %j reads its key nonetheless", async (odd) => {
    const fixture = await createFixture();
    const { id, state } = await fixture.existing(RESTRICTED);
    const body = [odd, shown(fixture, state.key, [])];
    fixture.simulator.inject({ on: { path: PATHS.list }, status: 200, body });
    expect((await fixture.lifecycle.read(id, state)).props).toMatchObject(RESTRICTED);
    expect(sent(fixture)).toEqual(["list"]);
  });

  it("by a list in which its own entry has no name looks it up", async () => {
    const fixture = await createFixture();
    const { id, state } = await fixture.existing(RESTRICTED);
    const body = [shown(fixture, state.key, ["name"])];
    fixture.simulator.inject({ on: { path: PATHS.list }, status: 200, body });
    expect((await fixture.lifecycle.read(id, state)).props).toMatchObject(RESTRICTED);
    expect(sent(fixture)).toEqual(["list", "lookup"]);
  });

  it("does not take a list with an odd entry for proof that its key is gone", async () => {
    const fixture = await createFixture();
    const { id, state } = await fixture.existing();
    fixture.simulator.inject({ on: { path: PATHS.list }, status: 200, body: [{ id: 1 }], times: 2 });
    fixture.simulator.inject({ on: { path: PATHS.lookup }, status: 404, body: "<html></html>" });
    expect((await rejection(fixture.lifecycle.read(id, state))).message).toMatch(/Cannot refresh/);
    fixture.simulator.inject({ on: { path: PATHS.remove }, status: 404, body: "<html></html>" });
    expect((await rejection(fixture.lifecycle.delete(id, state))).message).toMatch(
      /an entry that is not a key/,
    );
  });

  it("does not take its key for gone that the list shows in an odd entry", async () => {
    const fixture = await createFixture();
    const { id, state } = await fixture.existing();
    const body = [{ ...shown(fixture, state.key, []), name: 7 }];
    fixture.simulator.inject({ on: { path: PATHS.list }, status: 200, body });
    const gone = { message: "Proxy key not found" };
    fixture.simulator.inject({ on: { path: PATHS.lookup }, status: 404, body: gone });
    expect((await rejection(fixture.lifecycle.read(id, state))).message).toMatch(
      /an entry that is not a key/,
    );
  });

  it("keeps what the state knows although the schema refuses it", async () => {
    const fixture = await createFixture();
    const { id, state } = await fixture.existing();
    const odd = { ...state, allowedIps: ["an internal host"] };
    const body = [shown(fixture, state.key, ["ip_whitelist"])];
    fixture.simulator.inject({ on: { path: PATHS.list }, status: 200, body });
    expect((await fixture.lifecycle.read(id, odd)).props).toMatchObject({ allowedIps: ["an internal host"] });
  });

  it("fails where neither the account nor the state shows a restriction", async () => {
    const fixture = await createFixture();
    const { id, state } = await fixture.existing();
    const { models: _, ...without } = state;
    const body = [shown(fixture, state.key, ["model_whitelist"])];
    fixture.simulator.inject({ on: { path: PATHS.list }, status: 200, body });
    const { message } = await rejection(fixture.lifecycle.read(id, without));
    expect(message).toMatch(/does not show `models` of the key, and it is not known otherwise/);
  });

  it("takes null and empty lists for no restriction", async () => {
    const fixture = await createFixture();
    const { id, state } = await fixture.existing(RESTRICTED);
    const body = [{ ...shown(fixture, state.key, []), model_whitelist: null, ip_whitelist: [] }];
    fixture.simulator.inject({ on: { path: PATHS.list }, status: 200, body });
    expect((await fixture.lifecycle.read(id, state)).props).toMatchObject({
      models: "all",
      allowedIps: "any",
    });
  });
});

describe("an update with a success that is not in the API's words", () => {
  it.each(["model_whitelist", "ip_whitelist", "expires_at"])(
    "is not done where the lookup leaves out %s",
    async (field) => {
      const fixture = await createFixture();
      const { id, state, inputs } = await fixture.existing(RESTRICTED);
      const news = await fixture.declare({ models: "all", allowedIps: "any", expiresAt: "never" }, inputs);
      const wanted = { model_whitelist: [], ip_whitelist: [], expires_at: -1 };
      const body = Object.entries({ ...shown(fixture, state.key, []), ...wanted }).filter(
        ([name]) => name !== field,
      );
      fixture.simulator.inject({ on: { path: PATHS.update }, status: 200, body: "<html>ok</html>" });
      fixture.simulator.inject({
        on: { path: PATHS.lookup },
        status: 200,
        body: Object.fromEntries(body),
      });
      const { properties } = await savedFailure(fixture.lifecycle.update(id, state, news));
      expect(properties).toMatchObject({ ...RESTRICTED, unsettled: true });
    },
  );
});

describe("a change of `enabled`", () => {
  it("is refused, and toggles nothing, where the lookup leaves out is_active", async () => {
    const fixture = await createFixture();
    const { id, state, inputs } = await fixture.existing();
    const body = shown(fixture, state.key, ["is_active"]);
    fixture.simulator.inject({ on: { path: PATHS.lookup }, status: 200, body });
    const news = await fixture.declare({ enabled: false }, inputs);
    const { message } = await rejection(fixture.lifecycle.update(id, state, news));
    expect(message).toMatch(/does not show whether the key is enabled, so no toggle is sent/);
    expect(sent(fixture)).toEqual(["lookup"]);
  });
});

describe("a creation whose response has only what the API must show", () => {
  async function create(args: Record<string, unknown>) {
    const fixture = await createFixture();
    const inputs = await fixture.declare(args);
    const made = fixture.simulator.account().addKey({
      name: inputs["__createdAs"] as string,
      allocatedAmount: 10,
      modelWhitelist: ["gpt-4o-mini"],
      ipWhitelist: ["10.0.0.1"],
      expiresAtUnixS: 1_900_000_000,
    });
    const body = shown(fixture, made.key, OPTIONAL);
    expect(Object.keys(body).toSorted()).toEqual(REQUIRED);
    fixture.simulator.inject({ on: { path: PATHS.create }, status: 201, body });
    return { fixture, made, creating: fixture.lifecycle.create(inputs) };
  }

  it("records what was sent, with no further request", async () => {
    const { fixture, creating } = await create(RESTRICTED);
    expect((await creating).outs).toMatchObject({ ...RESTRICTED, enabled: true, usedBudget: 0 });
    expect(sent(fixture)).toEqual(["create"]);
  });

  it.each([...OPTIONAL, "expires_at", "allocated_ammount"])(
    "or has %s in another form records what was sent",
    async (name) => {
      const fixture = await createFixture();
      const inputs = await fixture.declare(RESTRICTED);
      const settings = { modelWhitelist: RESTRICTED.models, ipWhitelist: RESTRICTED.allowedIps };
      const made = fixture.simulator.account().addKey({
        ...settings,
        name: inputs["__createdAs"] as string,
        allocatedAmount: 10,
        expiresAtUnixS: 1_900_000_000,
      });
      const body = { ...shown(fixture, made.key, []), [name]: ODD };
      fixture.simulator.inject({ on: { path: PATHS.create }, status: 201, body });
      const { outs } = await fixture.lifecycle.create(inputs);
      expect(outs).toMatchObject({ ...RESTRICTED, enabled: true, budget: 10 });
      expect(sent(fixture)).toEqual(["create"]);
    },
  );

  it("looks before it disables the key", async () => {
    const { fixture, made, creating } = await create({ ...RESTRICTED, enabled: false });
    expect((await creating).outs).toMatchObject({ ...RESTRICTED, enabled: false });
    expect(sent(fixture)).toEqual(["create", "lookup", "toggle"]);
    expect(fixture.simulator.account().findKey(made.key)).toMatchObject({ isActive: false });
  });

  it("does not record as disabled what could not be disabled", async () => {
    const { fixture, creating } = await create({ enabled: false });
    fixture.simulator.inject({ on: { path: PATHS.lookup }, ...refusal(403, "Your plan is paused") });
    expect((await savedFailure(creating)).properties).toMatchObject({ enabled: true, unsettled: true });
  });
});
