import { expect, it } from "vitest";
import type { ProxyKeyArgs } from "pulumi-electronhub";
import { expectFailure } from "../support/engine";
import { CREATE, declare, declareRotating, LIST, REMOVE, times, useEngine } from "./fixture";

const engine = useEngine();

const labels = { owner: "team-a", purpose: "nightly evaluation", ticket: "OPS-17" };

const labelsInState = async (stack: string) =>
  Object.values(await engine.keysInState(stack)).map(({ inputs, outputs }) => [
    inputs?.["labels"],
    outputs?.["labels"],
  ]);

it("labels change without a request, survive a refresh, and are the same in any order and when there are none", async () => {
  const key = (of: ProxyKeyArgs["labels"]) => async () => ({
    labels: declare("bot", { budget: 10, ...(of === undefined ? {} : { labels: of }) }).labels,
  });
  const stack = await engine.stack("changing", key(labels));
  const created = await stack.up();
  expect(created.outputs["labels"]).toEqual({ value: labels, secret: false });
  expect(engine.takeRequests()).toEqual([CREATE]);
  stack.setProgram(key(Object.fromEntries(Object.entries(labels).toReversed())));
  await engine.expectNoChange(stack);

  stack.setProgram(key({ owner: "team-b", ticket: "OPS-17" }));
  expect((await stack.up()).changes).toEqual({ same: 1, update: 1 });
  expect(engine.takeRequests()).toEqual([]);
  await stack.refresh();
  expect(engine.takeRequests()).toEqual([LIST]);
  const changed = { owner: "team-b", ticket: "OPS-17" };
  expect(await labelsInState("changing")).toEqual([[changed, changed]]);
  await engine.expectNoChange(stack);

  stack.setProgram(key({}));
  expect((await stack.up()).changes).toEqual({ same: 1, update: 1 });
  expect(await labelsInState("changing")).toEqual([[undefined, undefined]]);
  await engine.expectNoChange(stack);
  stack.setProgram(key(undefined));
  await engine.expectNoChange(stack);
  await stack.refresh();
  stack.setProgram(key({}));
  expect(engine.takeRequests()).toEqual([LIST]);
  await engine.expectNoChange(stack);
});

it("a saved plan changes labels, and `ignoreChanges` keeps them", async () => {
  const stack = await engine.stack("planned", async () => void declare("bot", { budget: 10, labels }));
  await stack.up();
  engine.takeRequests();
  const changed = { ...labels, owner: "team-b" };
  stack.setProgram(async () => void declare("bot", { budget: 10, labels: changed }));
  const plan = `${engine.project.folders.temporary}/labels.plan`;
  await stack.preview({ plan });
  expect((await stack.up({ plan })).changes).toEqual({ same: 1, update: 1 });
  expect(await labelsInState("planned")).toEqual([[changed, changed]]);
  for (const ignoreChanges of [["labels"], ["labels.owner", "labels.purpose"], ["*"]]) {
    const ignored = { owner: "team-c", purpose: "none", ticket: "OPS-17" };
    stack.setProgram(async () => void declare("bot", { budget: 10, labels: ignored }, { ignoreChanges }));
    await engine.expectNoChange(stack);
  }
  expect(engine.takeRequests()).toEqual([]);
});

it("a rotating key hands its labels on to the next key", async () => {
  const at = (day: string) => async () => {
    const rotation = { rotateEvery: "3d", overlap: "1d", now: `2026-01-${day}T00:00:00Z` };
    declareRotating("bot", { budget: 10, labels, ...rotation });
  };
  const stack = await engine.stack("rotating", at("01"));
  await stack.up();
  stack.setProgram(at("04"));
  await stack.up();
  expect(await labelsInState("rotating")).toEqual([
    [labels, labels],
    [labels, labels],
  ]);
  const resources = await engine.project.resources("rotating", "electronhub:index:RotatingProxyKey");
  expect(resources.map(({ inputs }) => inputs?.["labels"])).toEqual([labels]);
  expect(engine.takeRequests()).toEqual(times(2, CREATE));
  await engine.expectNoChange(stack);
});

it("labels that hold a key are refused, and neither printed nor stored", async () => {
  const { key } = engine.simulator.account().addKey({ name: "outside" });
  const stack = await engine.stack("refused", async () => {
    declare("bot", { budget: 10, labels: { owner: "team-a", note: `see ${key}` } });
    const rotation = { rotateEvery: "3d", overlap: "1d" };
    declareRotating("rotating", { budget: 10, labels: { note: key }, ...rotation });
  });
  for (const operation of ["preview", "up"] as const) {
    const { output } = await expectFailure(stack[operation]());
    expect(output).toMatch(/labels must hold no key or password, and "note" looks like one/);
    expect(output).not.toContain(key);
  }
  const state = JSON.stringify(await engine.project.exportState("refused", { showSecrets: true }));
  expect(state).not.toContain(key);
  expect(engine.takeRequests()).not.toContain(REMOVE);
});
