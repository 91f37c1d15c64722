import { describe, expect, it } from "vitest";
import { EngineGoneError } from "../../../provider/lifecycle/run/engineLiveness";
import { createFixture, refusal, rejection, sent, type Fixture } from "../fixture";

/** A fixture whose engine answers as the test says, and counts how often it is asked. */
async function fixtureWithEngine(abort?: AbortController) {
  const link = { alive: true, asked: 0 };
  const engine = {
    isAlive: () => {
      link.asked += 1;
      return Promise.resolve(link.alive);
    },
  };
  const fixture = await createFixture({
    lifecycle: { engine, ...(abort ? { signal: abort.signal } : {}) },
  });
  return { ...fixture, link };
}

const asJson = (fixture: Fixture, status: number) =>
  fixture.simulator.inject({ ...refusal(status, "Busy"), headers: { "retry-after": "2" } });

describe("the engine is asked before a change that had to wait", () => {
  it("but not while the operation is fresh", async () => {
    const fixture = await fixtureWithEngine();
    fixture.link.alive = false;
    const { id, state } = await fixture.existing();
    await fixture.lifecycle.delete(id, state);
    expect(fixture.link.asked).toBe(0);
    expect(fixture.simulator.account().keys()).toEqual([]);
  });

  it.each([429, 503])("a create refused with %d is sent again while it answers", async (status) => {
    const fixture = await fixtureWithEngine();
    asJson(fixture, status);
    await fixture.lifecycle.create(await fixture.declare());
    expect(fixture.link.asked).toBe(1);
    expect(sent(fixture).filter((request) => request === "create")).toHaveLength(2);
  });

  it.each([429, 503])("a create refused with %d is not sent again once it is gone", async (status) => {
    const fixture = await fixtureWithEngine();
    asJson(fixture, status);
    fixture.link.alive = false;
    const error = await rejection(fixture.lifecycle.create(await fixture.declare()));
    expect(error.message).toMatch(
      /^Cannot create proxy key "web-.{7}": .*Pulumi engine.*no longer responds.*not sent\.[^]*\nRun the command again\./,
    );
    // Only lookups are allowed: no engine would record a change.
    expect(sent(fixture).filter((request) => request !== "list")).toEqual(["create"]);
    expect(fixture.simulator.account().keys()).toEqual([]);
  });

  it.each(["update", "toggle", "remove"] as const)("nor is the %s of a key", async (verb) => {
    const fixture = await fixtureWithEngine();
    const { id, state, inputs } = await fixture.existing();
    fixture.simulator.inject({ on: { path: "/auth/proxy/lookup" }, ...refusal(429, "Try again in 2 s") });
    fixture.simulator.inject({ on: { path: `/auth/proxy/${verb}` }, ...refusal(429, "Try again in 2 s") });
    fixture.link.alive = false;
    const run = {
      update: () => fixture.lifecycle.update(id, state, { ...inputs, budget: 20 }),
      toggle: () => fixture.lifecycle.update(id, state, { ...inputs, enabled: false }),
      remove: () => fixture.lifecycle.delete(id, state),
    };
    const { message } = await rejection(run[verb]());
    expect(message).toMatch(/no longer responds/);
    expect(message).toContain(id);
    expect(sent(fixture).filter((request) => request === verb).length).toBeLessThanOrEqual(1);
    expect(fixture.simulator.account().keys()).toMatchObject([{ allocatedAmount: 10, isActive: true }]);
  });
});

it("waits end at once when the engine is gone", async () => {
  const abort = new AbortController();
  const fixture = await fixtureWithEngine(abort);
  const { id, state } = await fixture.existing();
  const refused = fixture.simulator.inject({ hold: true, ...refusal(429, "Try again in 180 seconds.") });
  const startedMs = fixture.clock.nowMs();
  const failed = rejection(fixture.lifecycle.delete(id, state));
  await refused.reached();
  abort.abort(new EngineGoneError());
  expect(fixture.lifecycle.running).toBe(1);
  refused.release();
  expect((await failed).message).toMatch(/no longer responds/);
  expect(fixture.clock.nowMs() - startedMs).toBeLessThan(180_000);
  expect(fixture.lifecycle.running).toBe(0);
  expect(sent(fixture)).toEqual(["remove"]);
});
