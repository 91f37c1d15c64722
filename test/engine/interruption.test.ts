import { expect, it } from "vitest";
import { endProcesses } from "../support/processes";
import { allReached, program, REMOVE, times, useEngine } from "./fixture";

const engine = useEngine();

/** Destroys a stack of five keys one by one, and stops in the middle of the second removal. */
async function destroyUntilTheSecond(stackName: string) {
  const stack = await engine.stack(stackName, program({ one: {}, two: {}, three: {}, four: {}, five: {} }));
  await stack.up();
  engine.takeRequests();
  const second = engine.simulator.inject({ on: { path: "/auth/proxy/remove" }, skip: 1, hold: true });
  const args = ["destroy", "--yes", "--skip-preview", "--stack", stackName, "--parallel", "1"];
  const destroy = engine.project.spawn(args);
  await allReached([second], destroy.done);
  expect(engine.simulator.account().keys()).toHaveLength(4);
  return { destroy, second };
}

async function expectNothingLeft(stackName: string) {
  expect(engine.simulator.account().keys()).toEqual([]);
  expect(await engine.project.resources(stackName)).toEqual([]);
  expect(await engine.project.pendingOperations(stackName)).toEqual([]);
}

it("Ctrl-C ends a destroy after the removal in flight; the next one removes the rest", async () => {
  const { destroy, second } = await destroyUntilTheSecond("interrupted");
  destroy.kill("SIGINT");
  await destroy.waitForOutput(/cancelling/i);
  second.release();
  // Its exit code says nothing: the engine (3.259.0) calls an interrupted destroy a success.
  await destroy.done;
  expect(engine.takeRequests()).toEqual(times(2, REMOVE));
  expect(engine.simulator.account().keys()).toHaveLength(3);
  expect(Object.keys(await engine.keysInState("interrupted"))).toHaveLength(3);

  expect(await engine.project.destroy("interrupted")).toMatchObject({ exitCode: 0 });
  expect(engine.takeRequests()).toEqual(times(3, REMOVE));
  await expectNothingLeft("interrupted");
});

it("a killed destroy loses no key; the next one finds the removed one gone", async () => {
  const { destroy, second } = await destroyUntilTheSecond("killed");
  destroy.kill("SIGKILL");
  expect(await destroy.done).toMatchObject({ exitCode: null, signal: "SIGKILL" });
  endProcesses(destroy.orphans);
  second.release();
  // The request was on its way: the API does what it asks, and no process receives the response.
  await expect.poll(() => engine.simulator.account().keys()).toHaveLength(3);
  expect(engine.takeRequests()).toEqual(times(2, REMOVE));
  expect(Object.keys(await engine.keysInState("killed"))).toHaveLength(4);

  const locked = await engine.project.destroy("killed");
  expect(locked.exitCode).not.toBe(0);
  expect(locked.output).toMatch(/pulumi cancel/);
  expect(engine.takeRequests()).toEqual([]);

  expect(await engine.project.pulumi(["cancel", "--yes", "--stack", "killed"])).toMatchObject({
    exitCode: 0,
  });
  expect(await engine.project.destroy("killed")).toMatchObject({ exitCode: 0 });
  const journal = engine.takeJournal();
  expect(journal.map(({ path }) => path)).toEqual(times(4, "/auth/proxy/remove"));
  expect(journal.filter(({ status }) => status === 404)).toHaveLength(1);
  await expectNothingLeft("killed");
});
