import { describe, expect, it } from "vitest";
import { createWorld, rejection, sent } from "../fixture";

const ARGS = { budget: 10, __resourceName: "web" };

describe("a declared resource that keeps its key", () => {
  it("does not keep the key from its own deletion, if the engine replaces it after a comparison", async () => {
    const world = await createWorld();
    const { id, state, inputs } = await world.existing();
    const { inputs: kept } = await world.lifecycle.check(inputs, ARGS);
    await world.lifecycle.diff(id, state, kept ?? {});
    // The engine replaces for `replaceOnChanges: ["*"]` without asking again.
    const { inputs: fresh } = await world.lifecycle.check({}, ARGS);
    await world.lifecycle.create(fresh ?? {});
    await world.lifecycle.delete(id, state);
    expect(sent(world)).toEqual(["create", "remove"]);
    expect(world.simulator.account().keys()).toHaveLength(1);
  });

  it("is refused if another one keeps the same key", async () => {
    const world = await createWorld();
    const { id, state, inputs } = await world.existing();
    const { inputs: first } = await world.lifecycle.check(inputs, ARGS);
    await world.lifecycle.diff(id, state, first ?? {});
    const adopter = { ...state, __createdAs: undefined };
    const { inputs: second } = await world.lifecycle.check(adopter, { ...ARGS, __resourceName: "other" });
    const { message } = await rejection(world.lifecycle.diff(id, adopter, second ?? {}));
    expect(message).toMatch(/has or adopts the same key/);
    expect(sent(world)).toEqual([]);
  });
});
