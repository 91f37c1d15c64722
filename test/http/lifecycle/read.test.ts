import { describe, expect, it } from "vitest";
import { createFixture, refusal, rejection, sent } from "../fixture";

describe("a refresh", () => {
  it("of many keys is one list", async () => {
    const fixture = await createFixture();
    const keys = await Promise.all(Array.from({ length: 20 }, () => fixture.existing()));
    fixture.simulator.clearJournal();
    const read = await Promise.all(keys.map(({ id, state }) => fixture.lifecycle.read(id, state)));
    expect(read.map(({ id }) => id)).toEqual(keys.map(({ id }) => id));
    expect(sent(fixture)).toEqual(["list"]);
  });

  it("gives props and inputs that show no difference", async () => {
    const fixture = await createFixture();
    const { id, state, inputs } = await fixture.existing({
      models: ["b", "a"],
      allowedIps: ["10.0.0.0/8"],
      budgetWindow: "monthly",
      onDestroy: "disable",
      refuseIfUsedWithin: "24h",
    });
    const { props, inputs: readInputs } = await fixture.lifecycle.read(id, state);
    const { __provider, ...stored } = state;
    expect({ __provider, ...props }).toEqual({ __provider, ...stored });
    expect({ name: state.name, ...inputs }).toMatchObject(readInputs as object);
    await expect(fixture.lifecycle.diff(id, props as never, inputs)).resolves.toMatchObject({
      changes: false,
    });
  });

  it("shows what was changed outside, in props and in inputs", async () => {
    const fixture = await createFixture();
    const { id, state, inputs } = await fixture.existing({ budgetWindow: "weekly" });
    const account = fixture.simulator.account();
    account.updateKey(state.key, {
      name: "theirs",
      allocatedAmount: 20,
      modelWhitelist: ["x"],
      isActive: false,
    });
    account.spend(state.key, 3);
    const changed = { name: "theirs", budget: 20, models: ["x"], enabled: false, budgetWindow: "weekly" };
    const { props, inputs: readInputs } = await fixture.lifecycle.read(id, state);
    expect(readInputs).toMatchObject(changed);
    expect(props).toMatchObject({ ...changed, usedBudget: 3, lastUsedAt: "2026-01-01T00:00:00Z" });
    await expect(fixture.lifecycle.diff(id, props as never, inputs)).resolves.toMatchObject({
      changes: true,
    });
  });

  it.each([
    ["later", (unixS: number) => unixS + 3_650 * 86_400],
    ["nearer", (unixS: number) => unixS - 86_400],
    ["to never", () => -1],
  ])(
    "keeps the expiry of expiresIn as declared when it was moved %s, so that the next up moves it back",
    async (_how, moved) => {
      const fixture = await createFixture();
      const args = { expiresIn: "30d", renewBefore: "3d" };
      const { id, state, inputs } = await fixture.existing(args);
      const account = fixture.simulator.account();
      const setS = account.findKey(state.key)?.expiresAtUnixS ?? 0;
      const upAfterRefreshes = async (olds: Record<string, unknown>, refreshes: number) => {
        let refreshed: { props: Record<string, unknown>; inputs: Record<string, unknown> } = {
          props: olds,
          inputs,
        };
        for (let count = 0; count < refreshes; count++) {
          // Each refresh lists anew.
          fixture.clock.advance(60_000);
          refreshed = (await fixture.lifecycle.read(id, refreshed.props)) as typeof refreshed;
        }
        const news = await fixture.declare({ name: state.name, ...args }, refreshed.inputs);
        const { changes } = await fixture.lifecycle.diff(id, refreshed.props, news);
        const { outs = refreshed.props } = changes
          ? await fixture.lifecycle.update(id, refreshed.props, news)
          : {};
        return { changes, outs, expiresAtUnixS: account.findKey(state.key)?.expiresAtUnixS };
      };

      const same = { changes: false, expiresAtUnixS: setS };
      expect(await upAfterRefreshes(state, 2)).toMatchObject(same);
      account.updateKey(state.key, { expiresAtUnixS: moved(setS) });
      const first = await upAfterRefreshes(state, 3);
      expect(first).toMatchObject({ changes: true, expiresAtUnixS: setS });
      expect(await upAfterRefreshes(first.outs, 1)).toMatchObject(same);
      // A second time, with the traces of the first still in the state.
      account.updateKey(state.key, { expiresAtUnixS: moved(setS) });
      const second = await upAfterRefreshes(first.outs, 2);
      expect(second).toMatchObject({ changes: true, expiresAtUnixS: setS });
      expect(await upAfterRefreshes(second.outs, 2)).toMatchObject(same);
    },
  );

  it("in plain JSON, without what is not known", async () => {
    const fixture = await createFixture({ simulator: { dialect: { unknownFields: true } } });
    const { id, state } = await fixture.existing();
    const result = await fixture.lifecycle.read(id, state);
    expect(JSON.parse(JSON.stringify(result))).toStrictEqual(result);
    expect(result.props).not.toHaveProperty("lastUsedAt");
  });
});

it("an expiry that the API writes in milliseconds is not read as never", async () => {
  const fixture = await createFixture();
  const { id, state } = await fixture.existing();
  const listed = { name: "web", key: state.key, allocated_ammount: 10, is_active: true, created_at: 1e20 };
  fixture.simulator.inject({ status: 200, body: [{ ...listed, expires_at: 1_900_000_000_000 }] });
  const { props } = await fixture.lifecycle.read(id, state);
  expect(props).toMatchObject({ expiresAt: "2030-03-17T17:46:40Z" });
  expect(props).toMatchObject({ createdAt: state.createdAt });
});

describe("an old list", () => {
  it("is used again for a short while", async () => {
    const fixture = await createFixture();
    const { id, state } = await fixture.existing();
    await fixture.lifecycle.read(id, state);
    fixture.clock.advance(30_000);
    await fixture.lifecycle.read(id, state);
    expect(sent(fixture)).toEqual(["list"]);
    fixture.clock.advance(30_001);
    await fixture.lifecycle.read(id, state);
    expect(sent(fixture)).toEqual(["list", "list"]);
  });

  it("from before our own write is not", async () => {
    const fixture = await createFixture();
    const { id, state, inputs } = await fixture.existing();
    await fixture.lifecycle.read(id, state);
    const news = { ...inputs, budget: 20, enabled: false };
    await fixture.lifecycle.update(id, state, news);
    await expect(fixture.lifecycle.read(id, state)).resolves.toMatchObject({
      props: { budget: 20, enabled: false },
    });
    const other = await fixture.existing();
    await expect(fixture.lifecycle.read(other.id, other.state)).resolves.toMatchObject({ id: other.id });
    await fixture.lifecycle.delete(id, state);
    await expect(fixture.lifecycle.read(id, state)).resolves.toEqual({ id: "" });
  });

  it("that failed is asked for again", async () => {
    const fixture = await createFixture();
    const { id, state } = await fixture.existing();
    fixture.simulator.inject(refusal(403, "Your plan is paused"));
    await rejection(fixture.lifecycle.read(id, state));
    await expect(fixture.lifecycle.read(id, state)).resolves.toMatchObject({ id });
  });
});

it("a state that contradicts itself sends nothing", async () => {
  const fixture = await createFixture();
  const { id, state } = await fixture.existing();
  const { message } = await rejection(fixture.lifecycle.read(id, { ...state, key: `${state.key}x` }));
  expect(message).toMatch(/state is damaged/);
  expect(message).not.toContain(state.key.slice(9, 17));
  expect(sent(fixture)).toEqual([]);
});
