import * as pulumi from "@pulumi/pulumi";
import { expect, it } from "vitest";
import type { JournalEntry } from "../../provider/testing";
import {
  CREATE,
  declare,
  declareRotating,
  field,
  IS_PLUGIN,
  PROXY_KEY,
  program,
  REMOVE,
  urnOf,
  useEngine,
} from "./fixture";

/** Pulumi's own options of a resource: all of them behave as for any other one. */
const engine = useEngine();

class Team extends pulumi.ComponentResource {
  constructor(name: string, options: pulumi.ComponentResourceOptions = {}) {
    super("test:index:Team", name, {}, options);
  }
}

/** What was asked about the keys of these names, in order. */
function story(names: Readonly<Record<string, string>>, journal: readonly JournalEntry[]): string[] {
  const nameOf = new Map(Object.entries(names).map(([name, key]) => [key, name]));
  return journal.map(({ path, body }) => {
    const key = field(body, "proxy_key");
    return `${path.split("/").at(-1)} ${nameOf.get(String(key)) ?? String(field(body, "name"))}`;
  });
}

const CREATED = expect.stringMatching(/^create replaced-/);
const UPDATED = expect.stringMatching(/^update /);

const named = (name: string, budget = 10) => ({ name, budget });

it("aliases: a rename and a move below a parent ask the API nothing, and keep the generated name", async () => {
  const stack = await engine.stack("aliases", program({ before: {} }));
  await stack.up();
  const { before } = await engine.secretKeys("aliases");
  engine.takeRequests();

  stack.setProgram(async () => {
    declare("after", { budget: 10 }, { aliases: [{ name: "before" }] });
  });
  expect((await stack.up()).changes).toEqual({ same: 2 });
  expect(await engine.secretKeys("aliases")).toEqual({ after: before });

  stack.setProgram(async () => {
    const parent = new Team("team");
    declare("after", { budget: 10 }, { parent, aliases: [{ parent: pulumi.rootStackResource }] });
  });
  expect((await stack.up()).changes).toEqual({ create: 1, same: 2 });
  expect(engine.takeRequests()).toEqual([]);
  expect(await engine.secretKeys("aliases")).toEqual({ after: before });
  expect(engine.simulator.account().keys()).toMatchObject([{ name: expect.stringMatching(/^before-/) }]);
});

it("parent, dependsOn and protect: the order of making and removing, and no removal of what is protected", async () => {
  const declared = (protect: boolean) => async () => {
    const parent = new Team("team");
    const first = declare("first", named("first"), { parent });
    const second = declare("second", named("second"), { parent: first, dependsOn: [first] });
    declare("third", named("third"), { dependsOn: [second], protect });
  };
  const stack = await engine.stack("order", declared(true));
  await stack.up();
  // The generated name, then the chosen one.
  expect(story({}, engine.takeJournal())).toEqual(
    ["first", "second", "third"].flatMap((name) => [
      expect.stringMatching(`^create ${name}-`),
      `update ${name}`,
    ]),
  );
  const keys = await engine.secretKeys("order");
  expect(await engine.project.resources("order", PROXY_KEY)).toMatchObject([
    { parent: expect.stringMatching(/::team$/) },
    { parent: expect.stringMatching(/::first$/) },
    { protect: true },
  ]);

  const refused = await engine.project.destroy("order");
  expect(refused.exitCode).not.toBe(0);
  expect(refused.output).toMatch(/third.*cannot be deleted|protected/);
  stack.setProgram(program({}));
  await expect(stack.up()).rejects.toThrow(/protect/);
  expect(engine.takeRequests()).toEqual([]);
  expect(engine.simulator.account().keys()).toHaveLength(3);

  stack.setProgram(declared(false));
  expect((await stack.up()).changes).toEqual({ same: 5 });
  expect(engine.takeRequests()).toEqual([]);
  expect(await engine.project.destroy("order")).toMatchObject({ exitCode: 0 });
  expect(story(keys, engine.takeJournal())).toEqual(["remove third", "remove second", "remove first"]);
});

