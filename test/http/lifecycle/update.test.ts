import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { UnsettledKeys } from "../../../provider/lifecycle/run/unsettledKeys";
import { createFixture, PATHS, refusal, rejection, savedFailure, sent, type Fixture } from "../fixture";

const ALL_CHANGED = {
  name: "renamed",
  budget: 20,
  budgetWindow: "monthly",
  expiresAt: "2030-03-17T17:46:40Z",
  models: ["b", "a"],
  allowedIps: ["10.0.0.0/8"],
};

async function updated(
  fixture: Fixture,
  args: Record<string, unknown>,
  before: Record<string, unknown> = {},
) {
  const { id, state, inputs } = await fixture.existing(before);
  const news = await fixture.declare({ ...before, ...args }, inputs);
  const update = () => fixture.lifecycle.update(id, state, news);
  return { id, state, news, update };
}

describe("an update", () => {
  it("is one full replacement, and shows no difference afterwards", async () => {
    const fixture = await createFixture();
    const { id, state, news, update } = await updated(fixture, ALL_CHANGED);
    const { outs } = await update();
    expect(sent(fixture)).toEqual(["update"]);
    expect(fixture.simulator.journal[0]?.body).toEqual({
      proxy_key: state.key,
      name: "renamed",
      allocated_ammount: 20,
      limit_type: "monthly",
      expires_at: 1_900_000_000,
      model_whitelist: ["a", "b"],
      ip_whitelist: ["10.0.0.0/8"],
    });
    expect(fixture.simulator.account().keys()).toMatchObject([{ name: "renamed", limitType: "monthly" }]);
    expect(outs).toMatchObject({ ...ALL_CHANGED, models: ["a", "b"], key: state.key, fingerprint: id });
    await expect(fixture.lifecycle.diff(id, outs as never, news)).resolves.toMatchObject({ changes: false });
  });

  it("of one input sends all the others as they are, empty lists included", async () => {
    const fixture = await createFixture();
    const { update, state } = await updated(
      fixture,
      { budget: 11 },
      { budgetWindow: "weekly", models: ["a"] },
    );
    await update();
    expect(fixture.simulator.journal[0]?.body).toEqual({
      proxy_key: state.key,
      name: state.name,
      allocated_ammount: 11,
      limit_type: "weekly",
      expires_at: -1,
      model_whitelist: ["a"],
      ip_whitelist: [],
    });
    expect(fixture.simulator.account().keys()).toMatchObject([
      { limitType: "weekly", modelWhitelist: ["a"] },
    ]);
  });

  it.each([{ onDestroy: "disable" }, { refuseIfUsedWithin: "24h" }, {}])(
    "of what is in the state only sends nothing: %j",
    async (args) => {
      const fixture = await createFixture();
      const { update } = await updated(fixture, args);
      await expect(update()).resolves.toMatchObject({ outs: args });
      expect(sent(fixture)).toEqual([]);
    },
  );

  it("is plain JSON", async () => {
    const { outs } = await (await updated(await createFixture(), ALL_CHANGED)).update();
    expect(JSON.parse(JSON.stringify(outs))).toStrictEqual(outs);
  });

  it.each([{ cut: "after" as const }, { cut: "before" as const }, { status: 503 }])(
    "is repeated after %j",
    async (fault) => {
      const fixture = await createFixture();
      const { update } = await updated(fixture, { budget: 20 });
      fixture.simulator.inject(fault);
      await update();
      expect(sent(fixture)).toEqual(["update", "update"]);
      expect(fixture.simulator.account().balance).toBe(99_980);
    },
  );
});

describe("enabled", () => {
  it("is looked at, and toggled where it differs", async () => {
    const fixture = await createFixture();
    const { update } = await updated(fixture, { enabled: false });
    await expect(update()).resolves.toMatchObject({ outs: { enabled: false } });
    expect(sent(fixture)).toEqual(["lookup", "toggle"]);
    expect(fixture.simulator.account().keys()[0]?.isActive).toBe(false);
  });

  it("sends nothing when another client did it already", async () => {
    const fixture = await createFixture();
    const { update, state } = await updated(fixture, { enabled: false });
    fixture.simulator.account().disableKey(state.key);
    await update();
    expect(sent(fixture)).toEqual(["lookup"]);
    expect(fixture.simulator.account().keys()[0]?.isActive).toBe(false);
  });

  it("comes first when it takes the key away, and last when it gives it", async () => {
    const fixture = await createFixture();
    const off = await updated(fixture, { enabled: false, budget: 20 });
    await off.update();
    expect(sent(fixture)).toEqual(["lookup", "toggle", "update"]);
    const on = await updated(fixture, { enabled: true, budget: 20 }, { enabled: false });
    await on.update();
    expect(sent(fixture)).toEqual(["update", "lookup", "toggle"]);
  });

  it("ends as declared although another client toggles between the lookup and the toggle", async () => {
    const fixture = await createFixture();
    const { update, state } = await updated(fixture, { enabled: false });
    const race = fixture.simulator.inject({ on: { path: PATHS.toggle }, hold: true });
    const done = update();
    await race.reached();
    fixture.simulator.account().disableKey(state.key);
    race.remove();
    await expect(done).resolves.toMatchObject({ outs: { enabled: false } });
    expect(sent(fixture)).toEqual(["lookup", "toggle", "lookup", "toggle"]);
    expect(fixture.simulator.account().keys()[0]?.isActive).toBe(false);
    // The simulator cannot know that another client was faster.
    expect(fixture.simulator.violations.map(({ kind }) => kind)).toEqual(["blind-toggle"]);
    fixture.simulator.clearJournal();
  });

  it.each([
    ["cut after", { cut: "after" as const }, ["lookup", "toggle", "lookup"]],
    ["cut before", { cut: "before" as const }, ["lookup", "toggle", "lookup", "toggle", "lookup"]],
    ["500", { status: 500 }, ["lookup", "toggle", "lookup", "toggle", "lookup"]],
    ["500 after the effect", { status: 500, applied: true }, ["lookup", "toggle", "lookup"]],
  ])("is never toggled blindly: %s", async (_, fault, requests) => {
    const fixture = await createFixture();
    const { update } = await updated(fixture, { enabled: false });
    fixture.simulator.inject({ on: { path: PATHS.toggle }, ...fault });
    await update();
    expect(sent(fixture)).toEqual(requests);
    expect(fixture.simulator.account().keys()[0]?.isActive).toBe(false);
  });

  it("gives up on a key that others keep toggling", async () => {
    const fixture = await createFixture();
    const { update } = await updated(fixture, { enabled: false });
    const answer = { message: "Proxy key status updated", status: true };
    fixture.simulator.inject({ on: { path: PATHS.toggle }, status: 200, body: answer, times: Infinity });
    const { message } = await savedOrRejected(update());
    expect(message).toMatch(/could not be disabled.*another program toggles this key/s);
    expect(sent(fixture).filter((call) => call === "toggle")).toHaveLength(6);
  });
});

