import { describe, expect, it } from "vitest";
import { fingerprintOf } from "../../../provider/lifecycle/state";
import type { FaultSpec } from "../../../provider/testing";
import { createWorld, PATHS, refusal, rejection, sent, type World } from "../harness";

const on = { path: PATHS.create };

const APPLIED: [string, FaultSpec][] = [
  ["cut after the effect", { on, cut: "after" }],
  ["cut in the answer", { on, cut: "midBody" }],
  ["500 after the effect", { on, status: 500, applied: true }],
  ["503 page after the effect", { on, status: 503, body: "<html></html>", applied: true }],
  ["a page in place of the answer", { on, status: 200, body: "<html></html>", applied: true }],
];

const NOT_APPLIED: [string, FaultSpec][] = [
  ["cut before the effect", { on, cut: "before" }],
  ["500 without effect", { on, status: 500 }],
];

/** The engine's state and the account agree on one key. */
function expectOneKey({ simulator }: World, result: { id: string; outs?: unknown }): void {
  const keys = simulator.account().keys();
  expect(keys).toHaveLength(1);
  expect(result.id).toBe(fingerprintOf(keys[0]?.key ?? ""));
  expect(result.outs).toMatchObject({ key: keys[0]?.key });
}

describe("with a generated name", () => {
  it.each(APPLIED)("%s: the key is recognised, and none is made beside it", async (_, fault) => {
    const world = await createWorld();
    world.simulator.inject(fault);
    expectOneKey(world, await world.lifecycle.create(await world.declare()));
    expect(sent(world)).toEqual(["create", "list"]);
  });

  it.each(NOT_APPLIED)("%s: it is tried again, once", async (_, fault) => {
    const world = await createWorld();
    world.simulator.inject(fault);
    expectOneKey(world, await world.lifecycle.create(await world.declare()));
    expect(sent(world).filter((call) => call === "create")).toHaveLength(2);
    expect(sent(world)[1]).toBe("list");
  });

  it("is recognised among others, in an envelope and after a refusal for the rate", async () => {
    const world = await createWorld({ simulator: { dialect: { listEnvelope: "data" } } });
    world.simulator.account().addKey({ name: "web" });
    world.simulator.inject({ on, cut: "after" });
    world.simulator.inject({ on: { path: PATHS.list }, ...refusal(429, "Try again in 180 seconds.") });
    const { outs } = await world.lifecycle.create(await world.declare());
    expect(outs).toMatchObject({ name: expect.stringMatching(/^web-.{7}$/) });
    expect(sent(world)).toEqual(["create", "list", "list"]);
    expect(world.simulator.account().keys()).toHaveLength(2);
  });

  it("removes a twin that a try made late", async () => {
    const world = await createWorld();
    const { simulator, lifecycle, declare } = world;
    const inputs = await declare();
    // The first try takes effect only after the list has been taken.
    simulator.inject({ on, cut: "before" });
    const secondTry = simulator.inject({ on, hold: true });
    const created = lifecycle.create(inputs);
    await secondTry.reached();
    simulator.account().addKey({ name: inputs["name"] as string, allocatedAmount: 10 });
    secondTry.release();
    expectOneKey(world, await created);
    expect(sent(world)).toEqual(["create", "list", "create", "list", "remove"]);
    expect(simulator.account().balance).toBe(99_990);
  });

  it("keeps one of two that it finds, and removes the other", async () => {
    const world = await createWorld();
    const inputs = await world.declare();
    world.simulator.account().addKey({ name: inputs["name"] as string, allocatedAmount: 10 });
    world.simulator.inject({ on, cut: "after" });
    expectOneKey(world, await world.lifecycle.create(inputs));
    expect(sent(world)).toEqual(["create", "list", "remove"]);
  });

  it("gives up after six tries that never took effect, with nothing made", async () => {
    const world = await createWorld();
    world.simulator.inject({ on, status: 500, times: Infinity });
    const error = await rejection(world.lifecycle.create(await world.declare()));
    expect(error.message).toMatch(/Cannot create proxy key .*HTTP 500/);
    expect(sent(world).filter((call) => call === "create")).toHaveLength(6);
    expect(world.simulator.account().keys()).toEqual([]);
  });

  it("whose list fails says which name to look for", async () => {
    const world = await createWorld();
    world.simulator.inject({ on, cut: "after" });
    world.simulator.inject({ on: { path: PATHS.list }, ...refusal(401, "Invalid API key") });
    const inputs = await world.declare();
    const { message } = await rejection(world.lifecycle.create(inputs));
    expect(message).toMatch(/could not be found out: The API does not accept this API key/);
    expect(message).toContain(`Look for a key named "${String(inputs["name"])}" on the account`);
    expect(sent(world)).toEqual(["create", "list"]);
  });

  it("whose list withholds the keys says so", async () => {
    const world = await createWorld({ simulator: { dialect: { listKeys: "omitted" } } });
    world.simulator.inject({ on, cut: "after" });
    const inputs = await world.declare();
    const { message } = await rejection(world.lifecycle.create(inputs));
    expect(message).toContain(`The key "${String(inputs["name"])}" was made`);
    expect(message).toMatch(/does not show its secret.\nRemove that key on the account/);
  });

  it("whose list stars the keys out never takes the starred text for the key", async () => {
    const world = await createWorld({ simulator: { dialect: { listKeys: "masked" } } });
    world.simulator.inject({ on, cut: "after" });
    const { message } = await rejection(world.lifecycle.create(await world.declare()));
    expect(message).toMatch(/does not show its secret/);
  });

  it("a key is recorded even when the look for twins fails", async () => {
    const world = await createWorld();
    world.simulator.inject({ on, cut: "before" });
    world.simulator.inject({ on: { path: PATHS.list }, skip: 1, ...refusal(403, "Your plan is paused") });
    const result = (await world.lifecycle.create(await world.declare()).catch((error: unknown) => error)) as {
      id?: string;
    };
    expect(world.simulator.account().keys()).toHaveLength(1);
    expect(result.id).toBe(fingerprintOf(world.simulator.account().keys()[0]?.key ?? ""));
  });

  it("a recognised key is recorded even when its twin cannot be removed", async () => {
    const world = await createWorld();
    const inputs = await world.declare();
    world.simulator.account().addKey({ name: inputs["name"] as string, allocatedAmount: 10 });
    world.simulator.inject({ on, cut: "after" });
    world.simulator.inject({ on: { path: PATHS.remove }, ...refusal(403, "Your plan is paused") });
    const result = (await world.lifecycle.create(inputs).catch((error: unknown) => error)) as { id?: string };
    expect(result.id).toMatch(/^pk-/);
  });

  it("a creation that may have happened is named when maxWait ends the search", async () => {
    const world = await createWorld({ environment: { ELECTRONHUB_MAX_WAIT: "0s" } });
    world.simulator.inject({ on, cut: "after" });
    const inputs = await world.declare();
    const { message } = await rejection(world.lifecycle.create(inputs));
    expect(message).toContain(`Look for a key named "${String(inputs["name"])}" on the account`);
  });
});

