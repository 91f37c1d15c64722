import { join } from "node:path";
import { expect, it } from "vitest";
import { CREATE, declare, UPDATE, useEngine } from "../engine/fixture";

const engine = useEngine();

it("a saved plan fits, also where other resources use what its `up` generates", async () => {
  const plan = join(engine.project.folders.temporary, "saved.plan");
  const stack = await engine.stack("saved", async () => {
    const first = declare("first", { budget: 1, expiresIn: "30d", renewBefore: "1d" });
    const name = first.name.apply((name) => `of ${name}`.slice(0, 25));
    const second = declare("second", { budget: 1, name, expiresAt: first.expiresAt });
    return { name: second.name, expiresAt: second.expiresAt };
  });
  expect((await stack.preview({ plan })).changes).toEqual({ create: 3 });
  expect(engine.takeRequests()).toEqual([]);
  // Another process, at another time.
  const { outputs } = await stack.up({ plan });
  expect(engine.takeRequests()).toEqual([CREATE, CREATE, UPDATE]);
  const [first, second] = engine.simulator.account().keys();
  expect(second).toMatchObject({ name: `of ${first?.name}`, expiresAtUnixS: first?.expiresAtUnixS });
  expect(outputs["name"]?.value).toBe(second?.name);
  await engine.expectNoChange(stack);
});
