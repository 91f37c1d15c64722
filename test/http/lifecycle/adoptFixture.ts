import { DynamicProvider } from "../../../provider/dynamic/dynamicProvider";
import type { Dependencies } from "../../../provider/lifecycle/accountContext";
import type { OutsideKey } from "../../../provider/testing";
import { createWorld, type World } from "../fixture";

const MADE_OUTSIDE: OutsideKey = {
  name: "made by hand",
  allocatedAmount: 3,
  limitType: "monthly",
  modelWhitelist: ["o3"],
  ipWhitelist: ["10.0.0.0/8"],
};

/** A world with a key that was created outside Pulumi, and the inputs that adopt it. */
export async function handMade(args: Record<string, unknown> = {}, outside: Partial<OutsideKey> = {}) {
  const world = await createWorld();
  const account = world.simulator.account();
  const { key } = account.addKey({ ...MADE_OUTSIDE, ...outside });
  const inputs = await world.declare({ adopt: key, ...args });
  return { world, account, key, inputs, adopt: () => world.lifecycle.create(inputs) };
}

/** Another plugin process on the same account. */
export function laterRun(
  { simulator, clock, transport }: World,
  dependencies: Partial<Dependencies> = {},
): DynamicProvider {
  return new DynamicProvider({
    ...dependencies,
    clock,
    random: () => 0.5,
    randomBytes: (count) => Buffer.alloc(count, 9),
    transport,
    environment: {
      ELECTRONHUB_API_KEY: simulator.account().apiKey,
      ELECTRONHUB_BASE_URL: simulator.baseUrl,
    },
  });
}
