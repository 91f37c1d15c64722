import { expect, it } from "vitest";
import { createWorld, rejection, sent } from "../fixture";

it("makes a new key with a new name, and then removes the old one", async () => {
  const world = await createWorld();
  const { id, state } = await world.existing({ rotationTrigger: { month: 1 } });
  // For a replacement the engine checks anew, without the old inputs.
  const news = await world.declare({ rotationTrigger: { month: 2 } });
  await expect(world.lifecycle.diff(id, state, news)).resolves.toEqual({
    changes: true,
    replaces: ["rotationTrigger"],
    deleteBeforeReplace: false,
  });
  const { id: newId, outs } = await world.lifecycle.create(news);
  expect(outs).toMatchObject({ rotationTrigger: { month: 2 } });
  expect(outs).not.toMatchObject({ name: state.name });
  await world.lifecycle.delete(id, state);
  expect(sent(world)).toEqual(["create", "remove"]);
  expect(world.simulator.account().keys()).toMatchObject([{ key: (outs as typeof state).key }]);
  expect(newId).not.toBe(id);
});

it.each([0, false, "", "2026-02", ["a"], { a: { b: null } }])(
  "keeps a trigger of %j as it is, in the state and in its comparison",
  async (rotationTrigger) => {
    const world = await createWorld();
    const { id, state, inputs } = await world.existing({ rotationTrigger });
    expect(state.rotationTrigger).toEqual(rotationTrigger);
    const again = await world.declare({ rotationTrigger }, inputs);
    await expect(world.lifecycle.diff(id, state, again)).resolves.toMatchObject({ changes: false });
  },
);

it("at the cap on keys names what makes room for the new one", async () => {
  const world = await createWorld({ simulator: { accounts: [{ name: "main", keyCap: 1 }] } });
  await world.existing({ rotationTrigger: 1 });
  const { message } = await rejection(world.lifecycle.create(await world.declare({ rotationTrigger: 2 })));
  expect(message).toMatch(/^Cannot create proxy key "web-.*The account's plan allows no more proxy keys/);
  expect(message).toMatch(/If a new key replaces an old one, `deleteBeforeReplace` .* removes the old one/);
  expect(world.simulator.account().keys()).toHaveLength(1);
});

it("of a key that is adopted asks to leave `adopt` out, and never prints it", async () => {
  const world = await createWorld();
  const { key } = world.simulator.account().addKey({ name: "by hand" });
  const inputs = await world.declare({ adopt: key, rotationTrigger: 1 });
  const { id, outs } = await world.lifecycle.create(inputs);
  world.simulator.clearJournal();
  const rotated = { ...inputs, rotationTrigger: 2 };
  const { message } = await rejection(world.lifecycle.diff(id, outs as never, rotated));
  expect(message).toMatch(/^Cannot compare proxy key .*A change of rotationTrigger .*\nLeave `adopt` out/);
  expect(message).not.toContain(key.slice(12, 24));
  const without = await world.declare({ rotationTrigger: 2 }, inputs);
  await expect(world.lifecycle.diff(id, outs as never, without)).resolves.toMatchObject({
    replaces: ["rotationTrigger"],
  });
  expect(sent(world)).toEqual([]);
});
