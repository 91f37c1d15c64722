import { describe, expect, it } from "vitest";
import { createFixture, rejection, sent } from "../fixture";
import { handMade, laterRun } from "./adoptFixture";

const ARGS = { budget: 10, __resourceName: "web" };

describe("a declared resource that keeps its key", () => {
  it("does not keep the key from its own deletion, if the engine replaces it after a comparison", async () => {
    const fixture = await createFixture();
    const { id, state, inputs } = await fixture.existing();
    const { inputs: kept } = await fixture.lifecycle.check(inputs, ARGS);
    await fixture.lifecycle.diff(id, state, kept ?? {});
    // The engine replaces for `replaceOnChanges: ["*"]` without asking again.
    const { inputs: fresh } = await fixture.lifecycle.check({}, ARGS);
    await fixture.lifecycle.create(fresh ?? {});
    await fixture.lifecycle.delete(id, state);
    expect(sent(fixture)).toEqual(["create", "remove"]);
    expect(fixture.simulator.account().keys()).toHaveLength(1);
  });

  it("does not keep an adopted one either, once the program leaves `adopt` out", async () => {
    const { fixture, adopt } = await handMade();
    const { id, outs: state } = await adopt();
    fixture.simulator.clearJournal();
    const lifecycle = laterRun(fixture);
    const stored = { ...state, adopt: undefined };
    const { inputs: kept } = await lifecycle.check(stored, ARGS);
    await lifecycle.diff(id, stored, kept ?? {});
    await lifecycle.delete(id, stored);
    expect(sent(fixture)).toEqual(["remove"]);
    expect(fixture.simulator.account().keys()).toEqual([]);
  });

  it("is refused if another one keeps the same key", async () => {
    const fixture = await createFixture();
    const { id, state, inputs } = await fixture.existing();
    const { inputs: first } = await fixture.lifecycle.check(inputs, ARGS);
    await fixture.lifecycle.diff(id, state, first ?? {});
    const adopter = { ...state, __createdAs: undefined };
    const { inputs: second } = await fixture.lifecycle.check(adopter, { ...ARGS, __resourceName: "other" });
    const { message } = await rejection(fixture.lifecycle.diff(id, adopter, second ?? {}));
    expect(message).toMatch(/has or adopts the same key/);
    expect(sent(fixture)).toEqual([]);
  });
});

it("two resources that adopt one key are refused, also when `ignoreChanges` hides from check which ones they are", async () => {
  const { fixture, key } = await handMade();
  const adopting = { budget: 1, adopt: key };
  const { inputs = {} } = await laterRun(fixture).check({}, { ...adopting, __urn: "urn:first" });
  const shared = [{ reason: expect.stringMatching(/that another resource of this program has or adopts/) }];
  // Where all inputs are ignored, check gets those in the state only.
  for (const second of [inputs, { ...adopting, __urn: "urn:second" }]) {
    const run = laterRun(fixture);
    expect((await run.check(inputs, inputs)).failures).toBeUndefined();
    expect((await run.check(inputs, second)).failures).toMatchObject(shared);
  }
});
