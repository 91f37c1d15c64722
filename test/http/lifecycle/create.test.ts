import { describe, expect, it } from "vitest";
import { fingerprintOf } from "../../../provider/lifecycle/schema/state";
import type { ProxyKeyState } from "../../../provider/lifecycle/schema/state";
import { echoSecrets } from "../../../provider/testing";
import { createFixture, PATHS, refusal, rejection, savedFailure, sent } from "../fixture";

describe("a creation", () => {
  it("is one call, and gives the whole state", async () => {
    const { lifecycle, simulator, declare } = await createFixture();
    const inputs = await declare({ models: ["b", "a"], expiresAt: "2030-01-01" });
    const { id, outs } = await lifecycle.create(inputs);
    const [key] = simulator.account().keys();
    expect(sent({ simulator })).toEqual(["create"]);
    expect(id).toBe(fingerprintOf(key?.key ?? ""));
    expect(outs).toEqual({
      name: key?.name,
      budget: 10,
      budgetWindow: "daily",
      expiresAt: "2030-01-01T00:00:00Z",
      models: ["a", "b"],
      allowedIps: "any",
      enabled: true,
      onDestroy: "remove",
      key: key?.key,
      fingerprint: id,
      createdAt: "2026-01-01T00:00:00Z",
      usedBudget: 0,
      server: simulator.baseUrl.replace("/v1", ""),
      __account: inputs["__account"],
      __createdAs: inputs["__createdAs"],
      stateVersion: 1,
    });
    expect(simulator.journal[0]?.body).toEqual({
      name: key?.name,
      allocated_ammount: 10,
      limit_type: "daily",
      expires_at: 1_893_456_000,
      model_whitelist: ["a", "b"],
      ip_whitelist: [],
    });
    await expect(lifecycle.diff(id, outs as ProxyKeyState, inputs)).resolves.toMatchObject({
      changes: false,
    });
  });

  it.each(["200", "201"])("may answer %s, with unknown fields", async (status) => {
    const dialect = { createStatus: Number(status) as 200, unknownFields: true, nullWhitelists: true };
    const { lifecycle, declare } = await createFixture({ simulator: { dialect } });
    await expect(lifecycle.create(await declare())).resolves.toMatchObject({ outs: { models: "all" } });
  });
});

describe("what the API does not do by itself", () => {
  it.each(["weekly", "monthly"])("a %s window is really set", async (budgetWindow) => {
    const { lifecycle, simulator, declare } = await createFixture();
    const { outs } = await lifecycle.create(await declare({ budgetWindow }));
    expect(sent({ simulator })).toEqual(["create", "update"]);
    expect(simulator.account().keys()[0]?.limitType).toBe(budgetWindow);
    expect(outs).toMatchObject({ budgetWindow });
  });

  it("a disabled key is toggled once, and seen to be disabled", async () => {
    const { lifecycle, simulator, declare } = await createFixture();
    const { outs } = await lifecycle.create(await declare({ enabled: false }));
    expect(sent({ simulator })).toEqual(["create", "toggle"]);
    expect(simulator.account().keys()[0]?.isActive).toBe(false);
    expect(outs).toMatchObject({ enabled: false });
  });

  it("a toggle whose answer was lost is looked up, not repeated", async () => {
    const { lifecycle, simulator, declare } = await createFixture();
    simulator.inject({ on: { path: PATHS.toggle }, cut: "after" });
    await lifecycle.create(await declare({ enabled: false }));
    expect(sent({ simulator })).toEqual(["create", "toggle", "lookup"]);
    expect(simulator.account().keys()[0]?.isActive).toBe(false);
  });

  it("a toggle that was lost on its way is sent again after a look", async () => {
    const { lifecycle, simulator, declare } = await createFixture();
    simulator.inject({ on: { path: PATHS.toggle }, cut: "before" });
    await lifecycle.create(await declare({ enabled: false }));
    expect(sent({ simulator })).toEqual(["create", "toggle", "lookup", "toggle", "lookup"]);
    expect(simulator.account().keys()[0]?.isActive).toBe(false);
  });
});