it("ignoreChanges, replaceOnChanges, transforms and a target of `up`", async () => {
  const declared = (budget: number) => async () => {
    // The stack's own transform gives every key that asks for 1 credit a budget of 7.
    pulumi.runtime.registerResourceTransform(({ type, props, opts }) =>
      type === PROXY_KEY && props["budget"] === 1 ? { props: { ...props, budget: 7 }, opts } : undefined,
    );
    declare("ignored", named("ignored", budget), { ignoreChanges: ["budget"] });
    declare("replaced", named("replaced", budget), { replaceOnChanges: ["budget"] });
    declare("global", named("global", 1));
    declare("own", named("own", budget), {
      transforms: [({ props, opts }) => ({ props: { ...props, models: ["o3"] }, opts })],
    });
  };
  const stack = await engine.stack("changes", declared(10));
  await stack.up();
  engine.takeRequests();
  const account = engine.simulator.account();
  expect(account.findKey("global")?.allocatedAmount).toBe(7);
  expect(account.findKey("own")?.modelWhitelist).toEqual(["o3"]);
  const keys = await engine.secretKeys("changes");
  await engine.expectNoChange(stack);

  stack.setProgram(declared(20));
  await stack.up({ target: [urnOf(engine, "changes", "own")] });
  expect(engine.takeJournal()).toMatchObject([
    { path: "/auth/proxy/update", body: { name: "own", allocated_ammount: 20, model_whitelist: ["o3"] } },
  ]);
  // Through the host of dynamic resources `replaceOnChanges` does nothing: it never reports to the engine which properties
  // differ. An update in place is what remains; `rotationTrigger` is what replaces.
  expect((await stack.up()).changes).toEqual(IS_PLUGIN ? { replace: 1, same: 4 } : { update: 1, same: 4 });
  expect(story(keys, engine.takeJournal())).toEqual(
    IS_PLUGIN ? [CREATED, UPDATED, "remove replaced"] : ["update replaced"],
  );
  expect(account.findKey("ignored")?.allocatedAmount).toBe(10);
  const { replaced, ...others } = await engine.secretKeys("changes");
  const { replaced: before, ...othersBefore } = keys;
  expect(others).toEqual(othersBefore);
  expect(replaced === before).toBe(!IS_PLUGIN);
  await engine.expectNoChange(stack);
});

it("ignoreChanges of any input, and of all of them, for every kind of key", async () => {
  const adopt = engine.simulator.account().addKey({ name: "outside", allocatedAmount: 10 }).key;
  const all = { ignoreChanges: ["*"] };
  const declared = (budget: number, expiresIn: string, now: string) => async () => {
    const changing = { budget, expiresIn, renewBefore: "1d", models: [`model-${budget}`] };
    declare("all", changing, all);
    declare("expiresAt", { budget: 10, expiresIn }, { ignoreChanges: ["expiresAt"] });
    const later = budget > 10 ? { expiresAt: "2090-01-01" } : { expiresIn };
    declare("expiresIn", { budget: 10, ...later }, { ignoreChanges: ["expiresIn"] });
    declare("adopting", { budget, adopt }, all);
    const rotation = { rotateEvery: "3d", overlap: "1d", now };
    declareRotating("bot", { budget, ...rotation }, { ignoreChanges: ["budget"] });
    declareRotating(
      "frozen",
      { budget, ...rotation },
      {
        transforms: [
          ({ props, opts, custom }) => (custom ? { props, opts: { ...opts, ...all } } : undefined),
        ],
      },
    );
  };
  const stack = await engine.stack("ignoring", declared(10, "7d", "2026-01-01T06:00:00Z"));
  await stack.up();
  const keys = await engine.secretKeys("ignoring");
  engine.takeRequests();
  await engine.expectNoChange(stack);

  stack.setProgram(declared(20, "8d", "2026-01-05T06:00:00Z"));
  await stack.refresh();
  engine.takeRequests();
  await stack.up();
  // One rotation is due, and the new key has what the program declares now.
  expect(engine.takeRequests()).toEqual([CREATE]);
  expect(await engine.secretKeys("ignoring")).toMatchObject(keys);
  const budgets = engine.simulator
    .account()
    .keys()
    .map(({ allocatedAmount }) => allocatedAmount);
  expect(budgets.filter((budget) => budget !== 10)).toEqual([20]);
  await engine.expectNoChange(stack);
});

it("deleteBeforeReplace, retainOnDelete and a target of destroy", async () => {
  const stack = await engine.stack("removal", async () => {
    declare("first", { budget: 10 }, { deleteBeforeReplace: true });
    declare("retained", named("retained"), { retainOnDelete: true });
    declare("other", named("other"));
  });
  await stack.up();
  engine.takeRequests();
  const before = await engine.secretKeys("removal");

  await stack.up({ replace: [urnOf(engine, "removal", "first")] });
  expect(engine.takeRequests()).toEqual([REMOVE, CREATE]);
  const keys = await engine.secretKeys("removal");
  expect(keys["first"]).not.toBe(before["first"]);

  const target = ["--target", urnOf(engine, "removal", "other")];
  expect(await engine.project.destroy("removal", target)).toMatchObject({ exitCode: 0 });
  expect(story(keys, engine.takeJournal())).toEqual(["remove other"]);
  expect(Object.keys(await engine.keysInState("removal")).toSorted()).toEqual(["first", "retained"]);

  expect(await engine.project.destroy("removal")).toMatchObject({ exitCode: 0 });
  expect(story(keys, engine.takeJournal())).toEqual(["remove first"]);
  expect(await engine.project.resources("removal")).toEqual([]);
  expect(engine.simulator.account().keys()).toMatchObject([{ name: "retained" }]);
});
