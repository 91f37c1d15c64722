import { expect, it } from "vitest";
import { createFixture, rejection, sent } from "../fixture";

it("makes a new key with a new name, and then removes the old one", async () => {
  const fixture = await createFixture();
  const { id, state } = await fixture.existing({ rotationTrigger: { month: 1 } });
  // For a replacement the engine checks anew, without the old inputs.
  const news = await fixture.declare({ rotationTrigger: { month: 2 } });
  await expect(fixture.lifecycle.diff(id, state, news)).resolves.toEqual({
    changes: true,
    replaces: ["rotationTrigger"],
    deleteBeforeReplace: false,
  });
  const { id: newId, outs } = await fixture.lifecycle.create(news);
  expect(outs).toMatchObject({ rotationTrigger: { month: 2 } });
  expect(outs).not.toMatchObject({ name: state.name });
  await fixture.lifecycle.delete(id, state);
  expect(sent(fixture)).toEqual(["create", "remove"]);
  expect(fixture.simulator.account().keys()).toMatchObject([{ key: (outs as typeof state).key }]);
  expect(newId).not.toBe(id);
});

it.each([0, false, "", "2026-02", ["a"], { a: { b: null } }])(
  "keeps a trigger of %j as it is, in the state and in its comparison",
  async (rotationTrigger) => {
    const fixture = await createFixture();
    const { id, state, inputs } = await fixture.existing({ rotationTrigger });
    expect(state.rotationTrigger).toEqual(rotationTrigger);
    const again = await fixture.declare({ rotationTrigger }, inputs);
    await expect(fixture.lifecycle.diff(id, state, again)).resolves.toMatchObject({ changes: false });
  },
);

it("at the cap on keys names what makes room for the new one", async () => {
  const fixture = await createFixture({ simulator: { accounts: [{ name: "main", keyCap: 1 }] } });
  await fixture.existing({ rotationTrigger: 1 });
  const { message } = await rejection(
    fixture.lifecycle.create(await fixture.declare({ rotationTrigger: 2 })),
  );
  expect(message).toMatch(/^Cannot create proxy key "web-.*The account's plan allows no more proxy keys/);
  expect(message).toMatch(/If a new key replaces an old one, `deleteBeforeReplace` .* removes the old one/);
  expect(fixture.simulator.account().keys()).toHaveLength(1);
});

it("of a key that is adopted asks to leave `adopt` out, and never prints it", async () => {
  const fixture = await createFixture();
  const { key } = fixture.simulator.account().addKey({ name: "by hand" });
  const inputs = await fixture.declare({ adopt: key, rotationTrigger: 1 });
  const { id, outs } = await fixture.lifecycle.create(inputs);
  fixture.simulator.clearJournal();
  const rotated = { ...inputs, rotationTrigger: 2 };
  const { message } = await rejection(fixture.lifecycle.diff(id, outs as never, rotated));
  expect(message).toMatch(/^Cannot compare proxy key .*A change of rotationTrigger .*\nLeave `adopt` out/);
  expect(message).not.toContain(key.slice(12, 24));
  const without = await fixture.declare({ rotationTrigger: 2 }, inputs);
  await expect(fixture.lifecycle.diff(id, outs as never, without)).resolves.toMatchObject({
    replaces: ["rotationTrigger"],
  });
  expect(sent(fixture)).toEqual([]);
});
