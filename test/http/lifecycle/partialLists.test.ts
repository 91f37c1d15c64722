import { describe, expect, it } from "vitest";
import { fingerprintOf } from "../../../provider/lifecycle/schema/state";
import { createFixture, PATHS, refusal, rejection, savedFailure, sent } from "../fixture";
import { shown, type JsonValue } from "./shownKey";

describe("a list that shows a part of each key", () => {
  const PARTS: [string, (key: string) => string][] = [
    ["its start", (key) => key.slice(0, 17)],
    ["its end", (key) => `ek-proxy-${key.slice(-6)}`],
    ["both ends", (key) => `${key.slice(0, 13)}${key.slice(-4)}`],
  ];

  it.each(PARTS)("%s: is not believed to be without the key that a destroy removes", async (_, part) => {
    const fixture = await createFixture();
    const { id, state } = await fixture.existing();
    const body = [{ ...shown(fixture, state.key, []), key: part(state.key) }];
    fixture.simulator.inject({ on: { path: PATHS.remove }, status: 404, body: "<html></html>" });
    fixture.simulator.inject({ on: { path: PATHS.list }, status: 200, body, times: 2 });
    const { message } = await rejection(fixture.lifecycle.delete(id, state));
    expect(message).toMatch(/list does not show which keys it has/);
  });

  it.each(PARTS)("%s: is not believed to be without the key that a refresh reads", async (_, part) => {
    const fixture = await createFixture();
    const { id, state } = await fixture.existing();
    const body = [{ ...shown(fixture, state.key, []), key: part(state.key) }];
    fixture.simulator.inject({ on: { path: PATHS.list }, status: 200, body });
    fixture.simulator.inject({ on: { path: PATHS.lookup }, status: 404, body: "<html></html>" });
    expect((await rejection(fixture.lifecycle.read(id, state))).message).toMatch(/Cannot refresh/);
  });

  it.each(PARTS)("%s: is not taken for the key of a creation whose response was lost", async (_, part) => {
    const fixture = await createFixture();
    const inputs = await fixture.declare();
    const name = inputs["__createdAs"] as string;
    const made = fixture.simulator.account().addKey({ name, allocatedAmount: 10 });
    const body = [{ ...shown(fixture, made.key, []), key: part(made.key) }];
    fixture.simulator.inject({ on: { path: PATHS.create }, cut: "before" });
    fixture.simulator.inject({ on: { path: PATHS.list }, status: 200, body });
    const { message } = await rejection(fixture.lifecycle.create(inputs));
    expect(message).toContain(`The key was created under the name "${name}"`);
    expect(sent(fixture)).toEqual(["create", "list", "lookup"]);
  });

  it("does not hide a twin behind the API's word that there is no such key", async () => {
    const fixture = await createFixture();
    const inputs = await fixture.declare();
    const name = inputs["__createdAs"] as string;
    const { account, inject } = {
      account: fixture.simulator.account(),
      inject: fixture.simulator.inject.bind(fixture.simulator),
    };
    inject({ on: { path: PATHS.create }, cut: "before" });
    const second = inject({ on: { path: PATHS.create }, hold: true });
    const creating = fixture.lifecycle.create(inputs);
    await second.reached();
    const twin = account.addKey({ name, allocatedAmount: 10 });
    const body = [{ ...shown(fixture, twin.key, []), key: twin.key.slice(0, 17) }];
    inject({ on: { path: PATHS.list }, status: 200, body, times: 2 });
    second.release();
    expect((await savedFailure(creating)).message).toMatch(/created a second key.*could not be removed/);
    expect(account.findKey(twin.key)).toBeDefined();
  });
});

describe("an incomplete list after a lost response", () => {
  async function createWith(entriesOf: (entry: Record<string, JsonValue>) => Record<string, JsonValue>[]) {
    const fixture = await createFixture();
    const inputs = await fixture.declare();
    const made = fixture.simulator.account().addKey({
      name: inputs["__createdAs"] as string,
      allocatedAmount: 10,
    });
    fixture.simulator.inject({ on: { path: PATHS.create }, cut: "before" });
    const body = { keys: entriesOf(shown(fixture, made.key, [])), has_more: true };
    fixture.simulator.inject({ on: { path: PATHS.list }, status: 200, body, times: 9 });
    return { fixture, made, creating: fixture.lifecycle.create(inputs) };
  }

  it("that shows the key records it, and does not rule out a second one", async () => {
    const { fixture, made, creating } = await createWith((entry) => [entry]);
    const { id, properties, message } = await savedFailure(creating);
    expect(id).toBe(fingerprintOf(made.key));
    expect(properties).toMatchObject({ key: made.key, unsettled: true });
    expect(message).toMatch(/second key.*is unknown.*may be incomplete/);
    expect(sent(fixture)).toEqual(["create", "list", "lookup"]);
  });

  it("that does not show the key proves nothing, so nothing is sent again", async () => {
    const { fixture, creating } = await createWith((entry) => [{ ...entry, name: "another" }]);
    const { message } = await rejection(creating);
    expect(message).toMatch(/Whether the key was created is unknown.*may be incomplete/);
    expect(sent(fixture)).toEqual(["create", "list"]);
  });
});

it("a recognised key is recorded, as unsettled, where the lookup of it fails", async () => {
  const fixture = await createFixture();
  const inputs = await fixture.declare();
  fixture.simulator.inject({ on: { path: PATHS.create }, cut: "after" });
  fixture.simulator.inject({ on: { path: PATHS.lookup }, ...refusal(403, "Your plan is paused") });
  const { id, properties } = await savedFailure(fixture.lifecycle.create(inputs));
  expect(properties).toMatchObject({ unsettled: true });
  expect(
    fixture.simulator
      .account()
      .keys()
      .map(({ key }) => fingerprintOf(key)),
  ).toEqual([id]);
});
