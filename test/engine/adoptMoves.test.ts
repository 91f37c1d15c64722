import type { ProxyKeyArgs } from "pulumi-electronhub";
import { beforeEach, describe, expect, it } from "vitest";
import { expectFailure, type EngineStack } from "../support/engine";
import { accountOf, declare, itOnce, program, REMOVE, UPDATE, urnOf, useEngine } from "./fixture";

/** The balance covers every key but one of 9,999 credits: its creation fails. */
const engine = useEngine([{ name: "main", balance: 1_000 }]);
const FAILS = { budget: 9_999 };

const keysOnAccount = () =>
  engine.simulator
    .account()
    .keys()
    .map(({ key }) => key);

let name = "";
let count = 0;
beforeEach(() => {
  name = `move${++count}`;
});

/** A program with a key `after`, and one that is created once that is done. */
function after(args: Partial<ProxyKeyArgs>, other: object) {
  return async () => {
    const first = declare("after", { budget: 10, ...args });
    declare("other", { budget: 10, ...other }, { dependsOn: [first] });
  };
}

/** A stack with a key of the resource `before`. */
async function withBefore(): Promise<{ stack: EngineStack; key: string }> {
  const stack = await engine.stack(name, program({ before: {} }));
  await stack.up();
  const { before: key = "" } = await engine.secretKeys(name);
  engine.takeRequests();
  return { stack, key };
}

async function expectOnly(resource: string, key: string, stack: EngineStack): Promise<void> {
  expect(keysOnAccount()).toContain(key);
  expect(await engine.secretKeys(name)).toMatchObject({ [resource]: key });
  expect(Object.keys(await engine.keysInState(name))).not.toContain("before");
  await engine.expectNoChange(stack);
  await engine.project.destroy(name);
  expect(keysOnAccount()).toEqual([]);
}

describe("a key that moves to another resource by `adopt`, in an `up` that fails elsewhere", () => {
  itOnce.each<[string, Partial<ProxyKeyArgs> | undefined]>([
    ["stays when the next `up` deletes the resource that had it", undefined],
    ["stays when `adopt` is left out of the program before the next `up`", { adopt: undefined as never }],
  ])("%s", async (_, changed) => {
    const { stack, key } = await withBefore();
    stack.setProgram(after({ adopt: key }, FAILS));
    await expectFailure(stack.up());
    expect(Object.keys(await engine.keysInState(name))).toEqual(["after", "before"]);
    engine.takeRequests();

    stack.setProgram(after(changed ? {} : { adopt: key }, {}));
    const { output } = await stack.up();
    expect(engine.takeRequests()).not.toContain(REMOVE);
    expect(output).toMatch(/stays on the account: another resource of the program has it/);
    await expectOnly("after", key, stack);
  });

  it("stays through several failures, and a refresh before the last `up`", async () => {
    const { stack, key } = await withBefore();
    stack.setProgram(after({ adopt: key }, FAILS));
    await expectFailure(stack.up());
    stack.setProgram(after({ budget: 11 }, FAILS));
    await expectFailure(stack.up());
    stack.setProgram(after({ budget: 12 }, {}));
    await stack.up({ refresh: true });
    expect(engine.takeRequests()).not.toContain(REMOVE);
    await expectOnly("after", key, stack);
  });

  itOnce("is removed by a destroy that finds it in both resources", async () => {
    const { stack, key } = await withBefore();
    stack.setProgram(after({ adopt: key }, FAILS));
    await expectFailure(stack.up());
    expect((await engine.project.destroy(name)).exitCode).toBe(0);
    expect(keysOnAccount()).toEqual([]);
    expect(await engine.keysInState(name)).toEqual({});
  });
});

