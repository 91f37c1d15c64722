import { expect, it } from "vitest";
import { useExample } from "./fixture";

const example = useExample(() => import("../../examples/adopt/index.ts"));

it("takes over the key that was made by hand, changes nothing the next time, and removes it", async () => {
  const { account, project, simulator } = example;
  const { key } = account.addKey({ name: "made by hand", allocatedAmount: 3 });
  const stack = await example.stack("prod");
  await stack.setConfig({ legacyKey: { value: key, secret: true } });
  const up = await stack.up();
  expect(up.changes).toEqual({ create: 2 });
  expect(up.outputs).toMatchObject({
    name: { value: "made by hand", secret: false },
    fingerprint: { value: expect.stringMatching(/^pk-[0-9a-f]{16}$/), secret: false },
  });
  expect(simulator.requests()).toEqual(["POST /auth/proxy/lookup", "POST /auth/proxy/update"]);
  expect(account.keys()).toMatchObject([
    { key, name: "made by hand", allocatedAmount: 25, limitType: "monthly", modelWhitelist: ["gpt-4o-mini"] },
  ]);
  expect((await stack.preview()).changes).toEqual({ same: 2 });
  expect(project.transcript).not.toContain(key);

  expect(await project.destroy("prod")).toMatchObject({ exitCode: 0 });
  expect(account.keys()).toEqual([]);
});
