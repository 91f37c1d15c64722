import * as pulumi from "@pulumi/pulumi";
import type { RotatingProxyKey, RotatingProxyKeyArgs } from "pulumi-electronhub";
import { afterEach, expect, it, vi } from "vitest";
import type { EngineStack } from "../support/engine";
import { CREATE, declare, declareRotating, IS_PLUGIN, itOnce, LIST, REMOVE, useEngine } from "./fixture";

const engine = useEngine();

const DAY = "2026-01-";

/** Milliseconds: each test has up to ten runs of the engine. */
const PATIENCE_MS = 600_000;

vi.setConfig({ testTimeout: PATIENCE_MS });

let published: string | undefined;
let mostKeys = 0;
let watch: NodeJS.Timeout | undefined;

/** A program whose clock stands at an instant of January 2026. */
function at(
  day: string,
  options?: pulumi.ComponentResourceOptions,
  args?: Partial<RotatingProxyKeyArgs>,
  name = "bot",
) {
  return async () => {
    const now = `${DAY}${day}:00:00Z`;
    const bot = declareRotating(
      name,
      { budget: 10, rotateEvery: "3d", overlap: "1d", now, ...args },
      options,
    );
    // Handed to the program: from here on consumers have it.
    bot.current.apply((key) => (published = key));
    return {
      current: bot.current,
      previous: bot.previous,
      fingerprints: pulumi.all([bot.currentFingerprint, bot.previousFingerprint]),
      rotatesAt: bot.rotatesAt,
      validUntil: bot.previousValidUntil,
    };
  };
}

/** Looks at the account all the time: the published key is on it and works, and there is no third one. */
function watchAccount() {
  const faults: string[] = [];
  watch = setInterval(() => {
    const keys = engine.simulator.account().keys();
    mostKeys = Math.max(mostKeys, keys.length);
    const isThere =
      published === undefined || keys.some(({ key, isActive }) => key === published && isActive);
    if (!isThere && faults.length === 0) faults.push("the published key does not work");
  }, 1);
  return faults;
}

afterEach(() => {
  clearInterval(watch);
  published = undefined;
  mostKeys = 0;
});

/** One run; what it published, and what it asked of the API. */
async function up(stack: EngineStack, program: ReturnType<typeof at>) {
  stack.setProgram(program);
  const { outputs } = await stack.up();
  const value = (name: string): unknown => outputs[name]?.value ?? undefined;
  for (const secret of ["current", "previous"]) expect(outputs[secret]?.secret).toBe(true);
  expect(published).toBe(value("current"));
  return {
    current: String(published),
    previous: value("previous"),
    rotatesAt: value("rotatesAt"),
    validUntil: value("validUntil"),
    fingerprints: value("fingerprints"),
    requests: engine.takeRequests(),
    keys: engine.simulator
      .account()
      .keys()
      .map(({ key }) => key),
  };
}

it("rotates on a schedule of ups, publishes both keys through the overlap, and removes all with a destroy", async () => {
  const stack = await engine.stack("regular", at("01T06"));
  const faults = watchAccount();

  const first = await up(stack, at("01T06"));
  expect(first).toMatchObject({ requests: [CREATE], previous: undefined, validUntil: undefined });
  expect(first).toMatchObject({ rotatesAt: `${DAY}04T06:00:00Z`, keys: [first.current] });
  expect(engine.simulator.account().findKey(first.current)?.name).toMatch(/^bot-0-[a-z2-7]{7}$/);
  stack.setProgram(at("03T06"));
  await engine.expectNoChange(stack);

  const second = await up(stack, at("04T06"));
  expect(second).toMatchObject({
    requests: [CREATE],
    previous: first.current,
    validUntil: `${DAY}05T06:00:00Z`,
  });
  expect(second.keys).toEqual([first.current, second.current]);
  expect(second.fingerprints).toEqual([expect.stringMatching(/^pk-/), (first.fingerprints as string[])[0]]);
  stack.setProgram(at("05T05"));
  await engine.expectNoChange(stack);

  const third = await up(stack, at("05T06"));
  expect(third).toMatchObject({ requests: [REMOVE], current: second.current, previous: undefined });
  expect(third.keys).toEqual([second.current]);

  const fourth = await up(stack, at("07T06"));
  expect(fourth).toMatchObject({
    requests: [CREATE],
    previous: second.current,
    rotatesAt: `${DAY}10T06:00:00Z`,
  });
  await stack.refresh();
  expect(engine.takeRequests()).toEqual([LIST]);
  stack.setProgram(at("08T05"));
  await engine.expectNoChange(stack);
  expect(mostKeys).toBe(2);
  expect(faults).toEqual([]);

  published = undefined;
  expect(await engine.project.destroy("regular")).toMatchObject({ exitCode: 0 });
  expect(engine.takeRequests()).toEqual([REMOVE, REMOVE]);
  expect(engine.simulator.account().keys()).toEqual([]);
  expect(await engine.project.resources("regular")).toEqual([]);
});

