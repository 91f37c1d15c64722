import { describe, expect, it } from "vitest";
import { EngineGoneError } from "../../../provider/lifecycle/run/engineLiveness";
import { createWorld, refusal, rejection, sent, type World } from "../fixture";

/** A world whose engine answers as the test says, and counts how often it is asked. */
async function worldWithEngine(abort?: AbortController) {
  const link = { alive: true, asked: 0 };
  const engine = {
    isAlive: () => {
      link.asked += 1;
      return Promise.resolve(link.alive);
    },
  };
  const world = await createWorld({
    lifecycle: { engine, ...(abort ? { signal: abort.signal } : {}) },
  });
  return { ...world, link };
}

const asJson = (world: World, status: number) =>
  world.simulator.inject({ ...refusal(status, "Busy"), headers: { "retry-after": "2" } });

describe("the engine is asked before a change that had to wait", () => {
  it("but not while the operation is fresh", async () => {
    const world = await worldWithEngine();
    world.link.alive = false;
    const { id, state } = await world.existing();
    await world.lifecycle.delete(id, state);
    expect(world.link.asked).toBe(0);
    expect(world.simulator.account().keys()).toEqual([]);
  });

  it.each([429, 503])("a create refused with %d is sent again while it answers", async (status) => {
    const world = await worldWithEngine();
    asJson(world, status);
    await world.lifecycle.create(await world.declare());
    expect(world.link.asked).toBe(1);
    expect(sent(world).filter((request) => request === "create")).toHaveLength(2);
  });

  it.each([429, 503])("a create refused with %d is not sent again once it is gone", async (status) => {
    const world = await worldWithEngine();
    asJson(world, status);
    world.link.alive = false;
    const error = await rejection(world.lifecycle.create(await world.declare()));
    expect(error.message).toMatch(
      /^Cannot create proxy key "web-.{7}": .*Pulumi engine.*no longer responds.*not sent\.[^]*\nRun the command again\./,
    );
    // Only lookups are allowed: no engine would record a change.
    expect(sent(world).filter((request) => request !== "list")).toEqual(["create"]);
    expect(world.simulator.account().keys()).toEqual([]);
  });

  it.each(["update", "toggle", "remove"] as const)("nor is the %s of a key", async (verb) => {
    const world = await worldWithEngine();
    const { id, state, inputs } = await world.existing();
    world.simulator.inject({ on: { path: "/auth/proxy/lookup" }, ...refusal(429, "Try again in 2 s") });
    world.simulator.inject({ on: { path: `/auth/proxy/${verb}` }, ...refusal(429, "Try again in 2 s") });
    world.link.alive = false;
    const run = {
      update: () => world.lifecycle.update(id, state, { ...inputs, budget: 20 }),
      toggle: () => world.lifecycle.update(id, state, { ...inputs, enabled: false }),
      remove: () => world.lifecycle.delete(id, state),
    };
    const { message } = await rejection(run[verb]());
    expect(message).toMatch(/no longer responds/);
    expect(message).toContain(id);
    expect(sent(world).filter((request) => request === verb).length).toBeLessThanOrEqual(1);
    expect(world.simulator.account().keys()).toMatchObject([{ allocatedAmount: 10, isActive: true }]);
  });
});

it("waits end at once when the engine is gone", async () => {
  const abort = new AbortController();
  const world = await worldWithEngine(abort);
  const { id, state } = await world.existing();
  const refused = world.simulator.inject({ hold: true, ...refusal(429, "Try again in 180 seconds.") });
  const startedMs = world.clock.nowMs();
  const failed = rejection(world.lifecycle.delete(id, state));
  await refused.reached();
  abort.abort(new EngineGoneError());
  expect(world.lifecycle.running).toBe(1);
  refused.release();
  expect((await failed).message).toMatch(/no longer responds/);
  expect(world.clock.nowMs() - startedMs).toBeLessThan(180_000);
  expect(world.lifecycle.running).toBe(0);
  expect(sent(world)).toEqual(["remove"]);
});
