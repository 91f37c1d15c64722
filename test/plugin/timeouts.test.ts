import { expect, it } from "vitest";
import { declare, diagnosticsOf, useEngine } from "../engine/fixture";
import { expectFailure } from "../support/engine";

const engine = useEngine([{ name: "main" }, { name: "limited" }]);

it("an operation that would wait longer than the resource's option `customTimeouts` fails, and names the option", async () => {
  const { simulator, project } = engine;
  const declared = (budget: number) => async () => {
    const customTimeouts = { create: "5s", update: "6s", delete: "7s" };
    declare("slow", { budget }, { customTimeouts });
  };
  const raise = "Or raise the resource's option `customTimeouts`.";
  const stack = await engine.stack("slow", declared(10));
  await stack.up();
  const failing = simulator.inject({ status: 500, headers: { "retry-after": "20" }, times: Infinity });
  stack.setProgram(declared(20));
  const updated = diagnosticsOf((await expectFailure(stack.up())).output);
  expect(updated).toMatch(/Waiting another 20 s would exceed the resource's timeout of 6 s\./);
  expect(updated).toContain(raise);
  const destroyed = diagnosticsOf((await project.destroy("slow")).output);
  expect(destroyed).toMatch(/Waiting another 20 s would exceed the resource's timeout of 7 s\./);
  expect(destroyed).toContain(raise);
  expect(Object.keys(await engine.keysInState("slow"))).toEqual(["slow"]);
  failing.remove();
  expect(await project.destroy("slow")).toMatchObject({ exitCode: 0 });
  expect(simulator.account().keys()).toEqual([]);

  simulator.inject({
    on: { path: "/auth/proxy/create" },
    status: 429,
    headers: { "retry-after": "600" },
    body: { error: { message: "Rate limit exceeded", type: "error", param: null, code: 429 } },
  });
  const limited = await engine.stack("limited", declared(10), { config: engine.config("limited") });
  const created = diagnosticsOf((await expectFailure(limited.up())).output);
  expect(created).toMatch(
    /Cannot create proxy key "slow-.{7}": .*and waiting for it would exceed the resource's timeout of 5 s\./,
  );
  expect(created).toContain(raise);
  expect(await engine.keysInState("limited")).toEqual({});
});
