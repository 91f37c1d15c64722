import { DynamicProvider } from "../../../provider/dynamic/dynamicProvider";
import type { Dependencies } from "../../../provider/lifecycle/accountContext";
import type { OutsideKey } from "../../../provider/testing";
import { createFixture, type Fixture } from "../fixture";

const MADE_OUTSIDE: OutsideKey = {
  name: "made by hand",
  allocatedAmount: 3,
  limitType: "monthly",
  modelWhitelist: ["o3"],
  ipWhitelist: ["10.0.0.0/8"],
};

/** What lifts its restrictions: an adoption that does not mention them is refused. */
const LIFTED = { models: "all", allowedIps: "any" };

/** A fixture with a key that was created outside Pulumi, and the inputs that adopt it. */
export async function handMade(args: Record<string, unknown> = {}, outside: Partial<OutsideKey> = {}) {
  const fixture = await createFixture();
  const account = fixture.simulator.account();
  const { key } = account.addKey({ ...MADE_OUTSIDE, ...outside });
  const inputs = await fixture.declare({ adopt: key, ...LIFTED, ...args });
  return { fixture, account, key, inputs, adopt: () => fixture.lifecycle.create(inputs) };
}

/** Another plugin process on the same account. */
export function laterRun(
  { simulator, clock, transport }: Fixture,
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
