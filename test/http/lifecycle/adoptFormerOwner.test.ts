import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Dependencies } from "../../../provider/lifecycle/accountContext";
import { UnsettledKeys } from "../../../provider/lifecycle/run/unsettledKeys";
import { fingerprintOf } from "../../../provider/lifecycle/schema/state";
import { PATHS, refusal, rejection, sent, type Fixture } from "../fixture";
import { handMade, laterRun } from "./adoptFixture";

describe("the deletion of the resource that had the key before", () => {
  const before = (key: string) => ({ key, name: "old" });

  it("removes nothing in the run that adopts it", async () => {
    const { fixture, account, key, adopt } = await handMade();
    await adopt();
    fixture.simulator.clearJournal();
    await fixture.lifecycle.delete(fingerprintOf(key), before(key));
    expect(sent(fixture)).toEqual([]);
    expect(account.keys()).toMatchObject([{ key }]);
  });

  it("removes nothing in a later run, with or without `adopt` in the program", async () => {
    for (const declared of [{ adopt: true }, {}]) {
      const { fixture, account, key, inputs, adopt } = await handMade();
      const { outs } = await adopt();
      const later = laterRun(fixture);
      const news = { budget: 10, __resourceName: "after", ...("adopt" in declared ? { adopt: key } : {}) };
      const checked = (await later.check(inputs, news)).inputs;
      await later.diff(fingerprintOf(key), outs as never, checked as never);
      fixture.simulator.clearJournal();
      const former = { ...outs, adopt: undefined, __createdAs: "old-abcdefg" };
      await later.delete(fingerprintOf(key), former);
      expect(sent(fixture)).toEqual([]);
      expect(account.keys()).toMatchObject([{ key }]);
    }
  });

  it("removes nothing when the same resource adopted the key again, in a run that then failed", async () => {
    const { fixture, account, key, inputs, adopt } = await handMade();
    const first = await adopt();
    const second = await adopt();
    const later = laterRun(fixture);
    const { inputs: checked } = await later.check(inputs, { budget: 10, __resourceName: "web" });
    await later.diff(second.id, second.outs as never, checked as never);
    fixture.simulator.clearJournal();
    await later.delete(first.id, first.outs as never);
    expect(sent(fixture)).toEqual([]);
    expect(account.keys()).toMatchObject([{ key }]);
  });

  it("removes the key when a destroy deletes both, in which nothing is checked", async () => {
    const { fixture, account, key, adopt } = await handMade();
    const { id, outs } = await adopt();
    const later = laterRun(fixture);
    await later.delete(id, before(key));
    await later.delete(id, outs as never);
    expect(account.keys()).toEqual([]);
  });

  it("is refused while the adoption has failed, or has not begun", async () => {
    for (const fails of [true, false]) {
      const { fixture, account, key, adopt } = await handMade();
      fixture.simulator.inject({ on: { path: PATHS.update }, ...refusal(403, "Your plan is paused") });
      if (fails) await rejection(adopt());
      fixture.simulator.clearJournal();
      const removal = fixture.lifecycle.delete(fingerprintOf(key), before(key));
      expect((await rejection(removal)).message).toMatch(
        /^Cannot remove proxy key "old" .*adopts this key, and the adoption (?:failed|has not begun)\.\nNothing was removed\./,
      );
      expect(sent(fixture)).toEqual([]);
      expect(account.keys()).toMatchObject([{ key }]);
    }
  });
});

describe("a resource that has the key", () => {
  const NARROW = { budget: 3, models: ["o3"], allowedIps: ["10.0.0.0/8"], budgetWindow: "monthly" };
  const WIDE = { budget: 900, models: "all", budgetWindow: "daily" };
  const asHeld = { name: "made by hand", allocatedAmount: 3, modelWhitelist: ["o3"], limitType: "monthly" };

  /** The next run, with a program that declares the first resource alone; its comparison with the state. */
  async function reverted(fixture: Fixture, key: string, dependencies: Partial<Dependencies> = {}) {
    const later = laterRun(fixture, dependencies);
    const olds = { ...NARROW, name: "made by hand", expiresAt: "never", enabled: true, onDestroy: "remove" };
    const { inputs = {} } = await later.check(olds, { ...NARROW, __resourceName: "first" });
    const id = fingerprintOf(key);
    const compared = await later.diff(id, { ...olds, key }, inputs);
    fixture.simulator.clearJournal();
    return { later, id, olds: { ...olds, key }, inputs, compared };
  }

  it("gets its settings back when the resource that adopted its key is dropped", async () => {
    const { fixture, account, key, adopt } = await handMade(WIDE);
    const { outs } = await adopt();
    expect(account.keys()).toMatchObject([{ allocatedAmount: 900, modelWhitelist: [] }]);
    const { later, id } = await reverted(fixture, key);
    await later.delete(id, outs as never);
    expect(sent(fixture)).toEqual(["update", "lookup"]);
    expect(account.keys()).toMatchObject([asHeld]);
  });

  it("and the dropped one stays in the state while that fails", async () => {
    const { fixture, key, adopt } = await handMade(WIDE);
    const { outs } = await adopt();
    const { later, id } = await reverted(fixture, key);
    fixture.simulator.inject({ on: { path: PATHS.update }, ...refusal(403, "Your plan is paused") });
    expect((await rejection(later.delete(id, outs as never))).message).toMatch(/^Cannot remove proxy key/);
  });

  it("sends everything after an adoption that failed half-way, although its state shows no change", async () => {
    const folder = mkdtempSync(join(tmpdir(), "adoptions-"));
    const { fixture, account, key, inputs } = await handMade({ ...WIDE, enabled: false });
    fixture.simulator.inject({ on: { path: PATHS.toggle }, ...refusal(403, "Your plan is paused") });
    const adopting = laterRun(fixture, { unsettledKeys: new UnsettledKeys(folder) });
    await rejection(adopting.create(inputs));
    const unsettledKeys = new UnsettledKeys(folder);
    const { later, id, olds, inputs: news, compared } = await reverted(fixture, key, { unsettledKeys });
    expect(compared).toMatchObject({ changes: true, replaces: [] });
    await later.update(id, olds, news);
    expect(account.keys()).toMatchObject([asHeld]);
    expect(unsettledKeys.isOpen(id)).toBe(false);
    expect((await reverted(fixture, key, { unsettledKeys })).compared).toMatchObject({ changes: false });
  });

  it("keeps the key when a second resource of the same key, such as an imported one, is dropped", async () => {
    const { fixture, account, key } = await handMade();
    const { later, id, olds } = await reverted(fixture, key);
    await later.delete(id, olds);
    expect(sent(fixture)).toEqual([]);
    expect(account.keys()).toMatchObject([{ key }]);
  });
});
