import type * as pulumi from "@pulumi/pulumi";
import type { UpOptions } from "@pulumi/pulumi/automation";
import { expect, it, vi } from "vitest";
import type { EngineStack } from "../support/engine";
import { declareRotating, IS_PLUGIN, itOnce, PROXY_KEY, resourceName, useEngine } from "./fixture";

const engine = useEngine();

/** Milliseconds: each test has up to five runs of the engine. */
vi.setConfig({ testTimeout: 300_000 });

const RECORD = IS_PLUGIN ? "electronhub:index:Rotation" : "pulumi-nodejs:dynamic/electronhub:Rotation";

/** A program whose clock stands at an instant of January 2026. */
function at(day: string, name = "bot", options?: pulumi.ComponentResourceOptions) {
  return async () => {
    const now = `2026-01-${day}:00:00Z`;
    const bot = declareRotating(name, { budget: 10, rotateEvery: "3d", overlap: "1d", now }, options);
    return { current: bot.current, previous: bot.previous };
  };
}

const keysOnAccount = () =>
  engine.simulator
    .account()
    .keys()
    .map(({ key }) => key);

/** Runs a stack's next program, and returns what it published. */
async function up(stack: EngineStack, program: ReturnType<typeof at>, options: UpOptions = {}) {
  stack.setProgram(program);
  const { outputs } = await stack.up(options);
  return { current: String(outputs["current"]?.value), previous: outputs["previous"]?.value ?? undefined };
}

/** A run in which no key can be created. */
async function failToRotate(stack: EngineStack, program: ReturnType<typeof at>) {
  const account = engine.simulator.account();
  const { balance } = account;
  account.balance = 0;
  stack.setProgram(program);
  await expect(stack.up()).rejects.toThrow("balance does not cover the budget");
  account.balance = balance;
}

/** The URNs of the component's keys and records of these names. */
async function urnsOf(stackName: string, names: readonly string[]) {
  const resources = await engine.project.resources(stackName);
  const children = resources.filter(({ type }) => type === PROXY_KEY || type === RECORD);
  return children.map(({ urn }) => urn).filter((urn) => names.includes(resourceName(urn)));
}

it("an up of the published key alone, after a rotation that failed, keeps it and publishes it again", async () => {
  const stack = await engine.stack("alone", at("01T06"));
  const first = await up(stack, at("01T06"));
  await failToRotate(stack, at("04T06"));
  const target = await urnsOf("alone", ["bot-0"]);
  expect(await up(stack, at("04T07"), { target })).toEqual(first);
  expect(keysOnAccount()).toEqual([first.current]);
  const rotated = await up(stack, at("04T08"));
  expect(rotated.previous).toBe(first.current);
  expect(keysOnAccount()).toEqual([first.current, rotated.current]);
});

it.each([[["bot"]], [["bot", "bot-odd", "bot-1"]]])(
  "an up of %j, when a rotation is due, leaves it to the next up",
  async (names) => {
    const name = `due-${names.length}`;
    const stack = await engine.stack(name, at("01T06"));
    await up(stack, at("01T06"));
    const second = await up(stack, at("04T06"));
    const target = await urnsOf(name, names);
    expect(target).toHaveLength(names.length);
    expect(await up(stack, at("08T06"), { target })).toMatchObject({ current: second.current });
    expect(keysOnAccount()).toContain(second.current);
    const third = await up(stack, at("08T07"));
    expect(third.previous).toBe(second.current);
    expect(keysOnAccount()).toEqual([second.current, third.current]);
  },
);

it("a rename in an up that fails to rotate keeps the published key through its overlap", async () => {
  const stack = await engine.stack("renamed", at("01T06"));
  const first = await up(stack, at("01T06"));
  const renamed = (day: string) => at(day, "robot", { aliases: [{ name: "bot" }] });
  await failToRotate(stack, renamed("04T06"));
  const second = await up(stack, renamed("04T07"));
  expect(second.previous).toBe(first.current);
  expect(keysOnAccount()).toEqual([first.current, second.current]);
  engine.takeRequests();
  await engine.expectNoChange(stack);
});

itOnce("two records that are replaced by command during an overlap end it no earlier", async () => {
  const stack = await engine.stack("replaced", at("01T06"));
  await up(stack, at("01T06"));
  const second = await up(stack, at("04T06"));
  const third = await up(stack, at("07T06"));
  const replace = await urnsOf("replaced", ["bot", "bot-odd"]);
  expect(await up(stack, at("07T16"), { replace })).toEqual(third);
  expect(keysOnAccount()).toEqual(expect.arrayContaining([second.current, third.current]));
  const fourth = await up(stack, at("08T16"));
  expect(fourth.previous).toBe(third.current);
  expect(keysOnAccount()).toEqual([third.current, fourth.current]);
});