describe("a failed update", () => {
  it("of the settings changes nothing in the state", async () => {
    const fixture = await createFixture();
    const { update } = await updated(fixture, { budget: 20 });
    fixture.simulator.inject(refusal(402, "Insufficient balance"));
    const error = await rejection(update());
    expect(error).not.toHaveProperty("id");
    expect(error.message).toMatch(/^Cannot update proxy key "web-.{7}" \(pk-.{16}\): .*does not cover/);
  });

  it("that got half-way when the key was taken away keeps what is true", async () => {
    const fixture = await createFixture();
    const { id, state, news, update } = await updated(fixture, { enabled: false, budget: 20 });
    const fault = fixture.simulator.inject({ on: { path: PATHS.update }, ...refusal(402, "Insufficient") });
    const failure = await savedFailure(update());
    expect(failure.id).toBe(id);
    expect(failure.properties).toMatchObject({ enabled: false, budget: 10, key: state.key });
    fault.remove();
    await expect(fixture.lifecycle.diff(id, { ...failure.properties }, news)).resolves.toMatchObject({
      changes: true,
    });
    fixture.simulator.clearJournal();
    await fixture.lifecycle.update(id, { ...failure.properties }, news);
    expect(sent(fixture)).toEqual(["lookup", "update"]);
  });

  it("that got half-way when the key was given keeps what is true", async () => {
    const fixture = await createFixture();
    const { id, update } = await updated(fixture, { enabled: true, budget: 20 }, { enabled: false });
    fixture.simulator.inject({ on: { path: PATHS.toggle }, ...refusal(403, "Your plan is paused") });
    const failure = await savedFailure(update());
    expect(failure.id).toBe(id);
    expect(failure.properties).toMatchObject({ enabled: false, budget: 20 });
    expect(fixture.simulator.account().keys()).toMatchObject([{ isActive: false, allocatedAmount: 20 }]);
  });

  it("of a key that is gone says so, and makes none", async () => {
    const fixture = await createFixture();
    const { state, update } = await updated(fixture, { budget: 20 });
    fixture.simulator.account().removeKey(state.key);
    const { message } = await rejection(update());
    expect(message).toMatch(/has no such key.*pulumi refresh/s);
    expect(sent(fixture)).toEqual(["update"]);
  });

  it("of a state that contradicts itself sends nothing", async () => {
    const fixture = await createFixture();
    const { state, news } = await updated(fixture, { budget: 20 });
    const { message } = await rejection(fixture.lifecycle.update("pk-0123456789abcdef", state, news));
    expect(message).toMatch(/state is damaged.*Nothing was sent/s);
    expect(sent(fixture)).toEqual([]);
  });
});

async function savedOrRejected(promise: Promise<unknown>): Promise<{ message: string }> {
  return promise.then(
    () => ({ message: "" }),
    (error: unknown) => error as { message: string },
  );
}

it("an update whose process is killed after it took effect is undone when the program is reverted", async () => {
  const folder = mkdtempSync(join(tmpdir(), "unsettled-"));
  const fixture = await createFixture({ lifecycle: { unsettledKeys: new UnsettledKeys(folder) } });
  const { id, state, inputs } = await fixture.existing({ models: ["o3"], budget: 5 });
  const wider = await fixture.declare({ budget: 500 }, inputs);
  const killed = fixture.simulator.inject({ on: { path: PATHS.update }, hold: true, applied: true });
  const update = fixture.lifecycle.update(id, state, wider);
  await killed.reached();

  const next = await createFixture({ lifecycle: { unsettledKeys: new UnsettledKeys(folder) } });
  await expect(next.lifecycle.diff(id, state, inputs)).resolves.toMatchObject({ changes: true });
  killed.release();
  await update;
  await expect(next.lifecycle.diff(id, state, inputs)).resolves.toMatchObject({ changes: false });
});
