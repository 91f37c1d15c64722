import { describe, expect, it } from "vitest";
import { fingerprintOf } from "../../../provider/lifecycle/schema/state";
import { edgePage } from "../../../provider/testing";
import { createFixture, PATHS, refusal, rejection, sent } from "../fixture";
import { on, APPLIED, NOT_APPLIED, expectOneKey } from "./unclearCreations";

describe("with a generated name", () => {
  it.each(APPLIED)("%s: the key is recognised, and none is made beside it", async (_, fault) => {
    const fixture = await createFixture();
    fixture.simulator.inject(fault);
    expectOneKey(fixture, await fixture.lifecycle.create(await fixture.declare()));
    expect(sent(fixture)).toEqual(["create", "list", "lookup"]);
  });

  it.each(NOT_APPLIED)("%s: it is tried again, once", async (_, fault) => {
    const fixture = await createFixture();
    fixture.simulator.inject(fault);
    expectOneKey(fixture, await fixture.lifecycle.create(await fixture.declare()));
    expect(sent(fixture).filter((call) => call === "create")).toHaveLength(2);
    expect(sent(fixture)[1]).toBe("list");
  });

  it("is recognised among others, in an envelope and after a refusal for the rate", async () => {
    const fixture = await createFixture({ simulator: { dialect: { listEnvelope: "data" } } });
    fixture.simulator.account().addKey({ name: "web" });
    fixture.simulator.inject({ on, cut: "after" });
    fixture.simulator.inject({ on: { path: PATHS.list }, ...refusal(429, "Try again in 180 seconds.") });
    const { outs } = await fixture.lifecycle.create(await fixture.declare());
    expect(outs).toMatchObject({ name: expect.stringMatching(/^web-.{7}$/) });
    expect(sent(fixture)).toEqual(["create", "list", "list", "lookup"]);
    expect(fixture.simulator.account().keys()).toHaveLength(2);
  });

  it("removes a twin that a try made late", async () => {
    const fixture = await createFixture();
    const { simulator, lifecycle, declare } = fixture;
    const inputs = await declare();
    // The first try takes effect only after the list has been taken.
    simulator.inject({ on, cut: "before" });
    const secondTry = simulator.inject({ on, hold: true });
    const created = lifecycle.create(inputs);
    await secondTry.reached();
    simulator.account().addKey({ name: inputs["__createdAs"] as string, allocatedAmount: 10 });
    secondTry.release();
    expectOneKey(fixture, await created);
    expect(sent(fixture)).toEqual(["create", "list", "create", "list", "remove"]);
    expect(simulator.account().balance).toBe(99_990);
  });

  it("keeps one of two that it finds, and removes the other", async () => {
    const fixture = await createFixture();
    const inputs = await fixture.declare();
    fixture.simulator.account().addKey({ name: inputs["__createdAs"] as string, allocatedAmount: 10 });
    fixture.simulator.inject({ on, cut: "after" });
    expectOneKey(fixture, await fixture.lifecycle.create(inputs));
    expect(sent(fixture)).toEqual(["create", "list", "lookup", "remove"]);
  });

  it("gives up after three tries, and names the key that a lost request may still create", async () => {
    const fixture = await createFixture();
    fixture.simulator.inject({ on, status: 500, times: Infinity });
    const error = await rejection(fixture.lifecycle.create(await fixture.declare()));
    expect(error.message).toMatch(/Cannot create proxy key .*HTTP 500/);
    expect(error.message).toMatch(/may still create a key named "(web-.{7})"[^]*orphans --name-prefix \1/);
    expect(sent(fixture).filter((call) => call === "create")).toHaveLength(3);
    expect(Math.min(...fixture.clock.slept), "a late effect is waited for").toBeGreaterThanOrEqual(3_000);
    expect(fixture.simulator.account().keys()).toEqual([]);
  });

  it("whose list fails says which name to look for", async () => {
    const fixture = await createFixture();
    fixture.simulator.inject({ on, cut: "after" });
    fixture.simulator.inject({ on: { path: PATHS.list }, ...refusal(401, "Invalid API key") });
    const inputs = await fixture.declare();
    const { message } = await rejection(fixture.lifecycle.create(inputs));
    expect(message).toMatch(/is unknown: The API does not accept this API key/);
    expect(message).toContain(`Look for a key named "${String(inputs["__createdAs"])}" on the account`);
    expect(sent(fixture)).toEqual(["create", "list"]);
  });

  it("whose list withholds the keys says so", async () => {
    const fixture = await createFixture({ simulator: { dialect: { listKeys: "omitted" } } });
    fixture.simulator.inject({ on, cut: "after" });
    const inputs = await fixture.declare();
    const { message } = await rejection(fixture.lifecycle.create(inputs));
    expect(message).toContain(`The key was created under the name "${String(inputs["__createdAs"])}"`);
    expect(message).toMatch(/does not show its secret.\nRemove the key named "web-.{7}" on the account/);
  });

  it("is not taken for its own twin where the list hides the secrets", async () => {
    const fixture = await createFixture({ simulator: { dialect: { listKeys: "omitted" } } });
    fixture.simulator.inject({ on, status: 500 });
    fixture.simulator.inject({ on: { path: PATHS.list }, status: 200, body: [] });
    expectOneKey(fixture, await fixture.lifecycle.create(await fixture.declare()));
    expect(sent(fixture)).toEqual(["create", "list", "create", "list"]);
  });

  it("whose list stars the keys out never takes the starred text for the key", async () => {
    const fixture = await createFixture({ simulator: { dialect: { listKeys: "masked" } } });
    fixture.simulator.inject({ on, cut: "after" });
    const { message } = await rejection(fixture.lifecycle.create(await fixture.declare()));
    expect(message).toMatch(/does not show its secret/);
  });

  it("a key is recorded even when the look for twins fails", async () => {
    const fixture = await createFixture();
    fixture.simulator.inject({ on, cut: "before" });
    fixture.simulator.inject({ on: { path: PATHS.list }, skip: 1, ...refusal(403, "Your plan is paused") });
    const result = (await fixture.lifecycle
      .create(await fixture.declare())
      .catch((error: unknown) => error)) as {
      id?: string;
    };
    expect(fixture.simulator.account().keys()).toHaveLength(1);
    expect(result.id).toBe(fingerprintOf(fixture.simulator.account().keys()[0]?.key ?? ""));
  });

  it("a recognised key is recorded even when its twin cannot be removed", async () => {
    const fixture = await createFixture();
    const inputs = await fixture.declare();
    fixture.simulator.account().addKey({ name: inputs["__createdAs"] as string, allocatedAmount: 10 });
    fixture.simulator.inject({ on, cut: "after" });
    fixture.simulator.inject({ on: { path: PATHS.remove }, ...refusal(403, "Your plan is paused") });
    const result = (await fixture.lifecycle.create(inputs).catch((error: unknown) => error)) as {
      id?: string;
    };
    expect(result.id).toMatch(/^pk-/);
  });

  it("is looked for at once when the wait that the server asks for exceeds maxWait", async () => {
    const fixture = await createFixture({ environment: { ELECTRONHUB_MAX_WAIT: "1m" } });
    fixture.simulator.inject({ on, status: 503, headers: { "retry-after": "7200" }, applied: true });
    expectOneKey(fixture, await fixture.lifecycle.create(await fixture.declare()));
    expect(sent(fixture)).toEqual(["create", "list", "lookup"]);
  });

  it("a creation that may have happened is named when nothing may be waited for", async () => {
    const fixture = await createFixture({ environment: { ELECTRONHUB_MAX_WAIT: "0s" } });
    fixture.simulator.inject({ on, cut: "after" });
    fixture.simulator.inject({ on: { path: PATHS.list }, ...refusal(403, "Your plan is paused") });
    const inputs = await fixture.declare();
    const { message } = await rejection(fixture.lifecycle.create(inputs));
    expect(message).toContain(`Look for a key named "${String(inputs["__createdAs"])}" on the account`);
  });
});