it("a rotation that fails keeps the published key, and its overlap begins with the run that makes the new one", async () => {
  const stack = await engine.stack("late", at("01T06", { protect: true }));
  const faults = watchAccount();
  const account = engine.simulator.account();
  const first = await up(stack, at("01T06", { protect: true }));

  // Two periods fail, so that the plan is far ahead of what is published.
  const { balance } = account;
  for (const day of ["04T06", "08T06"]) {
    account.balance = 0;
    stack.setProgram(at(day, { protect: true }));
    await expect(stack.up()).rejects.toThrow("balance does not cover the budget");
    expect(account.keys().map(({ key }) => key)).toEqual([first.current]);
  }
  account.balance = balance;
  engine.takeRequests();
  const healed = await up(stack, at("13T07"));
  expect(healed).toMatchObject({
    requests: [CREATE],
    previous: first.current,
    validUntil: `${DAY}14T07:00:00Z`,
    keys: [first.current, healed.current],
  });
  stack.setProgram(at("14T06"));
  await engine.expectNoChange(stack);
  const over = await up(stack, at("14T07"));
  expect(over).toMatchObject({ requests: [REMOVE], previous: undefined, keys: [healed.current] });

  expect(faults).toEqual([]);
});

it("a key whose overlap ended without a run is removed after the next rotation; protection holds for the published one", async () => {
  const stack = await engine.stack("unattended", at("01T06", { protect: true }));
  const faults = watchAccount();
  await up(stack, at("01T06", { protect: true }));
  const second = await up(stack, at("04T06", { protect: true }));
  mostKeys = 0;
  const third = await up(stack, at("20T06", { protect: true }));
  expect(third).toMatchObject({ requests: [CREATE, REMOVE], previous: second.current });
  expect(third.keys).toEqual([second.current, third.current]);
  expect(third.validUntil).toBe(`${DAY}21T06:00:00Z`);
  const after = await up(stack, at("21T06", { protect: true }));
  expect(after).toMatchObject({ requests: [REMOVE], keys: [third.current] });
  // A consumer may still have the first key until the end of the run.
  expect(mostKeys).toBe(3);
  expect(faults).toEqual([]);

  expect((await engine.project.destroy("unattended")).exitCode).not.toBe(0);
  expect(engine.simulator.account().keys()).toHaveLength(1);
});

itOnce(
  "an account without room for a third key refuses the rotation, which succeeds without the oldest",
  async () => {
    const stack = await engine.stack("capped", at("01T06"));
    const account = engine.simulator.account();
    const first = await up(stack, at("01T06"));
    const second = await up(stack, at("04T06"));
    const { keyCap } = account;
    account.keyCap = 2;
    try {
      stack.setProgram(at("20T06"));
      await expect(stack.up()).rejects.toThrow("allows no more proxy keys");
      expect(account.keys().map(({ key }) => key)).toEqual([first.current, second.current]);
      const oldest = (await engine.keysInState("capped"))["bot-0"]?.urn ?? "";
      expect(await engine.project.destroy("capped", ["--target", oldest])).toMatchObject({ exitCode: 0 });
      engine.takeRequests();
      const third = await up(stack, at("20T06"));
      expect(third).toMatchObject({ requests: [CREATE], keys: [second.current, third.current] });
    } finally {
      account.keyCap = keyCap;
    }
  },
);

const RECORD = IS_PLUGIN ? "electronhub:index:Rotation" : "pulumi-nodejs:dynamic/electronhub:Rotation";

// One implementation serves both doors.
it.each(IS_PLUGIN ? ["bot-even"] : ["bot", "bot-odd", "bot-even"])(
  "the record %s that is replaced by command costs no key",
  async (record) => {
    const name = `record-${record}`;
    const stack = await engine.stack(name, at("01T06"));
    const first = await up(stack, at("01T06"));
    const second = await up(stack, at("04T06"));
    const records = await engine.project.resources(name, RECORD);
    expect(records).toHaveLength(3);
    const replace = records.flatMap(({ urn }) => (urn.endsWith(`::${record}`) ? [urn] : []));
    stack.setProgram(at("04T07"));
    await stack.up({ replace });
    expect(published).toBe(second.current);
    expect(engine.takeRequests()).toEqual([]);
    expect(await up(stack, at("04T08"))).toMatchObject({
      requests: [],
      current: second.current,
      previous: first.current,
    });
  },
);

