import { describe, expect, it } from "vitest";
import { expectFailure } from "../support/engine";
import {
  accountOf,
  allReached,
  CREATE,
  declare,
  diagnosticsOf,
  field,
  LIST,
  LOOKUP,
  program,
  REMOVE,
  requestsAbout,
  times,
  TOGGLE,
  UPDATE,
  useEngine,
} from "./fixture";

const engine = useEngine([{ name: "main" }, { name: "other" }]);

describe("an answer that is lost", () => {
  it.each([
    ["after the effect", { cut: "after" }, [CREATE, LIST, LOOKUP]],
    ["in the middle of the answer", { cut: "midBody" }, [CREATE, LIST, LOOKUP]],
    ["by a 500 after the effect", { status: 500, applied: true }, [CREATE, LIST, LOOKUP]],
    // The second list looks whether the first try took effect late.
    ["before the effect", { cut: "before" }, [CREATE, LIST, CREATE, LIST]],
  ] as const)("%s leaves exactly one key, and it is the one in the state", async (label, fault, requests) => {
    const name = `lost-${requests.length}-${label.replaceAll(" ", "-")}`;
    const stack = await engine.stack(name, program({ generated: {} }));
    engine.simulator.inject({ on: { path: "/auth/proxy/create" }, ...fault });
    await stack.up();
    expect(engine.takeRequests()).toEqual(requests);
    const { generated } = await engine.secretKeys(name);
    expect(
      engine.simulator
        .account()
        .keys()
        .map(({ key }) => key),
    ).toEqual([generated]);
    await engine.expectNoChange(stack);
  });

  it("is never found in another key of the same chosen name", async () => {
    const taken = engine.simulator.account().addKey({ name: "shared", allocatedAmount: 3 });
    const stack = await engine.stack("ambiguous", program({ explicit: { name: "shared" } }));
    engine.simulator.inject({ on: { path: "/auth/proxy/create" }, cut: "after" });
    await stack.up();
    expect(engine.takeRequests()).toEqual([CREATE, LIST, LOOKUP, UPDATE, LIST]);
    const { explicit } = await engine.secretKeys("ambiguous");
    const [first, second] = engine.simulator.account().keys();
    expect(first).toEqual(taken);
    expect(second).toMatchObject({ name: "shared", key: explicit });
  });
});

describe("a key that comes out with more models than declared", () => {
  it("is in the state, the message names them, and the next `up` is verified", async () => {
    const account = engine.simulator.account();
    const wide = () => {
      const [made] = account.keys();
      if (made === undefined) throw new Error("The key must exist.");
      const { name, key, expiresAtUnixS: expires_at, allocatedAmount: allocated_ammount } = made;
      return { name, key, expires_at, allocated_ammount, is_active: true, model_whitelist: [] };
    };
    const showingMore = { status: 200, body: wide, applied: true, times: 1 } as const;
    const stack = await engine.stack("wider", program({ web: { models: ["o3"] } }));
    for (const path of ["/auth/proxy/create", "/auth/proxy/lookup"]) {
      engine.simulator.inject({ on: { path }, ...showingMore });
    }
    const output = diagnosticsOf((await expectFailure(stack.up())).output);
    expect(output).toMatch(/`models` is "all" instead of a list of 1/);
    expect(engine.takeRequests()).toEqual([CREATE, UPDATE, LOOKUP]);
    expect(Object.keys(await engine.secretKeys("wider"))).toEqual(["web"]);
    expect((await stack.up()).changes).toEqual({ update: 1, same: 1 });
    expect(engine.takeRequests()).toEqual([UPDATE, LOOKUP, LOOKUP]);
    await engine.expectNoChange(stack);
  });
});

