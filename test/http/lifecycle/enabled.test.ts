import { describe, expect, it } from "vitest";
import type { FaultEffect } from "../../../provider/testing";
import { createWorld, PATHS, rejection, sent, type World } from "../fixture";

const unavailable = (status: boolean): FaultEffect => ({
  status: 200,
  body: { status, message: "Service temporarily unavailable, please try again later" },
});

const isActive = (world: World, key: string) => world.simulator.account().findKey(key)?.isActive;

/** A lost toggle takes effect just before the lookup after `skip` others is answered. */
function arrivesLate({ simulator }: World, key: string, skip: number): void {
  const body = () => {
    simulator.account().updateKey(key, { isActive: true });
    return { name: "web", allocated_ammount: 10, is_active: true };
  };
  simulator.inject({ on: { path: PATHS.lookup }, skip, status: 200, body });
}

describe("a toggle", () => {
  it("is confirmed by no status of a gateway", async () => {
    const world = await createWorld();
    const { id, state } = await world.existing({ onDestroy: "disable" });
    world.simulator.inject({ on: { path: PATHS.toggle }, ...unavailable(false) });
    await world.lifecycle.delete(id, state);
    expect(isActive(world, state.key)).toBe(false);
    expect(sent(world)).toEqual(["lookup", "toggle", "lookup", "toggle", "lookup"]);
  });

  it("that a gateway answers every time fails, and the key stays in the state", async () => {
    const world = await createWorld();
    const { id, state, inputs } = await world.existing();
    world.simulator.inject({ on: { path: PATHS.toggle }, ...unavailable(false), times: Infinity });
    const news = await world.declare({ enabled: false }, inputs);
    const { message } = await rejection(world.lifecycle.update(id, state, news));
    expect(message).toMatch(/could not be disabled/);
    expect(isActive(world, state.key)).toBe(true);
  });

  it("that is lost and arrives after the next one is noticed, and toggled back", async () => {
    const world = await createWorld();
    const { id, state } = await world.existing({ onDestroy: "disable" });
    world.simulator.inject({ on: { path: PATHS.toggle }, cut: "before" });
    arrivesLate(world, state.key, 2);
    await world.lifecycle.delete(id, state);
    expect(sent(world)).toEqual(["lookup", "toggle", "lookup", "toggle", "lookup", "toggle", "lookup"]);
    expect(isActive(world, state.key)).toBe(false);
    world.simulator.clearJournal();
  });

  it("whose effect cannot be looked at in the end is a failure", async () => {
    const world = await createWorld();
    const { id, state } = await world.existing({ onDestroy: "disable" });
    world.simulator.inject({ on: { path: PATHS.toggle }, cut: "before" });
    world.simulator.inject({ on: { path: PATHS.lookup }, skip: 2, status: 500, times: Infinity });
    await rejection(world.lifecycle.delete(id, state));
    expect(sent(world).slice(0, 5)).toEqual(["lookup", "toggle", "lookup", "toggle", "lookup"]);
  });

  it("waits for the rate limit however long, where nothing is refused for use", async () => {
    const world = await createWorld({ environment: { ELECTRONHUB_RATE_LIMIT: "1/1m" } });
    const { id, state } = await world.existing({ onDestroy: "disable" });
    await world.lifecycle.delete(id, state);
    expect(sent(world)).toEqual(["lookup", "toggle"]);
  });
});
