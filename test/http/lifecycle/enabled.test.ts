import { describe, expect, it } from "vitest";
import type { FaultEffect } from "../../../provider/testing";
import { createFixture, PATHS, rejection, sent, type Fixture } from "../fixture";

const unavailable = (status: boolean): FaultEffect => ({
  status: 200,
  body: { status, message: "Service temporarily unavailable, please try again later" },
});

const isActive = (fixture: Fixture, key: string) => fixture.simulator.account().findKey(key)?.isActive;

/** A lost toggle takes effect just before the lookup after `skip` others is answered. */
function arrivesLate({ simulator }: Fixture, key: string, skip: number): void {
  const body = () => {
    simulator.account().updateKey(key, { isActive: true });
    return { name: "web", allocated_ammount: 10, is_active: true };
  };
  simulator.inject({ on: { path: PATHS.lookup }, skip, status: 200, body });
}

describe("a toggle", () => {
  it("is confirmed by no status of a gateway", async () => {
    const fixture = await createFixture();
    const { id, state } = await fixture.existing({ onDestroy: "disable" });
    fixture.simulator.inject({ on: { path: PATHS.toggle }, ...unavailable(false) });
    await fixture.lifecycle.delete(id, state);
    expect(isActive(fixture, state.key)).toBe(false);
    expect(sent(fixture)).toEqual(["lookup", "toggle", "lookup", "toggle", "lookup"]);
  });

  it("that a gateway answers every time fails, and the key stays in the state", async () => {
    const fixture = await createFixture();
    const { id, state, inputs } = await fixture.existing();
    fixture.simulator.inject({ on: { path: PATHS.toggle }, ...unavailable(false), times: Infinity });
    const news = await fixture.declare({ enabled: false }, inputs);
    const { message } = await rejection(fixture.lifecycle.update(id, state, news));
    expect(message).toMatch(/could not be disabled/);
    expect(isActive(fixture, state.key)).toBe(true);
  });

  it("that is lost and arrives after the next one is noticed, and toggled back", async () => {
    const fixture = await createFixture();
    const { id, state } = await fixture.existing({ onDestroy: "disable" });
    fixture.simulator.inject({ on: { path: PATHS.toggle }, cut: "before" });
    arrivesLate(fixture, state.key, 2);
    await fixture.lifecycle.delete(id, state);
    expect(sent(fixture)).toEqual(["lookup", "toggle", "lookup", "toggle", "lookup", "toggle", "lookup"]);
    expect(isActive(fixture, state.key)).toBe(false);
    fixture.simulator.clearJournal();
  });

  it("whose effect cannot be looked at in the end is a failure", async () => {
    const fixture = await createFixture();
    const { id, state } = await fixture.existing({ onDestroy: "disable" });
    fixture.simulator.inject({ on: { path: PATHS.toggle }, cut: "before" });
    fixture.simulator.inject({ on: { path: PATHS.lookup }, skip: 2, status: 500, times: Infinity });
    await rejection(fixture.lifecycle.delete(id, state));
    expect(sent(fixture).slice(0, 5)).toEqual(["lookup", "toggle", "lookup", "toggle", "lookup"]);
  });

  it("waits for the rate limit however long, where nothing is refused for use", async () => {
    const fixture = await createFixture({ environment: { ELECTRONHUB_RATE_LIMIT: "1/1m" } });
    const { id, state } = await fixture.existing({ onDestroy: "disable" });
    await fixture.lifecycle.delete(id, state);
    expect(sent(fixture)).toEqual(["lookup", "toggle"]);
  });
});
