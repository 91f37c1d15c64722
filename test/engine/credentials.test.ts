import { describe, expect, it } from "vitest";
import { expectFailure, type ExportedState } from "../support/engine";
import { CREATE, diagnosticsOf, itOnce, program, REMOVE, resourceName, UPDATE, useEngine } from "./fixture";

const engine = useEngine([{ name: "main" }, { name: "other" }]);

const oneKey = program({ one: {} });

describe("an API key that cannot work", () => {
  it("is explained by the up, with nothing sent and nothing in the state", async () => {
    const { simulator } = engine;
    const proxyKey = simulator.account().addKey({ name: "mistaken" }).key;
    const credentials: Record<string, [apiKey: string | undefined, shown: RegExp]> = {
      missing: [undefined, /No Electron Hub API key is configured/],
      proxyKey: [proxyKey, /is a proxy key, which cannot manage proxy keys/],
      devPass: ["ek-dev-0123456789abcdef0123456789abcdef", /is a DevPass key, which cannot manage/],
      jwt: ["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", /is a JWT, which the API refuses/],
      bearer: [`Bearer ${simulator.account().apiKey}`, /starts with `Bearer`, which is not part of the key/],
    };
    const stack = await engine.stack("wrong", oneKey, {
      config: { "electronhub:baseUrl": { value: simulator.baseUrl } },
    });
    for (const [label, [apiKey, shown]] of Object.entries(credentials)) {
      if (apiKey !== undefined)
        await stack.setConfig({ "electronhub:apiKey": { value: apiKey, secret: true } });
      const { output } = await expectFailure(stack.up());
      const diagnostics = diagnosticsOf(output);
      // A malformed one fails the check already.
      expect(diagnostics, label).toMatch(
        apiKey === undefined
          ? /Cannot create proxy key "one-[a-z2-7]{7}"/
          : /ProxyKey resource 'one' has a problem: electronhub:apiKey/,
      );
      expect(diagnostics, label).toMatch(shown);
      expect(diagnostics, label).toContain("pulumi config set electronhub:apiKey --secret");
      expect(output, label).not.toContain(apiKey ?? simulator.account().apiKey);
      expect(engine.takeRequests(), label).toEqual([]);
      expect(await engine.keysInState("wrong"), label).toEqual({});
    }
  });

  it("is explained in the API's words when only the API knows", async () => {
    const stack = await engine.stack("revoked", oneKey, {
      config: { ...engine.config(), "electronhub:apiKey": { value: `ek-${"0".repeat(48)}`, secret: true } },
    });
    const { output } = await expectFailure(stack.up());
    expect(diagnosticsOf(output)).toMatch(/does not accept this API key \(HTTP 401: "Invalid API key"\)/);
    // What destroy and refresh use is not today's matter.
    expect(diagnosticsOf(output)).not.toContain("--run-program");
    expect(engine.takeRequests()).toEqual([CREATE]);
    expect(await engine.keysInState("revoked")).toEqual({});
  });
});

it("the API key may come from the environment, and the stack's configuration wins over it", async () => {
  const { simulator, project } = engine;
  const env = {
    ELECTRONHUB_API_KEY: simulator.account("other").apiKey,
    ELECTRONHUB_BASE_URL: simulator.baseUrl,
  };
  const fromEnvironment = await project.stack("environment", oneKey, { env });
  await fromEnvironment.up();
  expect(engine.takeJournal()).toMatchObject([{ path: "/auth/proxy/create", account: "other" }]);
  // The environment is read when it is needed: nothing of it is kept, so a destroy needs it as well.
  const without = await project.destroy("environment");
  expect(without.exitCode).not.toBe(0);
  expect(diagnosticsOf(without.output)).toContain("No Electron Hub API key is configured");
  expect(Object.keys(await engine.keysInState("environment"))).toEqual(["one"]);
  expect(await project.destroy("environment", [], { env })).toMatchObject({ exitCode: 0 });
  expect(engine.takeJournal()).toMatchObject([{ path: "/auth/proxy/remove", account: "other", status: 200 }]);

  const both = await engine.stack("both", oneKey, {
    config: engine.config(),
    env: { ...env, ELECTRONHUB_BASE_URL: "http://127.0.0.1:9/v1" },
  });
  await both.up();
  expect(engine.takeJournal()).toMatchObject([{ path: "/auth/proxy/create", account: "main" }]);
});

itOnce("a key that has expired blocks neither a later up nor a destroy", async () => {
  const expiresAt = "2099-01-01T00:00:00Z";
  const expired = "2020-01-01T00:00:00Z";
  const expiringAt = (expiresAt: string) => program({ expiring: { expiresAt }, neighbour: {} });
  const stack = await engine.stack("expired", expiringAt(expiresAt));
  await stack.up();
  // Time passes: for the account, for the state and for the program alike.
  const expiring = engine.simulator
    .account()
    .keys()
    .find(({ name }) => name.startsWith("expiring"));
  engine.simulator.account().updateKey(expiring?.key ?? "", { expiresAtUnixS: Date.parse(expired) / 1_000 });
  const state = await engine.project.exportState("expired");
  await engine.project.importState("expired", withExpiry(state, expired));
  stack.setProgram(expiringAt(expired));
  engine.takeRequests();

  await engine.expectNoChange(stack);
  expect((await stack.up()).changes).toEqual({ same: 3 });
  expect(engine.takeRequests()).toEqual([]);
  expect((await stack.refresh()).changes).toEqual({ same: 3 });
  engine.takeRequests();

  // Given a new expiry it is alive again.
  stack.setProgram(expiringAt(expiresAt));
  await stack.up();
  expect(engine.takeRequests()).toEqual([UPDATE]);
  expect(engine.simulator.account().findKey(expiring?.key ?? "")?.expiresAtUnixS).toBe(
    Date.parse(expiresAt) / 1_000,
  );

  await engine.project.importState("expired", withExpiry(state, expired));
  engine.simulator.account().updateKey(expiring?.key ?? "", { expiresAtUnixS: Date.parse(expired) / 1_000 });
  expect(await engine.project.destroy("expired")).toMatchObject({ exitCode: 0 });
  expect(engine.takeRequests()).toEqual([REMOVE, REMOVE]);
});

function withExpiry(state: ExportedState, expiresAt: string): ExportedState {
  const changed = structuredClone(state);
  for (const resource of changed.deployment.resources ?? []) {
    if (resourceName(resource.urn) !== "expiring") continue;
    Object.assign(resource.inputs ?? {}, { expiresAt });
    Object.assign(resource.outputs ?? {}, { expiresAt });
  }
  return changed;
}
