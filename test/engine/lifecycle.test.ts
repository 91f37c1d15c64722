import type { ProxyKeyArgs } from "pulumi-electronhub";
import { describe, expect, it } from "vitest";
import {
  CREATE,
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

const engine = useEngine();

const NEXT_YEAR_UNIX_S = Math.floor(Date.now() / 1_000) + 365 * 24 * 3_600;

it("creates, keeps, refreshes and destroys N keys with the fewest calls", async () => {
  const account = engine.simulator.account();
  const balance = account.balance;
  const stack = await engine.stack("basic", program({ one: {}, two: {}, three: {}, four: {}, five: {} }));

  const first = await stack.up();
  expect(first.changes).toEqual({ create: 6 });
  expect(engine.takeRequests()).toEqual(times(5, CREATE));
  expect(account.keys()).toHaveLength(5);
  expect(account.balance).toBe(balance - 50);

  const second = await stack.up();
  expect(second.changes).toEqual({ same: 6 });
  expect(engine.takeRequests()).toEqual([]);

  const refresh = await stack.refresh();
  expect(refresh.changes).toEqual({ same: 6 });
  expect(engine.takeRequests()).toEqual([LIST]);

  const keys = account.keys().map(({ key }) => key);
  const destroy = await engine.project.destroy("basic");
  expect(destroy).toMatchObject({ exitCode: 0 });
  const journal = engine.takeJournal();
  expect(journal.map(({ method, path }) => `${method} ${path}`)).toEqual(times(5, REMOVE));
  expect(new Set(journal.map(({ body }) => field(body, "proxy_key")))).toEqual(new Set(keys));
  expect(account.keys()).toEqual([]);
  expect(account.balance).toBe(balance);
  expect(await engine.project.resources("basic")).toEqual([]);
});

describe("update of each input alone", () => {
  const before: ProxyKeyArgs = {
    name: "same",
    budget: 10,
    budgetWindow: "weekly",
    expiresAt: NEXT_YEAR_UNIX_S,
    models: ["gpt-4o"],
    allowedIps: ["10.0.0.0/8"],
    enabled: true,
  };
  const wireBefore = {
    name: "same",
    allocated_ammount: 10,
    limit_type: "weekly",
    expires_at: NEXT_YEAR_UNIX_S,
    model_whitelist: ["gpt-4o"],
    ip_whitelist: ["10.0.0.0/8"],
  };
  /** One key for each input, which is the only thing of it that changes. */
  const changes = {
    name: { args: { name: "other" }, wire: { name: "other" } },
    budget: { args: { budget: 12.5 }, wire: { allocated_ammount: 12.5 } },
    budgetWindow: { args: { budgetWindow: "monthly" }, wire: { limit_type: "monthly" } },
    expiresAt: { args: { expiresAt: "never" }, wire: { expires_at: -1 } },
    models: { args: { models: ["o3", "gpt-4o"] }, wire: { model_whitelist: ["gpt-4o", "o3"] } },
    modelsToAll: { args: { models: "all" }, wire: { model_whitelist: [] } },
    allowedIps: { args: { allowedIps: "any" }, wire: { ip_whitelist: [] } },
  } as const satisfies Record<string, { args: Partial<ProxyKeyArgs>; wire: Partial<typeof wireBefore> }>;
  const labels = Object.keys(changes) as (keyof typeof changes)[];

  it("is one call with all settings in it, or an observed toggle", async () => {
    const stack = await engine.stack(
      "inputs",
      program(Object.fromEntries([...labels, "enabled"].map((label) => [label, before]))),
    );
    await stack.up();
    // The window's confirmation: it is not documented whether create honours it.
    expect(engine.takeRequests().toSorted()).toEqual([...times(8, CREATE), ...times(8, UPDATE)]);
    const keyOf = await engine.secretKeys("inputs");

    const changed = labels.map((label) => [label, { ...before, ...changes[label].args }]);
    stack.setProgram(program({ ...Object.fromEntries(changed), enabled: { ...before, enabled: false } }));
    const updated = await stack.up();
    expect(updated.changes).toEqual({ update: 8, same: 1 });
    const journal = engine.takeJournal();
    expect(journal).toHaveLength(9);
    for (const label of labels) {
      const about = journal.filter(({ body }) => field(body, "proxy_key") === keyOf[label]);
      expect(about, label).toMatchObject([{ method: "POST", path: "/auth/proxy/update", status: 200 }]);
      expect(about[0]?.body, label).toEqual({
        proxy_key: keyOf[label],
        ...wireBefore,
        ...changes[label].wire,
      });
    }
    expect(requestsAbout(journal, keyOf["enabled"] ?? "")).toEqual([LOOKUP, TOGGLE]);
    expect(engine.simulator.account().findKey(keyOf["enabled"] ?? "")).toMatchObject({
      isActive: false,
      limitType: "weekly",
    });
    expect(engine.simulator.account().findKey(keyOf["budgetWindow"] ?? "")?.limitType).toBe("monthly");
    await engine.expectNoChange(stack);
  });

  it("brings inputs that are left out back to their defaults, and enables before or after as is safe", async () => {
    const stack = await engine.stack("defaults", program({ defaults: { ...before, enabled: false } }));
    await stack.up();
    expect(engine.takeRequests()).toEqual([CREATE, UPDATE, TOGGLE]);

    stack.setProgram(program({ defaults: { name: "same" } }));
    await stack.up();
    expect(engine.takeRequests()).toEqual([UPDATE, LOOKUP, TOGGLE]);
    expect(engine.simulator.account().keys()).toMatchObject([
      { isActive: true, limitType: "daily", expiresAtUnixS: -1, modelWhitelist: [], ipWhitelist: [] },
    ]);
    await engine.expectNoChange(stack);

    stack.setProgram(program({ defaults: { name: "same", budget: 5, enabled: false } }));
    await stack.up();
    expect(engine.takeRequests()).toEqual([LOOKUP, TOGGLE, UPDATE]);
    await engine.expectNoChange(stack);
  });
});