it("records that are replaced by command one after the other take no key away", async () => {
  const stack = await engine.stack("records", at("01T06"));
  const first = await up(stack, at("01T06"));
  const second = await up(stack, at("04T06"));
  const records = await engine.project.resources("records", RECORD);
  for (const { urn } of records) {
    stack.setProgram(at("04T07"));
    await stack.up({ replace: [urn] });
    expect(engine.takeRequests()).not.toContain(REMOVE);
  }
  const onAccount = engine.simulator
    .account()
    .keys()
    .map(({ key }) => key);
  expect(onAccount).toEqual(expect.arrayContaining([first.current, second.current]));
});

it("a rename costs no key, and a removed key is made anew", async () => {
  const stack = await engine.stack("renamed", at("01T06"));
  const first = await up(stack, at("01T06"));
  const second = await up(stack, at("04T06"));
  const renamed = at("04T08", { aliases: [{ name: "bot" }] }, {}, "robot");
  expect(await up(stack, renamed)).toMatchObject({
    requests: [],
    current: second.current,
    previous: first.current,
  });

  engine.simulator.account().removeKey(second.current);
  published = undefined;
  await stack.refresh();
  engine.takeRequests();
  const healed = await up(stack, renamed);
  expect(healed).toMatchObject({ requests: [CREATE], keys: [first.current, healed.current] });
  await engine.expectNoChange(stack);
  const over = await up(stack, at("06T08", {}, {}, "robot"));
  expect(over).toMatchObject({ requests: [REMOVE], keys: [healed.current] });
});

it("what depends on the component starts after the key exists, and is deleted before it", async () => {
  const dependent = (day: string) => async () => {
    const outer = new Outer("outer", `${DAY}${day}:00:00Z`);
    declare("consumer", { budget: 1 }, { dependsOn: [outer.bot] });
    declare("outside", { budget: 2 }, { dependsOn: outer });
  };
  /** The names of the keys in the journal, without their random part. */
  const story = () =>
    engine.takeJournal().map(({ path, body }) => {
      const { name, proxy_key: key } = body as { name?: string; proxy_key?: string };
      const verb = path.split("/").at(-1);
      return `${verb} ${name?.replace(/-[a-z2-7]{7}$/, "") ?? nameOf.get(String(key))}`;
    });
  const nameOf = new Map<string, string>();
  const stack = await engine.stack("dependent", dependent("01T06"));
  const run = async (day: string) => {
    stack.setProgram(dependent(day));
    await stack.preview();
    await stack.up();
    for (const { key, name } of engine.simulator.account().keys())
      nameOf.set(key, name.replace(/-[a-z2-7]{7}$/, ""));
    return story();
  };

  const first = await run("01T06");
  expect(first[0]).toBe("create bot-0");
  expect(first.slice(1).toSorted()).toEqual(["create consumer", "create outside"]);
  // Overlap, and then a rotation that no run prepared.
  expect(await run("04T06")).toEqual(["create bot-1"]);
  expect(await run("20T06")).toEqual(["create bot-2", "remove bot-0"]);
  const { consumer, outside } = await engine.keysInState("dependent");
  for (const { dependencies } of [consumer, outside] as { dependencies?: string[] }[])
    // Through the plugin only the engine knows the component's children.
    expect(dependencies).toEqual(
      expect.arrayContaining([expect.stringMatching(IS_PLUGIN ? /::bot$/ : /::bot-2$/)]),
    );

  expect(await engine.project.destroy("dependent")).toMatchObject({ exitCode: 0 });
  const last = story();
  expect(last.slice(0, 2).toSorted()).toEqual(["remove consumer", "remove outside"]);
  expect(last.slice(2).toSorted()).toEqual(["remove bot-1", "remove bot-2"]);
});

/** A component that holds a rotating key. */
class Outer extends pulumi.ComponentResource {
  readonly bot: RotatingProxyKey;

  constructor(name: string, now: string) {
    super("test:index:Outer", name);
    const schedule = { rotateEvery: "3d", overlap: "1d", now };
    this.bot = declareRotating("bot", { budget: 10, ...schedule }, { parent: this });
  }
}
