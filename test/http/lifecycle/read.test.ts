import { describe, expect, it } from "vitest";
import { bareNotFound, edgePage, type FaultEffect } from "../../../provider/testing";
import { createWorld, onAnotherServer, otherServer, PATHS, refusal, rejection, sent } from "../fixture";

describe("a refresh", () => {
  it("of many keys is one list", async () => {
    const world = await createWorld();
    const keys = await Promise.all(Array.from({ length: 20 }, () => world.existing()));
    world.simulator.clearJournal();
    const read = await Promise.all(keys.map(({ id, state }) => world.lifecycle.read(id, state)));
    expect(read.map(({ id }) => id)).toEqual(keys.map(({ id }) => id));
    expect(sent(world)).toEqual(["list"]);
  });

  it("gives props and inputs that show no difference", async () => {
    const world = await createWorld();
    const { id, state, inputs } = await world.existing({
      models: ["b", "a"],
      allowedIps: ["10.0.0.0/8"],
      budgetWindow: "monthly",
      onDestroy: "disable",
      refuseIfUsedWithin: "24h",
    });
    const { props, inputs: readInputs } = await world.lifecycle.read(id, state);
    const { __provider, ...stored } = state;
    expect({ __provider, ...props }).toEqual({ __provider, ...stored });
    expect({ name: state.name, ...inputs }).toMatchObject(readInputs as object);
    await expect(world.lifecycle.diff(id, props as never, inputs)).resolves.toMatchObject({ changes: false });
  });

  it("shows what was changed outside, in props and in inputs", async () => {
    const world = await createWorld();
    const { id, state, inputs } = await world.existing({ budgetWindow: "weekly" });
    const account = world.simulator.account();
    account.updateKey(state.key, {
      name: "theirs",
      allocatedAmount: 20,
      modelWhitelist: ["x"],
      isActive: false,
    });
    account.spend(state.key, 3);
    const changed = { name: "theirs", budget: 20, models: ["x"], enabled: false, budgetWindow: "weekly" };
    const { props, inputs: readInputs } = await world.lifecycle.read(id, state);
    expect(readInputs).toMatchObject(changed);
    expect(props).toMatchObject({ ...changed, usedBudget: 3, lastUsedAt: "2026-01-01T00:00:00Z" });
    await expect(world.lifecycle.diff(id, props as never, inputs)).resolves.toMatchObject({ changes: true });
  });

  it.each([
    ["later", (unixS: number) => unixS + 3_650 * 86_400],
    ["nearer", (unixS: number) => unixS - 86_400],
    ["to never", () => -1],
  ])(
    "keeps the expiry of expiresIn as declared when it was moved %s, so that the next up moves it back",
    async (_how, moved) => {
      const world = await createWorld();
      const args = { expiresIn: "30d", renewBefore: "3d" };
      const { id, state, inputs } = await world.existing(args);
      const account = world.simulator.account();
      const setS = account.findKey(state.key)?.expiresAtUnixS ?? 0;
      const upAfterRefreshes = async (olds: Record<string, unknown>, refreshes: number) => {
        let refreshed: { props: Record<string, unknown>; inputs: Record<string, unknown> } = {
          props: olds,
          inputs,
        };
        for (let count = 0; count < refreshes; count++) {
          // Each refresh lists anew.
          world.clock.advance(60_000);
          refreshed = (await world.lifecycle.read(id, refreshed.props)) as typeof refreshed;
        }
        const news = await world.declare({ name: state.name, ...args }, refreshed.inputs);
        const { changes } = await world.lifecycle.diff(id, refreshed.props, news);
        const { outs = refreshed.props } = changes
          ? await world.lifecycle.update(id, refreshed.props, news)
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
    const world = await createWorld({ simulator: { dialect: { unknownFields: true } } });
    const { id, state } = await world.existing();
    const result = await world.lifecycle.read(id, state);
    expect(JSON.parse(JSON.stringify(result))).toStrictEqual(result);
    expect(result.props).not.toHaveProperty("lastUsedAt");
  });
});

describe("a key that is gone", () => {
  it("is looked up before it is called gone", async () => {
    const world = await createWorld();
    const { id, state } = await world.existing();
    world.simulator.account().removeKey(state.key);
    await expect(world.lifecycle.read(id, state)).resolves.toEqual({ id: "" });
    expect(sent(world)).toEqual(["list", "lookup"]);
  });

  it("is not gone when the lookup finds it", async () => {
    const world = await createWorld();
    const { id, state } = await world.existing();
    world.simulator.inject({ on: { path: PATHS.list }, status: 200, body: [] });
    await expect(world.lifecycle.read(id, state)).resolves.toMatchObject({ id });
    expect(sent(world)).toEqual(["list", "lookup"]);
  });

  it.each(["omitted", "masked"] as const)(
    "is looked up one by one when the list has its keys %s",
    async (listKeys) => {
      const world = await createWorld({ simulator: { dialect: { listKeys } } });
      const [a, b] = [await world.existing(), await world.existing()];
      world.simulator.account().removeKey(b.state.key);
      world.simulator.clearJournal();
      const read = await Promise.all([a, b].map(({ id, state }) => world.lifecycle.read(id, state)));
      expect(read.map(({ id }) => id)).toEqual([a.id, ""]);
      expect(sent(world)).toEqual(["list", "lookup", "lookup"]);
    },
  );

  it("is not gone by anybody's 404 when the list could not show it", async () => {
    const world = await createWorld({ simulator: { dialect: { listKeys: "omitted" } } });
    const { id, state } = await world.existing();
    world.simulator.inject({ on: { path: PATHS.lookup }, ...bareNotFound() });
    const { message } = await rejection(world.lifecycle.read(id, state));
    expect(message).toMatch(/electronhub:baseUrl/);
  });

  it("is not gone by anybody's 404 when the list starred it out", async () => {
    const world = await createWorld({ simulator: { dialect: { listKeys: "masked" } } });
    const { id, state } = await world.existing();
    world.simulator.inject({ on: { path: PATHS.lookup }, ...bareNotFound() });
    const { message } = await rejection(world.lifecycle.read(id, state));
    expect(message).toMatch(/electronhub:baseUrl/);
  });

  it("is gone by anybody's 404 when the list showed all keys but this one", async () => {
    const world = await createWorld();
    const { id, state } = await world.existing();
    world.simulator.account().removeKey(state.key);
    world.simulator.inject({ on: { path: PATHS.lookup }, ...bareNotFound() });
    await expect(world.lifecycle.read(id, state)).resolves.toEqual({ id: "" });
  });

  const INCOMPLETE: [string, FaultEffect][] = [
    ["announces more", { status: 200, body: { keys: [], has_more: true } }],
    ["has a total", { status: 200, body: { data: [], pagination: { total: 1 } } }],
    ["says something else", { status: 200, body: { keys: [], status: "maintenance" } }],
    ["is a range", { status: 206, body: [] }],
  ];

  describe.each(INCOMPLETE)("with a list that %s", (_, fault) => {
    it("is looked up, and one list is enough", async () => {
      const world = await createWorld();
      const [a, b] = [await world.existing(), await world.existing()];
      world.simulator.account().removeKey(b.state.key);
      world.simulator.clearJournal();
      world.simulator.inject({ on: { path: PATHS.list }, ...fault, times: Infinity });
      await expect(world.lifecycle.read(a.id, a.state)).resolves.toMatchObject({ id: a.id });
      await expect(world.lifecycle.read(b.id, b.state)).resolves.toEqual({ id: "" });
      expect(sent(world)).toEqual(["list", "lookup", "lookup"]);
    });

    it("is not gone by anybody's 404", async () => {
      const world = await createWorld();
      const { id, state } = await world.existing();
      world.simulator.inject({ on: { path: PATHS.list }, ...fault, times: Infinity });
      world.simulator.inject({ on: { path: PATHS.lookup }, ...bareNotFound() });
      const { message } = await rejection(world.lifecycle.read(id, state));
      expect(message).toMatch(/not like the Electron Hub API/);
    });
  });

  it("is not gone when an incomplete list shows it, and is not looked up", async () => {
    const world = await createWorld();
    const { id, state } = await world.existing();
    const listed = { name: "web", key: state.key, allocated_ammount: 10, is_active: true };
    world.simulator.inject({ status: 200, body: { keys: [listed], has_more: true } });
    await expect(world.lifecycle.read(id, state)).resolves.toMatchObject({ id });
    expect(sent(world)).toEqual(["list"]);
  });

  it("is not gone when another service answers in the API's stead", async () => {
    const world = await createWorld();
    const { id, state } = await world.existing();
    const body = { status: "maintenance", notices: [] };
    world.simulator.inject({ on: { path: PATHS.list }, status: 200, body });
    world.simulator.inject({ on: { path: PATHS.lookup }, ...bareNotFound() });
    await rejection(world.lifecycle.read(id, state));
    expect(sent(world)).toEqual(["list"]);
  });

  it.each(["Key server unreachable", "Proxy key management is not available on this host"])(
    "is not gone by a 404 that says %j when the list could not show it",
    async (words) => {
      const world = await createWorld({ simulator: { dialect: { listKeys: "masked" } } });
      const { id, state } = await world.existing();
      world.simulator.inject({ on: { path: PATHS.lookup }, ...refusal(404, words) });
      const { message } = await rejection(world.lifecycle.read(id, state));
      expect(message).toContain(words);
    },
  );

  it.each([
    ["401", refusal(401, "Invalid API key")],
    ["403 of another account", refusal(403, "Proxy key does not belong to you")],
    ["403 of the edge", edgePage(403)],
    ["500", { status: 500 }],
    ["503 of the edge", edgePage(503)],
    ["429", refusal(429, "Rate limit exceeded. Try again in 180 seconds.")],
    ["a redirect", { status: 302 }],
    ["400", refusal(400, "bad")],
    ["a page", { status: 200, body: "<html></html>" }],
    ["a cut", { cut: "before" as const }],
  ])("is never gone by %s, of the list or of the lookup", async (_, fault) => {
    for (const path of [PATHS.list, PATHS.lookup]) {
      const world = await createWorld({ environment: { ELECTRONHUB_MAX_WAIT: "10m" } });
      const { id, state } = await world.existing();
      world.simulator.account().removeKey(state.key);
      world.simulator.inject({ ...fault, on: { path }, times: Infinity });
      const { message } = await rejection(world.lifecycle.read(id, state));
      expect(message).toMatch(/^Cannot refresh proxy key "web-[a-z2-7]{7}" \(pk-[0-9a-f]{16}\): /);
    }
  });

  it("says on a 401 which API key a refresh uses", async () => {
    const world = await createWorld();
    const { id, state } = await world.existing();
    world.simulator.inject(refusal(401, "Invalid API key"));
    const { message } = await rejection(world.lifecycle.read(id, state));
    expect(message).toMatch(/that the last `pulumi up` stored.*--run-program/);
  });
});

it("an expiry that the API writes in milliseconds is not read as never", async () => {
  const world = await createWorld();
  const { id, state } = await world.existing();
  const listed = { name: "web", key: state.key, allocated_ammount: 10, is_active: true, created_at: 1e20 };
  world.simulator.inject({ status: 200, body: [{ ...listed, expires_at: 1_900_000_000_000 }] });
  const { props } = await world.lifecycle.read(id, state);
  expect(props).toMatchObject({ expiresAt: "2030-03-17T17:46:40Z" });
  expect(props).toMatchObject({ createdAt: state.createdAt });
});

describe("another server than the one that had the key", () => {
  it.each([
    ["the API's words", {}],
    ["a bare 404 and its complete list", bareNotFound()],
  ])("does not make it gone, by %s", async (_, fault) => {
    const [world, other] = [await createWorld(), await onAnotherServer()];
    const { id, state } = await world.existing();
    if ("status" in fault) other.simulator.inject({ on: { path: PATHS.lookup }, ...fault });
    const { message } = await rejection(other.lifecycle.read(id, state));
    expect(message).toMatch(otherServer(world, other));
    expect(sent(other)).toEqual(["list", "lookup"]);
    const { server: _server, __account: _account, ...earlier } = state;
    await expect(other.lifecycle.read(id, earlier)).resolves.toEqual({ id: "" });
  });

  it("that has the key now is the one from then on, after a refresh or an update", async () => {
    const [world, other] = [await createWorld(), await onAnotherServer()];
    const { id, state, inputs } = await world.existing();
    other.simulator.account().addKey({ name: state.name, key: state.key, allocatedAmount: 10 });
    const server = other.simulator.baseUrl.replace("/v1", "");
    await expect(other.lifecycle.read(id, state)).resolves.toMatchObject({ props: { server } });
    const { outs } = await other.lifecycle.update(id, state, { ...inputs, budget: 20 });
    expect(outs).toMatchObject({ server, budget: 20 });
    other.simulator.account().removeKey(state.key);
    await expect(other.lifecycle.read(id, outs)).resolves.toEqual({ id: "" });
  });

  it("is not recorded by an update that sends nothing", async () => {
    const [world, other] = [await createWorld(), await onAnotherServer()];
    const { id, state, inputs } = await world.existing();
    const { outs } = await other.lifecycle.update(id, state, { ...inputs, onDestroy: "disable" });
    expect(outs).toMatchObject({ server: state.server, onDestroy: "disable" });
    expect(sent(other)).toEqual([]);
  });
});

describe("an old list", () => {
  it("is used again for a short while", async () => {
    const world = await createWorld();
    const { id, state } = await world.existing();
    await world.lifecycle.read(id, state);
    world.clock.advance(30_000);
    await world.lifecycle.read(id, state);
    expect(sent(world)).toEqual(["list"]);
    world.clock.advance(30_001);
    await world.lifecycle.read(id, state);
    expect(sent(world)).toEqual(["list", "list"]);
  });

  it("from before our own write is not", async () => {
    const world = await createWorld();
    const { id, state, inputs } = await world.existing();
    await world.lifecycle.read(id, state);
    const news = { ...inputs, budget: 20, enabled: false };
    await world.lifecycle.update(id, state, news);
    await expect(world.lifecycle.read(id, state)).resolves.toMatchObject({
      props: { budget: 20, enabled: false },
    });
    const other = await world.existing();
    await expect(world.lifecycle.read(other.id, other.state)).resolves.toMatchObject({ id: other.id });
    await world.lifecycle.delete(id, state);
    await expect(world.lifecycle.read(id, state)).resolves.toEqual({ id: "" });
  });

  it("that failed is asked for again", async () => {
    const world = await createWorld();
    const { id, state } = await world.existing();
    world.simulator.inject(refusal(403, "Your plan is paused"));
    await rejection(world.lifecycle.read(id, state));
    await expect(world.lifecycle.read(id, state)).resolves.toMatchObject({ id });
  });
});

it("a state that contradicts itself sends nothing", async () => {
  const world = await createWorld();
  const { id, state } = await world.existing();
  const { message } = await rejection(world.lifecycle.read(id, { ...state, key: `${state.key}x` }));
  expect(message).toMatch(/state is damaged/);
  expect(message).not.toContain(state.key.slice(9, 17));
  expect(sent(world)).toEqual([]);
});
