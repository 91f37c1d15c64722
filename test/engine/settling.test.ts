import { expect, it } from "vitest";
import { program, UPDATE, useEngine } from "./fixture";

const engine = useEngine();
const ROUNDED = { allocatedAmount: 1.23, modelWhitelist: ["gpt-4o"], expiresAtUnixS: 1_899_999_960 };

it("a value that the API rounds or respells shows no change, and one that was changed outside does", async () => {
  const account = engine.simulator.account();
  const declared = { budget: 1.234_56, models: ["GPT-4o"], expiresAt: "2030-03-17T17:46:40Z" };
  const stack = await engine.stack("rounded", program({ web: declared }));
  await stack.up();
  const { web: key = "" } = await engine.secretKeys("rounded");
  account.updateKey(key, ROUNDED);
  expect((await stack.refresh()).changes).toEqual({ same: 2 });
  engine.takeRequests();
  await engine.expectNoChange(stack);

  stack.setProgram(program({ web: { ...declared, budget: 1.239 } }));
  expect((await stack.up()).changes).toEqual({ update: 1, same: 1 });
  account.updateKey(key, ROUNDED);
  await stack.refresh();
  engine.takeRequests();
  await engine.expectNoChange(stack);

  account.updateKey(key, { ...ROUNDED, modelWhitelist: [] });
  await stack.refresh();
  engine.takeRequests();
  expect((await stack.up()).changes).toEqual({ update: 1, same: 1 });
  expect(engine.takeRequests()).toEqual([UPDATE]);

  // The schema refuses a new budget of 0. The program declares what the key has.
  account.updateKey(key, { allocatedAmount: 0 });
  await stack.refresh();
  stack.setProgram(program({ web: { ...declared, budget: 0 } }));
  engine.takeRequests();
  await engine.expectNoChange(stack);
});
