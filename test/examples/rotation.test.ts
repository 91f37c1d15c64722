import { expect, it } from "vitest";
import { useExample } from "./fixture";

const example = useExample(() => import("../../examples/rotation/index.ts"));

it("makes a new key with the new month, and removes the old one", async () => {
  const { account, project, simulator } = example;
  const stack = await example.stack("dev");
  await stack.setConfig({ month: { value: "2026-01" } });
  const first = await stack.up();
  expect((await stack.preview()).changes).toEqual({ same: 2 });

  await stack.setConfig({ month: { value: "2026-02" } });
  simulator.clearJournal();
  const second = await stack.up();
  expect(second.changes).toEqual({ replace: 1, same: 1 });
  expect(simulator.requests()).toEqual(["POST /auth/proxy/create", "POST /auth/proxy/remove"]);
  expect(second.outputs["key"]?.value).not.toBe(first.outputs["key"]?.value);
  expect(second.outputs["key"]).toEqual({ value: account.keys()[0]?.key, secret: true });
  expect(account.keys()).toHaveLength(1);

  expect(await project.destroy("dev")).toMatchObject({ exitCode: 0 });
  expect(account.keys()).toEqual([]);
});