describe("a response that holds the key of another request", () => {
  /** A proxy sends the response to an earlier creation once more. */
  async function repeated(fault: { applied: boolean; times: number }) {
    const fixture = await createFixture();
    const { id: earlier } = await fixture.existing();
    const [key] = fixture.simulator.account().keys();
    const body = { name: key?.name ?? "", key: key?.key ?? "", expires_at: -1, allocated_ammount: 10 };
    fixture.simulator.inject({ on, status: 201, body, ...fault });
    return { fixture, earlier, key };
  }

  it("gives no key to two resources: the list shows the own one", async () => {
    const { fixture, earlier, key } = await repeated({ applied: true, times: 1 });
    const { id } = await fixture.lifecycle.create(await fixture.declare({ models: ["b"] }));
    expect(id).not.toBe(earlier);
    expect(fixture.simulator.account().keys()).toMatchObject([{ ...key }, { modelWhitelist: ["b"] }]);
    expect(id).toBe(fingerprintOf(fixture.simulator.account().keys()[1]?.key ?? ""));
  });

  it("fails after three tries if the list never shows the own one, and names both", async () => {
    const { fixture, key } = await repeated({ applied: false, times: 3 });
    const inputs = await fixture.declare();
    const { message } = await rejection(fixture.lifecycle.create(inputs));
    expect(message).toContain(`a key named "${key?.name}" instead of "${String(inputs["__createdAs"])}"`);
    expect(sent(fixture)).toEqual(["create", "list", "create", "list", "create", "list"]);
    expect(fixture.simulator.account().keys()).toEqual([key]);
  });
});

describe("an edge that refuses everything", () => {
  it("is named by what it said of the creation", async () => {
    const fixture = await createFixture();
    fixture.simulator.inject({ ...edgePage(403), times: Infinity });
    const { message } = await rejection(fixture.lifecycle.create(await fixture.declare()));
    expect(message).toMatch(/network edge in front of the API blocks the request/);
    expect(message).not.toMatch(/is unknown/);
    expect(sent(fixture)).toEqual(["create", "list"]);
  });
});
