import { expect, it } from "vitest";
import { useExample } from "./fixture";

const example = useExample(() => import("../../examples/quickstart/index.ts"));

it("makes one key, hands it out as a secret, changes nothing the next time, and removes it", async () => {
  const { account, project } = example;
  const balance = account.balance;
  const stack = await example.stack("dev");

  const up = await stack.up();
  expect(up.changes).toEqual({ create: 2 });
  expect(account.keys()).toHaveLength(1);
  const [made] = account.keys();
  expect(made).toMatchObject({
    name: expect.stringMatching(/^ci-bot-[a-z2-7]{7}$/),
    allocatedAmount: 25,
    limitType: "monthly",
    modelWhitelist: ["gpt-4o", "gpt-4o-mini"],
    isActive: true,
  });
  expect(up.outputs).toEqual({
    key: { value: made?.key, secret: true },
    fingerprint: { value: expect.stringMatching(/^pk-[0-9a-f]{16}$/), secret: false },
  });
  expect(up.output).not.toContain(made?.key);

  expect((await stack.preview()).changes).toEqual({ same: 2 });

  expect(await project.destroy("dev")).toMatchObject({ exitCode: 0 });
  expect(account.keys()).toEqual([]);
  expect(account.balance).toBe(balance);
});