describe("a resource that adopts its key and is replaced by command", () => {
  const legacy = (key: string, other: object, options = {}) => {
    return async () => {
      declare("legacy", { budget: 5, adopt: key }, options);
      declare("other", { budget: 10, ...other });
    };
  };

  itOnce("keeps the key through two runs that fail elsewhere", async () => {
    const { key } = engine.simulator.account().addKey({ name: "by hand", allocatedAmount: 3 });
    const stack = await engine.stack(name, legacy(key, {}));
    await stack.up();
    stack.setProgram(legacy(key, FAILS));
    const replace = [urnOf(engine, name, "legacy")];
    await expectFailure(stack.up({ replace }));
    await expectFailure(stack.up({ replace }));
    stack.setProgram(async () => {
      declare("legacy", { budget: 5 });
      declare("other", { budget: 7 });
    });
    await stack.up();
    expect(engine.takeRequests()).not.toContain(REMOVE);
    await expectOnly("legacy", key, stack);
  });

  it("keeps the key and the resource with deleteBeforeReplace", async () => {
    const { key } = engine.simulator.account().addKey({ name: "by hand", allocatedAmount: 3 });
    const stack = await engine.stack(name, legacy(key, {}, { deleteBeforeReplace: true }));
    await stack.up();
    engine.takeRequests();
    const { output } = await expectFailure(stack.up({ replace: [urnOf(engine, name, "legacy")] }));
    expect(output).toMatch(/leave `deleteBeforeReplace` or `adopt` out/);
    expect(engine.takeRequests()).toEqual([]);
    await stack.up();
    await expectOnly("legacy", key, stack);
  });
});

describe("an `up` with continueOnError that fails elsewhere", () => {
  it("removes no key that the program may still declare", async () => {
    const { stack, key } = await withBefore();
    stack.setProgram(async () => {
      const failing = declare("failing", FAILS);
      declare("after", { budget: 10, adopt: key }, { dependsOn: [failing] });
    });
    await expectFailure(stack.up({ continueOnError: true }));
    expect(keysOnAccount()).toEqual([key]);
    expect(Object.keys(await engine.keysInState(name))).toEqual(["before"]);
    stack.setProgram(after({ adopt: key }, {}));
    await stack.up();
    expect(engine.takeRequests()).not.toContain(REMOVE);
    await expectOnly("after", key, stack);
  });
});

describe("a key that moves to a resource of an explicit provider for the same account", () => {
  const moved = (key: string, other: object, options: { adopts: boolean } = { adopts: true }) => {
    const { apiKey } = engine.simulator.account();
    const { baseUrl } = engine.simulator;
    return async () => {
      const provider = accountOf("explicit", { apiKey, baseUrl });
      const args = { budget: 10, ...(options.adopts ? { adopt: key } : {}) };
      const first = declare("after", args, { provider });
      declare("other", { budget: 10, ...other }, { dependsOn: [first] });
    };
  };

  it("stays in the `up` that moves it", async () => {
    const { stack, key } = await withBefore();
    stack.setProgram(moved(key, {}));
    await stack.up();
    expect(engine.takeRequests()).not.toContain(REMOVE);
    await expectOnly("after", key, stack);
  });

  it.each([true, false])(
    "stays when that `up` fails elsewhere, `adopt` kept afterwards: %s",
    async (adopts) => {
      const { stack, key } = await withBefore();
      stack.setProgram(moved(key, FAILS));
      await expectFailure(stack.up());
      stack.setProgram(moved(key, {}, { adopts }));
      await stack.up();
      expect(engine.takeRequests()).not.toContain(REMOVE);
      await expectOnly("after", key, stack);
    },
  );
});

describe("one key in two declared resources", () => {
  it("is refused when the second adopts it in a later run, and neither loses it", async () => {
    const { key } = engine.simulator.account().addKey({ name: "by hand", allocatedAmount: 3 });
    const one = { one: { adopt: key } };
    const stack = await engine.stack(name, program(one));
    await stack.up();
    engine.takeRequests();
    stack.setProgram(program({ ...one, two: { adopt: key, models: ["o3"] } }));
    const { output } = await expectFailure(stack.preview());
    expect(output).toMatch(/another resource of this program has or adopts as well/);
    await expectFailure(stack.up());
    expect(engine.takeRequests()).toEqual([]);
    stack.setProgram(program(one));
    await expectOnly("one", key, stack);
  });

  itOnce("is refused when the first one created it", async () => {
    const { stack, key } = await withBefore();
    stack.setProgram(program({ before: {}, two: { adopt: key, models: ["o3"] } }));
    await expectFailure(stack.preview());
    await expectFailure(stack.up());
    // The engine may check the second resource first: then its key is looked up before the conflict shows.
    expect(engine.takeRequests()).not.toContain(UPDATE);
    stack.setProgram(program({ before: {} }));
    await engine.expectNoChange(stack);
    expect(keysOnAccount()).toEqual([key]);
  });
});
