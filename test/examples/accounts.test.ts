import { expect, it, vi } from "vitest";
import { useExample } from "./fixture";

const example = useExample(() => import("../../examples/accounts/index.ts"));

it("makes each key on its own account, hands them out as secrets, and removes them", async () => {
  const { project, simulator } = example;
  vi.stubEnv("XDG_CACHE_HOME", project.folders.cache);
  const research = simulator.addAccount({ name: "research", balance: 1_000 });
  const support = simulator.addAccount({ name: "support", balance: 500 });
  const stack = await example.stack("dev");
  await stack.setConfig({
    "test:researchApiKey": { value: research.apiKey, secret: true },
    "test:supportApiKey": { value: support.apiKey, secret: true },
  });

  expect((await stack.up()).changes).toEqual({ create: 5 });
  const { changes, outputs, output } = await stack.up();
  expect(changes).toEqual({ same: 5 });
  expect(simulator.account("main").keys()).toEqual([]);
  const [evals] = research.keys();
  const [chat] = support.keys();
  expect(evals).toMatchObject({ allocatedAmount: 50, limitType: "weekly", modelWhitelist: [] });
  expect(chat).toMatchObject({ allocatedAmount: 5, modelWhitelist: ["gpt-4o-mini"] });
  expect(outputs).toEqual({
    keys: { value: { evals: evals?.key, chat: chat?.key }, secret: true },
    credits: { value: { research: 950, support: 495 }, secret: false },
  });
  expect(output).not.toContain(evals?.key);

  expect(await project.destroy("dev")).toMatchObject({ exitCode: 0 });
  expect([research.keys(), support.keys()]).toEqual([[], []]);
  vi.unstubAllEnvs();
});
