import type { ProxyKeyArgs } from "pulumi-electronhub";
import { describe, expect, it } from "vitest";
import type { OutsideKey } from "../../provider/testing";
import { expectFailure } from "../support/engine";
import {
  allReached,
  CREATE,
  declare,
  diagnosticsOf,
  IS_PLUGIN,
  itOnce,
  LIST,
  LOOKUP,
  program,
  REMOVE,
  requestsAbout,
  TOGGLE,
  UPDATE,
  urnOf,
  useEngine,
} from "./fixture";

const engine = useEngine([{ name: "main" }, { name: "other" }]);

/** A key that was made by hand. */
function handMade(key: Partial<OutsideKey> = {}, account?: string) {
  return engine.simulator.account(account).addKey({ name: "made by hand", allocatedAmount: 3, ...key });
}

const keysOnAccount = (): string[] =>
  engine.simulator
    .account()
    .keys()
    .map(({ key }) => key);

async function expectNotInClear(stack: string, secret: string): Promise<void> {
  const places = [
    { path: "(the exported state)", text: JSON.stringify(await engine.project.exportState(stack)) },
    { path: "(everything printed)", text: engine.project.transcript },
    ...(await engine.project.allFilesText()),
  ];
  const core = secret.replace("ek-proxy-", "");
  expect(places.filter(({ text }) => text.includes(core)).map(({ path }) => path)).toEqual([]);
}

describe("a key that exists", () => {
  it("is taken over without making one, kept once `adopt` is left out, and removed like any other", async () => {
    const { key } = handMade({ limitType: "monthly", modelWhitelist: ["o3"] });
    const taking = (args: Partial<ProxyKeyArgs>) => async () => ({
      key: declare("legacy", { budget: 10, models: ["gpt-4o"], ...args }).key,
    });
    const stack = await engine.stack("taken", taking({ adopt: key }));

    expect((await stack.preview()).changes).toEqual({ create: 2 });
    expect(engine.takeRequests()).toEqual([]);
    const { outputs } = await stack.up();
    expect(outputs).toEqual({ key: { value: key, secret: true } });
    const journal = engine.takeJournal();
    expect(journal.map(({ method, path }) => `${method} ${path}`)).toEqual([LOOKUP, UPDATE]);
    expect(journal[1]?.body).toEqual({
      proxy_key: key,
      name: "made by hand",
      allocated_ammount: 10,
      limit_type: "daily",
      expires_at: -1,
      model_whitelist: ["gpt-4o"],
      ip_whitelist: [],
    });
    await engine.expectNoChange(stack);
    await expectNotInClear("taken", key);

    // Without a refresh in between, the key's own name stands in the outputs only.
    stack.setProgram(taking({}));
    expect((await stack.up()).changes).toEqual({ same: 2 });
    expect(engine.takeRequests()).toEqual([]);
    stack.setProgram(taking({ budget: 20 }));
    expect((await stack.up()).changes).toEqual({ update: 1, same: 1 });
    expect(engine.takeJournal()).toMatchObject([
      { path: "/auth/proxy/update", body: { proxy_key: key, name: "made by hand", allocated_ammount: 20 } },
    ]);
    expect((await stack.refresh()).changes).toEqual({ same: 2 });
    expect(engine.takeRequests()).toEqual([LIST]);
    await engine.expectNoChange(stack);

    expect(await engine.project.destroy("taken")).toMatchObject({ exitCode: 0 });
    expect(engine.takeJournal()).toMatchObject([
      { path: "/auth/proxy/remove", body: { proxy_key: key }, status: 200 },
    ]);
    expect(keysOnAccount()).toEqual([]);
    await expectNotInClear("taken", key);
  });

  itOnce(
    "stays a secret through a refresh while `adopt` is declared, and another `adopt` replaces it",
    async () => {
      const [first, second] = [handMade(), handMade({ name: "another" })];
      const stack = await engine.stack("replaced", program({ legacy: { adopt: first.key } }));
      await stack.up();
      expect((await stack.refresh()).changes).toEqual({ same: 2 });
      await engine.project.refresh("replaced");
      engine.takeRequests();
      await engine.expectNoChange(stack);
      await expectNotInClear("replaced", first.key);

      stack.setProgram(program({ legacy: { adopt: second.key } }));
      expect((await stack.up()).changes).toEqual({ replace: 1, same: 1 });
      const journal = engine.takeJournal();
      expect(requestsAbout(journal, second.key)).toEqual([LOOKUP, UPDATE]);
      expect(requestsAbout(journal, first.key)).toEqual([REMOVE]);
      expect(journal).toHaveLength(3);
      expect(keysOnAccount()).toEqual([second.key]);

      // What asks for a new key and for the old one at once is refused before anything is sent.
      stack.setProgram(program({ legacy: { adopt: second.key, rotationTrigger: 1 } }));
      for (const refused of [await expectFailure(stack.preview()), await expectFailure(stack.up())]) {
        expect(refused.output).toMatch(
          /A change of rotationTrigger needs a new key, but `adopt` names the key/,
        );
      }
      expect(engine.takeRequests()).toEqual([]);
      stack.setProgram(program({ legacy: { rotationTrigger: 1 } }));
      await stack.up();
      expect(engine.takeRequests()).toEqual([CREATE, REMOVE]);
      expect(keysOnAccount()).not.toContain(second.key);
      await engine.expectNoChange(stack);
      await expectNotInClear("replaced", second.key);
    },
  );

  itOnce("may move to another resource in one `up`, and survives a replacement by command", async () => {
    const stack = await engine.stack("moved", program({ before: {} }));
    await stack.up();
    const key = (await engine.secretKeys("moved"))["before"] ?? "";
    engine.takeRequests();

    stack.setProgram(program({ after: { adopt: key } }));
    expect((await stack.up()).changes).toEqual({ create: 1, delete: 1, same: 1 });
    expect(engine.takeRequests()).toEqual([LOOKUP, UPDATE]);
    expect(await engine.secretKeys("moved")).toEqual({ after: key });

    await stack.up({ replace: [urnOf(engine, "moved", "after")] });
    expect(engine.takeRequests()).toEqual([LOOKUP, UPDATE]);
    expect(await engine.secretKeys("moved")).toEqual({ after: key });
    expect(keysOnAccount()).toEqual([key]);
    await engine.expectNoChange(stack);
    expect(await engine.project.destroy("moved")).toMatchObject({ exitCode: 0 });
    expect(engine.takeRequests()).toEqual([REMOVE]);
  });
});

