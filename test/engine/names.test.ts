import { expect, it } from "vitest";
import { CREATE, program, REMOVE, times, UPDATE, urnOf, useEngine } from "./fixture";

const engine = useEngine();

const LONG = "a-very-long-resource-name-indeed";

it("generates a name, keeps it over updates, and creates a new one for a replacement", async () => {
  const budgeted = (budget: number) => program({ short: { budget }, [LONG]: { budget } });
  const stack = await engine.stack("generated", budgeted(1));
  await stack.up();
  const first = await namesOf("generated");
  expect(first["short"]).toMatch(/^short-[a-z2-7]{7}$/);
  expect(first[LONG]).toMatch(/^a-very-long-resou-[a-z2-7]{7}$/);
  expect(first[LONG]).toHaveLength(25);
  expect(namesOnAccount()).toEqual(Object.values(first).toSorted());
  engine.takeRequests();

  stack.setProgram(budgeted(2));
  await stack.up();
  expect(engine.takeRequests()).toEqual(times(2, UPDATE));
  expect(await namesOf("generated")).toEqual(first);
  expect(namesOnAccount()).toEqual(Object.values(first).toSorted());

  const replaced = await stack.up({
    replace: ["short", LONG].map((name) => urnOf(engine, "generated", name)),
  });
  expect(replaced.changes).toEqual({ replace: 2, same: 1 });
  expect(engine.takeRequests()).toEqual([...times(2, CREATE), ...times(2, REMOVE)]);
  const second = await namesOf("generated");
  expect(second["short"]).toMatch(/^short-[a-z2-7]{7}$/);
  expect(second[LONG]).toMatch(/^a-very-long-resou-[a-z2-7]{7}$/);
  expect(second["short"]).not.toBe(first["short"]);
  expect(second[LONG]).not.toBe(first[LONG]);
  expect(namesOnAccount()).toEqual(Object.values(second).toSorted());
  await engine.expectNoChange(stack);
});

it("uses an explicit name as it is, and keeps it when it is left out later", async () => {
  const stack = await engine.stack(
    "explicit",
    program({ explicit: { name: "Team A: bot (ünïcode)" }, later: {} }),
  );
  await stack.up();
  expect(await namesOf("explicit")).toEqual({
    explicit: "Team A: bot (ünïcode)",
    later: expect.stringMatching(/^later-[a-z2-7]{7}$/),
  });
  engine.takeRequests();

  stack.setProgram(program({ explicit: {}, later: { name: "picked" } }));
  await stack.up();
  expect(engine.takeRequests()).toEqual([UPDATE]);
  const picked = { explicit: "Team A: bot (ünïcode)", later: "picked" };
  expect(await namesOf("explicit")).toEqual(picked);
  expect(namesOnAccount()).toEqual(Object.values(picked));

  stack.setProgram(program({ explicit: {}, later: {} }));
  await engine.expectNoChange(stack);
});

async function namesOf(stack: string): Promise<Record<string, string>> {
  const keys = await engine.keysInState(stack);
  return Object.fromEntries(
    Object.entries(keys).map(([name, { outputs }]) => [name, String(outputs?.["name"])]),
  );
}

function namesOnAccount(): string[] {
  return engine.simulator
    .account()
    .keys()
    .map(({ name }) => name)
    .toSorted();
}
