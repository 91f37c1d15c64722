import { describe, expect, it } from "vitest";
import { bareNotFound, edgePage, type FaultEffect } from "../../provider/testing";
import {
  CREATE,
  diagnosticsOf,
  itOnce,
  keyInState,
  LIST,
  LOOKUP,
  program,
  requestsAbout,
  times,
  TOGGLE,
  UPDATE,
  useEngine,
} from "./fixture";
import { expectFailure, type EngineStack } from "../support/engine";

const engine = useEngine();

it("disappears: a key removed outside leaves the state at a refresh and is made again by the next up", async () => {
  const account = engine.simulator.account();
  const stack = await engine.stack("disappears", program({ kept: {}, gone: {} }));
  await stack.up();
  const before = await engine.secretKeys("disappears");
  account.removeKey(before["gone"] ?? "");
  engine.takeRequests();

  const refresh = await stack.refresh();
  expect(refresh.changes).toEqual({ delete: 1, same: 2 });
  expect(engine.takeRequests()).toEqual([LIST, LOOKUP]);
  expect(Object.keys(await engine.keysInState("disappears"))).toEqual(["kept"]);

  const up = await stack.up();
  expect(up.changes).toEqual({ create: 1, same: 2 });
  expect(engine.takeRequests()).toEqual([CREATE]);
  const after = await engine.secretKeys("disappears");
  expect(after["kept"]).toBe(before["kept"]);
  expect(account.keys().map(({ key }) => key)).toEqual([after["kept"], after["gone"]]);
  await engine.expectNoChange(stack);
});

it("shows what was changed outside at a refresh, and corrects it with the fewest requests", async () => {
  const account = engine.simulator.account();
  const changes = {
    budget: { outside: { allocatedAmount: 7 }, seen: { budget: 7 } },
    models: { outside: { modelWhitelist: ["b", "a"] }, seen: { models: ["a", "b"] } },
    allowedIps: { outside: { ipWhitelist: [] }, seen: { allowedIps: "any" } },
    name: { outside: { name: "another name" }, seen: { name: "another name" } },
    generatedName: { outside: { name: "renamed" }, seen: { name: "renamed" } },
    expiresAt: { outside: { expiresAtUnixS: 4_102_444_800 }, seen: { expiresAt: "2100-01-01T00:00:00Z" } },
    enabled: { outside: { isActive: false }, seen: { enabled: false } },
  };
  const resources = Object.keys(changes) as (keyof typeof changes)[];
  const allowedIps = ["10.0.0.1"];
  const args = (resource: string) =>
    resource === "generatedName" ? { allowedIps } : { allowedIps, name: resource };
  const stack = await engine.stack(
    "drift",
    program(Object.fromEntries(resources.map((resource) => [resource, args(resource)]))),
  );
  await stack.up();
  const declared = await engine.keysInState("drift");
  const keys = await engine.secretKeys("drift");
  const asDeclared = account.keys();
  for (const resource of resources) account.updateKey(keys[resource] ?? "", changes[resource].outside);
  engine.takeRequests();

  const refresh = await stack.refresh();
  // A name that is left out is no input, so that another one is no difference.
  expect(refresh.changes).toEqual({ update: 6, same: 2 });
  expect(engine.takeRequests()).toEqual([LIST]);
  const drifted = await engine.keysInState("drift");
  for (const resource of resources) {
    const { inputs, outputs } = declared[resource] ?? {};
    const { seen } = changes[resource];
    expect(drifted[resource]?.outputs, resource).toEqual(
      keyInState({ ...outputs, ...seen, key: expect.anything() }),
    );
    const { __createdAs: _, __account: _account, ...writable } = inputs ?? {};
    expect(drifted[resource]?.inputs, resource).toMatchObject(keyInState({ ...writable, ...seen }));
  }

  const corrected = await stack.up();
  expect(corrected.changes).toEqual({ update: 6, same: 2 });
  const journal = engine.takeJournal();
  for (const resource of resources) {
    // A name that is left out is the name that the key has.
    const expected = { generatedName: [], enabled: [LOOKUP, TOGGLE] }[resource as string] ?? [UPDATE];
    expect(requestsAbout(journal, keys[resource] ?? ""), resource).toEqual(expected);
  }
  const accepted = keys["generatedName"];
  expect(account.keys().filter(({ key }) => key !== accepted)).toEqual(
    asDeclared.filter(({ key }) => key !== accepted),
  );
  await engine.expectNoChange(stack);
});

describe("a refresh that cannot know", () => {
  const start = async (name: string) => {
    const stack = await engine.stack(name, program({ one: {}, two: {} }), {
      config: { ...engine.config(), "electronhub:maxWait": { value: "1s" } },
    });
    await stack.up();
    engine.takeRequests();
    return stack;
  };
  const refusedRefresh = async (stack: EngineStack, path: string, label: string, effect: FaultEffect) => {
    const fault = engine.simulator.inject({ on: { path }, times: Infinity, ...effect });
    const failure = await expectFailure(stack.refresh());
    fault.remove();
    expect(diagnosticsOf(failure.output), label).toMatch(
      /Cannot refresh proxy key "(?:one|two)-[a-z2-7]{7}" \(pk-[0-9a-f]{16}\): /,
    );
    expect(Object.keys(await engine.keysInState(stack.name)).toSorted(), label).toEqual(["one", "two"]);
    return engine.takeRequests();
  };

  it("fails when the list is refused, fails or is no list, and drops nothing", async () => {
    const stack = await start("list");
    const effects: Record<string, FaultEffect> = {
      "401": { status: 401, body: { detail: "Invalid API key" } },
      "403": { status: 403, body: { error: { message: "You lack permission", code: 403 } } },
      "403 of the edge": edgePage(403),
      "404 of a wrong route": bareNotFound(),
      "200 of another server": { status: 200, body: "<html>welcome</html>", contentType: "text/html" },
    };
    for (const [label, effect] of Object.entries(effects)) {
      const requests = await refusedRefresh(stack, "/auth/proxy", label, effect);
      // Those who ask at once share one list; who asks after its refusal asks anew.
      expect(new Set(requests), label).toEqual(new Set([LIST]));
      expect(requests.length, label).toBeLessThanOrEqual(2);
    }
    const requests = await refusedRefresh(stack, "/auth/proxy", "500 without end", { status: 500 });
    expect(new Set(requests)).toEqual(new Set([LIST]));
    expect(requests.length).toBeGreaterThan(1);
    await engine.expectNoChange(stack);
  });

  itOnce("looks each key up when the list does not show whose they are", async () => {
    const stack = await start("lookup");
    engine.simulator.dialect.listKeys = "omitted";
    expect((await stack.refresh()).changes).toEqual({ same: 3 });
    expect(engine.takeRequests()).toEqual([LIST, ...times(2, LOOKUP)]);

    const refused = { status: 403, body: { detail: "Proxy key does not belong to you" } };
    for (const effect of [refused, { status: 500 }]) {
      const requests = await refusedRefresh(stack, "/auth/proxy/lookup", String(effect.status), effect);
      expect(new Set(requests)).toEqual(new Set([LIST, LOOKUP]));
    }
    await engine.expectNoChange(stack);
  });

  itOnce("takes no 404 but the API's own for the end of a key that no list shows", async () => {
    const stack = await start("wrong-route");
    engine.simulator.dialect.listKeys = "omitted";
    for (const effect of [bareNotFound(), edgePage(404)]) {
      const requests = await refusedRefresh(stack, "/auth/proxy/lookup", String(effect.contentType), effect);
      expect(new Set(requests)).toEqual(new Set([LIST, LOOKUP]));
    }
  });
});