describe("a key that cannot be taken over", () => {
  it("is explained, recorded nowhere, and never printed", async () => {
    const foreign = handMade({ name: "theirs" }, "other");
    const missing = handMade();
    engine.simulator.account().removeKey(missing.key);
    const mistyped = "ek-proxy-abcd...wxyz";

    const stack = await engine.stack("unfit", program({ mistyped: { adopt: mistyped } }));
    const { output } = await expectFailure(stack.preview());
    expect(output).toContain("adopt must be a whole proxy key");
    expect(output).not.toContain("wxyz");
    expect(engine.takeRequests()).toEqual([]);

    const held = ["foreign", "missing"].map(() =>
      engine.simulator.inject({ on: { path: "/auth/proxy/lookup" }, hold: true }),
    );
    stack.setProgram(program({ foreign: { adopt: foreign.key }, missing: { adopt: missing.key } }));
    const failing = expectFailure(stack.up());
    await allReached(held, failing);
    for (const fault of held) fault.release();
    const diagnostics = diagnosticsOf((await failing).output);
    expect(diagnostics).toMatch(/Cannot adopt proxy key \(pk-.*\): The key is owned by another account.*403/);
    expect(diagnostics).toMatch(/Cannot adopt proxy key \(pk-.*\): The key to adopt does not exist\. .*404/);
    expect(engine.takeRequests()).toEqual([LOOKUP, LOOKUP]);
    expect(await engine.keysInState("unfit")).toEqual({});
    expect(engine.simulator.account("other").keys()).toEqual([foreign]);
    await expectNotInClear("unfit", foreign.key);
    await expectNotInClear("unfit", missing.key);
  });

  it("unless the program mentions what restricts it: nothing is changed, and the message lists the lines", async () => {
    const { key } = handMade({
      isActive: false,
      modelWhitelist: ["o3"],
      ipWhitelist: ["10.0.0.0/8"],
      expiresAtUnixS: 1_900_000_000,
    });
    const before = engine.simulator.account().keys();
    const stack = await engine.stack("restricted", program({ legacy: { adopt: key } }));
    const lines = diagnosticsOf((await expectFailure(stack.up())).output);
    for (const line of [
      'expiresAt: "2030-03-17T17:46:40Z",',
      'models: ["o3"],',
      'allowedIps: ["10.0.0.0/8"],',
    ]) {
      expect(lines).toContain(line);
    }
    const [all, any] = IS_PLUGIN ? ['["all"]', '["any"]'] : ['"all"', '"any"'];
    for (const line of ['expiresAt: "never",', `models: ${all},`, `allowedIps: ${any},`, "enabled: true,"]) {
      expect(lines).toContain(line);
    }
    expect(engine.takeRequests()).toEqual([LOOKUP]);
    expect(engine.simulator.account().keys()).toEqual(before);
    expect(await engine.keysInState("restricted")).toEqual({});

    const mentioned: Partial<ProxyKeyArgs> = { models: ["o3"], allowedIps: "any", enabled: false };
    stack.setProgram(program({ legacy: { adopt: key, expiresAt: "never", ...mentioned } }));
    const { output } = await stack.up();
    expect(output).toMatch(/budgetWindow: "daily" is set, since the API does not show/);
    expect(engine.takeRequests()).toEqual([LOOKUP, UPDATE]);
    await engine.expectNoChange(stack);
    stack.setProgram(program({ legacy: mentioned }));
    expect((await stack.up()).changes).toEqual({ same: 2 });
    expect((await stack.refresh()).changes).toEqual({ same: 2 });
  });

  it("for now is neither lost nor recorded half; the next `up` begins again", async () => {
    const keys = { updated: handMade({ name: "one" }).key, toggled: handMade({ name: "two" }).key };
    const adopting = program({
      updated: { adopt: keys.updated },
      toggled: { adopt: keys.toggled, enabled: false },
    });
    const stack = await engine.stack("halfway", adopting);
    const paused = { status: 403, body: { error: { message: "Your plan is paused" } }, hold: true } as const;
    const faults = [
      engine.simulator.inject({ on: { path: "/auth/proxy/update", keyName: "one" }, ...paused }),
      engine.simulator.inject({ on: { path: "/auth/proxy/toggle", keyName: "two" }, ...paused }),
    ];
    const failing = expectFailure(stack.up());
    await allReached(faults, failing);
    for (const fault of faults) fault.release();
    expect(diagnosticsOf((await failing).output).split("Cannot adopt proxy key (pk-")).toHaveLength(3);
    expect(await engine.keysInState("halfway")).toEqual({});
    expect(keysOnAccount()).toEqual(Object.values(keys));

    engine.takeJournal();
    await stack.up();
    const journal = engine.takeJournal();
    expect(requestsAbout(journal, keys.updated)).toEqual([LOOKUP, UPDATE]);
    expect(requestsAbout(journal, keys.toggled)).toEqual([LOOKUP, UPDATE, TOGGLE]);
    expect(await engine.secretKeys("halfway")).toEqual(keys);
    await engine.expectNoChange(stack);
  });
});

it("a key that is known only later passes the preview, and is taken over by `up`", async () => {
  const { key } = handMade();
  const stack = await engine.stack("later", async () => {
    const first = declare("first", { budget: 1 });
    const second = declare("second", { budget: 1, adopt: first.fingerprint.apply(() => key) });
    return { second: second.key };
  });
  expect((await stack.preview()).changes).toEqual({ create: 3 });
  expect(engine.takeRequests()).toEqual([]);
  expect((await stack.up()).outputs).toEqual({ second: { value: key, secret: true } });
  expect(engine.takeRequests()).toEqual([CREATE, LOOKUP, UPDATE]);
  await expectNotInClear("later", key);
});
