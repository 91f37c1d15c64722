import { expect, it } from "vitest";
import { useExample } from "./fixture";

const example = useExample(() => import("../../examples/expiry/index.ts"));

it("makes keys that end, and that nothing changes before they are due", async () => {
  const stack = await example.stack("expiry");
  const { outputs } = await stack.up();
  const days = (instant: unknown) => Math.round((Date.parse(String(instant)) - Date.now()) / 86_400_000);
  expect([days(outputs["workshopEnds"]?.value), days(outputs["partnerEnds"]?.value)]).toEqual([30, 90]);
  expect(example.account.keys()).toHaveLength(2);
  expect((await stack.preview()).changes).toEqual({ same: 3 });
  expect(await example.project.destroy("expiry")).toMatchObject({ exitCode: 0 });
  expect(example.account.keys()).toEqual([]);
});