describe("with a name that a person chose", () => {
  const name = "billing";

  it.each(APPLIED)(
    "%s: the only key of that name is recognised by its age and settings",
    async (_, fault) => {
      const world = await createWorld();
      world.simulator.inject(fault);
      expectOneKey(world, await world.lifecycle.create(await world.declare({ name, models: ["a"] })));
      expect(sent(world)).toEqual(["create", "list"]);
    },
  );

  it.each(NOT_APPLIED)("%s: it is tried again, once", async (_, fault) => {
    const world = await createWorld();
    world.simulator.inject(fault);
    expectOneKey(world, await world.lifecycle.create(await world.declare({ name })));
    expect(sent(world)).toEqual(["create", "list", "create", "list"]);
  });

  it.each([...APPLIED, ...NOT_APPLIED])(
    "%s: a key that was there before is never taken",
    async (_, fault) => {
      const world = await createWorld();
      const other = world.simulator.account().addKey({ name, allocatedAmount: 10 });
      world.clock.advance(60_000);
      world.simulator.inject(fault);
      const { message } = await rejection(world.lifecycle.create(await world.declare({ name })));
      expect(message).toMatch(/has a key named "billing", and nothing proves that it is this one/);
      expect(message).toMatch(/remove it there if this stack made it, or choose another `name`/);
      expect(sent(world)).toEqual(["create", "list"]);
      expect(world.simulator.account().findKey(other.key)).toEqual(other);
    },
  );

  it("two creations at once never get the same key, both answers lost", async () => {
    const world = await createWorld();
    world.simulator.inject({ on, cut: "after", times: 2 });
    const results = await Promise.allSettled([
      world.lifecycle.create(await world.declare({ name })),
      world.lifecycle.create(await world.declare({ name })),
    ]);
    const ids = results.flatMap((result) => (result.status === "fulfilled" ? [result.value.id] : []));
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("two creations at once never get the same key, one answer lost after the other came", async () => {
    const world = await createWorld();
    const first = await world.lifecycle.create(await world.declare({ name }));
    world.simulator.inject({ on, cut: "before" });
    const second = await world.lifecycle.create(await world.declare({ name }));
    expect(second.id).not.toBe(first.id);
    expect(world.simulator.account().keys()).toHaveLength(2);
  });

  it("never the same key when one answer is late and the other request is lost", async () => {
    const world = await createWorld();
    // So that nobody waits for the first request's answer to learn the limit.
    await world.existing();
    const late = world.simulator.inject({ on, hold: true, applied: true });
    const first = world.lifecycle.create(await world.declare({ name }));
    await late.reached();
    world.clock.held = 1;
    world.simulator.inject({ on, cut: "before" });
    const second = world.lifecycle.create(await world.declare({ name }));
    const ids = [second.then(({ id }) => id).catch(() => "failed")];
    await Promise.all(ids);
    late.release();
    expect(await ids[0]).not.toBe((await first).id);
  });
});
