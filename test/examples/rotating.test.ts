import { expect, it } from "vitest";
import { useExample } from "./fixture";

const example = useExample(() => import("../../examples/rotating/index.ts"));

it("rotates as its README says, and removes what it made", async () => {
  const { account, project } = example;
  const stack = await example.stack("prod");
  const upAt = async (now: string) => {
    await stack.setConfig({ "test:now": { value: now } });
    const { outputs } = await stack.up();
    return { key: outputs["key"]?.value as string, keys: account.keys().map(({ key }) => key) };
  };

  const first = await upAt("2030-01-01T00:00:00Z");
  expect(first.keys).toEqual([first.key]);
  const second = await upAt("2030-01-31T00:00:00Z");
  expect(second.keys).toEqual([first.key, second.key]);
  const third = await upAt("2030-02-03T00:00:00Z");
  expect(third).toEqual({ key: second.key, keys: [second.key] });

  expect(await project.destroy("prod")).toMatchObject({ exitCode: 0 });
  expect(account.keys()).toEqual([]);
});