describe("a failure after the key exists", () => {
  it("of the toggle saves the resource as it is", async () => {
    const { lifecycle, simulator, declare } = await createFixture();
    simulator.inject({ on: { path: PATHS.toggle }, ...refusal(403, "Your plan is paused") });
    const inputs = await declare({ enabled: false });
    const failure = await savedFailure(lifecycle.create(inputs));
    const [key] = simulator.account().keys();
    expect(failure.id).toBe(fingerprintOf(key?.key ?? ""));
    expect(failure.properties).toMatchObject({ key: key?.key, enabled: true, stateVersion: 1 });
    expect(failure.reasons[0]).toMatch(/Proxy key "web-.*paused.*kept in the state/s);
    await expect(lifecycle.diff(failure.id, failure.properties, inputs)).resolves.toMatchObject({
      changes: true,
    });
  });

  it("of the window keeps `daily` in the state, so that the next up corrects it", async () => {
    const { lifecycle, simulator, declare } = await createFixture();
    const fault = simulator.inject({ on: { path: PATHS.update }, status: 500, times: Infinity });
    const inputs = await declare({ budgetWindow: "monthly" });
    const failure = await savedFailure(lifecycle.create(inputs));
    expect(failure.properties).toMatchObject({ budgetWindow: "daily", budget: 10 });
    expect(simulator.account().keys()[0]?.limitType).toBe("daily");

    fault.remove();
    const olds = { ...failure.properties };
    await expect(lifecycle.diff(failure.id, olds, inputs)).resolves.toMatchObject({ changes: true });
    const { outs } = await lifecycle.update(failure.id, olds, inputs);
    expect(outs).toMatchObject({ budgetWindow: "monthly" });
    expect(simulator.account().keys()).toMatchObject([{ limitType: "monthly" }]);
  });

  it("never shows the key", async () => {
    const { lifecycle, simulator, declare } = await createFixture();
    simulator.inject({ on: { path: PATHS.toggle }, ...echoSecrets(403) });
    const failure = await savedFailure(lifecycle.create(await declare({ enabled: false })));
    const shown = `${failure.message} ${failure.reasons.join()}`;
    expect(shown).toContain("[redacted]");
    expect(shown).not.toContain(simulator.account().keys()[0]?.key.slice(9, 17));
    expect(shown).not.toContain(simulator.account().apiKey.slice(3, 11));
  });
});

describe("a refusal before anything exists passes through, and is not repeated", () => {
  it.each([
    [402, "Insufficient balance", /does not cover the budget.*"Insufficient balance".*Top up/s],
    [403, "Maximum number of proxy keys reached (10)", /plan allows no more proxy keys.*larger plan/s],
    [403, "Too many API keys for this IP address", /refuses this machine's IP address/],
    [401, "Invalid API key", /does not accept this API key.*ELECTRONHUB_API_KEY/s],
    [400, "name: taken", /calls the request invalid.*"name: taken"/],
    [422, "name: taken", /calls the request invalid/],
    [404, "Unknown", /not like the Electron Hub API.*electronhub:baseUrl/s],
    [307, "", /redirects elsewhere/],
  ])("%d %s", async (status, message, expected) => {
    const { lifecycle, simulator, declare } = await createFixture();
    simulator.inject(refusal(status, message));
    const error = await rejection(lifecycle.create(await declare()));
    expect(error.message).toMatch(/^Cannot create proxy key "web-[a-z2-7]{7}": /);
    expect(error.message).toMatch(expected);
    expect(error).not.toHaveProperty("id");
    // What an edge or a proxy may have said hides what the API did.
    const isForeign = status === 404 || status === 307;
    expect(sent({ simulator })).toEqual(isForeign ? ["create", "list"] : ["create"]);
    expect(simulator.account().keys()).toEqual([]);
  });

  it("by the account's real limits", async () => {
    const { lifecycle, simulator, declare } = await createFixture({
      simulator: { accounts: [{ name: "main", keyCap: 1, balance: 15 }] },
    });
    await lifecycle.create(await declare({ budget: 10 }));
    simulator.account().keyCap = 1;
    expect((await rejection(lifecycle.create(await declare({ budget: 1 })))).message).toMatch(
      /no more proxy/,
    );
    simulator.account().keyCap = 2;
    expect((await rejection(lifecycle.create(await declare({ budget: 9 })))).message).toMatch(/balance/);
    expect(simulator.account().keys()).toHaveLength(1);
  });

  it("of a missing API key, before any call", async () => {
    const { lifecycle, simulator, declare } = await createFixture({
      environment: { ELECTRONHUB_API_KEY: "" },
    });
    const error = await rejection(lifecycle.create(await declare()));
    expect(error.message).toMatch(/No Electron Hub API key is configured/);
    expect(sent({ simulator })).toEqual([]);
  });
});
