import { describe, expect, it } from "vitest";
import { fingerprintOf } from "../../../provider/lifecycle/schema/state";
import { createFixture, PATHS, refusal, rejection, savedFailure, sent } from "../fixture";
import { on, APPLIED, NOT_APPLIED } from "./unclearCreations";

describe("with a chosen name", () => {
  it("a refusal after an unclear try names the key that may exist by its generated name", async () => {
    const fixture = await createFixture();
    fixture.simulator.inject({ on, cut: "before" });
    fixture.simulator.inject({ on, ...refusal(402, "Insufficient balance") });
    const inputs = await fixture.declare({ name: "chosen" });
    const { message } = await rejection(fixture.lifecycle.create(inputs));
    expect(message).toContain(`--name-prefix ${String(inputs["__createdAs"])}`);
  });

  const name = "billing";

  it.each(APPLIED)("%s: the key is recognised by its generated name", async (_, fault) => {
    const fixture = await createFixture();
    const other = fixture.simulator.account().addKey({ name, allocatedAmount: 10 });
    fixture.simulator.inject(fault);
    const { id } = await fixture.lifecycle.create(await fixture.declare({ name, models: ["a"] }));
    expect(sent(fixture)).toEqual(["create", "list", "lookup", "update", "list"]);
    expect(fixture.simulator.account().keys()).toMatchObject([other, { name }]);
    expect(id).not.toBe(fingerprintOf(other.key));
  });

  it.each(NOT_APPLIED)("%s: it is tried again, once", async (_, fault) => {
    const fixture = await createFixture();
    const other = fixture.simulator.account().addKey({ name, allocatedAmount: 10 });
    fixture.simulator.inject(fault);
    const { id } = await fixture.lifecycle.create(await fixture.declare({ name }));
    expect(sent(fixture)).toEqual(["create", "list", "create", "update", "list"]);
    expect(fixture.simulator.account().keys()).toMatchObject([other, { name }]);
    expect(id).not.toBe(fingerprintOf(other.key));
  });

  it("two creations at once each get a key of their own, both responses lost", async () => {
    const fixture = await createFixture();
    fixture.simulator.inject({ on, cut: "after", times: 2 });
    const [first, second] = await Promise.all([
      fixture.lifecycle.create(await fixture.declare({ name })),
      fixture.lifecycle.create(await fixture.declare({ name })),
    ]);
    expect(first?.id).not.toBe(second?.id);
    expect(fixture.simulator.account().keys()).toMatchObject([{ name }, { name }]);
  });

  it("never takes the key that another stack created while the request was lost", async () => {
    const fixture = await createFixture();
    const lost = fixture.simulator.inject({ on, cut: "before", hold: true });
    const ours = fixture.lifecycle.create(await fixture.declare({ name }));
    await lost.reached();
    const theirs = fixture.simulator.account().addKey({ name, allocatedAmount: 10 });
    lost.release();
    expect((await ours).id).not.toBe(fingerprintOf(theirs.key));
    expect(fixture.simulator.account().keys()).toHaveLength(2);
  });

  it("is set by one update, and recorded as it is until then", async () => {
    const fixture = await createFixture();
    fixture.simulator.inject({ on: { path: PATHS.update }, ...refusal(403, "Your plan is paused") });
    const inputs = await fixture.declare({ name, budgetWindow: "monthly" });
    const failure = await savedFailure(fixture.lifecycle.create(inputs));
    const generated = inputs["__createdAs"];
    expect(failure.properties).toMatchObject({ name: generated, budgetWindow: "daily", unsettled: true });
    expect(fixture.simulator.account().keys()).toMatchObject([{ name: generated }]);
    fixture.simulator.clearJournal();
    const { outs } = await fixture.lifecycle.update(failure.id, failure.properties, inputs);
    expect(sent(fixture)).toEqual(["update", "lookup"]);
    expect(outs).toMatchObject({ name, budgetWindow: "monthly" });
    expect(outs).not.toHaveProperty("unsettled");
    expect(fixture.simulator.account().keys()).toMatchObject([{ name, limitType: "monthly" }]);
  });

  it.each([PATHS.list, PATHS.update])(
    "is set by a later `up` when %s fails, and so is the window",
    async (path) => {
      const fixture = await createFixture();
      fixture.simulator.inject({ on, status: 500 });
      const skip = path === PATHS.list ? 1 : 0;
      fixture.simulator.inject({ on: { path }, skip, ...refusal(403, "Your plan is paused") });
      const inputs = await fixture.declare({ name, budgetWindow: "monthly", budget: 100 });
      const failure = await savedFailure(fixture.lifecycle.create(inputs));
      const { limitType } = fixture.simulator.account().keys()[0] ?? {};
      expect(failure.properties).toMatchObject({ budgetWindow: limitType, unsettled: true });
      await expect(fixture.lifecycle.diff(failure.id, failure.properties, inputs)).resolves.toMatchObject({
        changes: true,
      });
      await fixture.lifecycle.update(failure.id, failure.properties, inputs);
      expect(fixture.simulator.account().keys()).toMatchObject([{ name, limitType: "monthly" }]);
    },
  );
});