describe("a refusal", () => {
  it("for the cap on keys, or for the balance, is explained and records nothing", async () => {
    const account = engine.simulator.account();
    const { balance, keyCap } = account;
    const stack = await engine.stack("refused", program({ one: {} }));
    try {
      account.keyCap = 0;
      const capped = await expectFailure(stack.up());
      expect(diagnosticsOf(capped.output)).toMatch(
        /Cannot create proxy key "one-[a-z2-7]{7}": The account's plan allows no more proxy keys \(HTTP 403: /,
      );
      account.keyCap = keyCap;
      account.balance = 9;
      const poor = await expectFailure(stack.up());
      expect(diagnosticsOf(poor.output)).toMatch(/balance does not cover the budget \(HTTP 402: /);
      expect(engine.takeRequests()).toEqual([CREATE, CREATE]);
      expect(await engine.keysInState("refused")).toEqual({});
    } finally {
      Object.assign(account, { balance, keyCap });
    }
    await stack.up();
    expect(engine.takeRequests()).toEqual([CREATE]);
  });
});

describe("a creation that is half done", () => {
  const start = async (name: string) => {
    const stack = await engine.stack(
      name,
      program({ disabled: { enabled: false }, weekly: { budgetWindow: "weekly" } }),
    );
    const refusal = { status: 403, body: { error: { message: "Your plan is paused" } }, hold: true } as const;
    const faults = ["toggle", "update"].map((call) =>
      engine.simulator.inject({ on: { path: `/auth/proxy/${call}` }, ...refusal }),
    );
    const failing = expectFailure(stack.up());
    await allReached(faults, failing);
    for (const fault of faults) fault.release();
    const { output } = await failing;
    const keys = await engine.secretKeys(name);
    expect(engine.takeRequests().toSorted()).toEqual([CREATE, CREATE, TOGGLE, UPDATE]);
    expect(Object.values(keys).toSorted()).toEqual(
      engine.simulator
        .account()
        .keys()
        .map(({ key }) => key)
        .toSorted(),
    );
    return { stack, output, keys };
  };

  it("is in the state with what is missing, and the next up completes it", async () => {
    const { stack, output, keys } = await start("completed");
    const { disabled, weekly } = await engine.keysInState("completed");
    for (const resource of [disabled, weekly]) {
      expect(resource?.initErrors).toEqual([expect.stringMatching(/plan is paused.*\n.*next `pulumi up`/)]);
      expect.soft(diagnosticsOf(output), "which key").toContain(`(${resource?.id})`);
    }
    expect(disabled?.outputs).toMatchObject({ enabled: true });
    expect(weekly?.outputs).toMatchObject({ budgetWindow: "daily" });
    expect(output).not.toMatch(/^ +at /m);

    const completed = await stack.up();
    expect(completed.changes).toEqual({ update: 2, same: 1 });
    const journal = engine.takeJournal();
    // Everything is sent, since the program may have changed meanwhile.
    expect(requestsAbout(journal, keys["disabled"] ?? "")).toEqual([LOOKUP, TOGGLE, UPDATE]);
    expect(requestsAbout(journal, keys["weekly"] ?? "")).toEqual([UPDATE, LOOKUP]);
    const account = engine.simulator.account();
    expect(account.findKey(keys["disabled"] ?? "")).toMatchObject({ isActive: false });
    expect(account.findKey(keys["weekly"] ?? "")).toMatchObject({ limitType: "weekly" });
    const after = await engine.keysInState("completed");
    for (const { initErrors } of Object.values(after)) expect(initErrors ?? []).toEqual([]);
    await engine.expectNoChange(stack);
  });

  it("is removed by a destroy", async () => {
    await start("removed");
    expect(await engine.project.destroy("removed")).toMatchObject({ exitCode: 0 });
    expect(engine.takeRequests()).toEqual(times(2, REMOVE));
    expect(engine.simulator.account().keys()).toEqual([]);
    expect(await engine.project.resources("removed")).toEqual([]);
  });
});

it("two accounts in one stack, each by a provider of its own", async () => {
  const { simulator, project } = engine;
  const accounts = ["main", "other"] as const;
  const stack = await project.stack("two-accounts", async () => {
    for (const name of accounts) {
      const { apiKey } = simulator.account(name);
      const provider = accountOf(name, { apiKey, baseUrl: simulator.baseUrl });
      declare(`of-${name}`, { budget: 10 }, { provider });
    }
  });
  await stack.up();
  const created = engine.takeJournal().map(({ path, account, body }) => [account, path, field(body, "name")]);
  expect(created).toHaveLength(2);
  for (const name of accounts)
    expect(created).toContainEqual([name, "/auth/proxy/create", expect.stringMatching(`^of-${name}-`)]);
  const keys = await engine.secretKeys("two-accounts");

  await stack.refresh();
  expect(
    engine
      .takeJournal()
      .map(({ path, account }) => `${account} ${path}`)
      .toSorted(),
  ).toEqual(["main /auth/proxy", "other /auth/proxy"]);
  await engine.expectNoChange(stack);

  expect(await project.destroy("two-accounts")).toMatchObject({ exitCode: 0 });
  const removed = engine.takeJournal();
  for (const name of accounts) {
    const own = removed.filter(({ account }) => account === name);
    expect(own.map(({ body, status }) => [field(body, "proxy_key"), status])).toEqual([
      [keys[`of-${name}`], 200],
    ]);
    expect(simulator.account(name).keys()).toEqual([]);
  }
});
