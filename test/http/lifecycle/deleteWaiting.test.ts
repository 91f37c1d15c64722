import { describe, expect, it } from "vitest";
import { fingerprintOf } from "../../../provider/lifecycle/schema/state";
import { createFixture, PATHS, refusal, rejection, sent } from "../fixture";

/** A deletion that is refused for the rate, and what the rest of the run does before it is sent again. */
async function whileWaiting(
  meanwhile: (fixture: Awaited<ReturnType<typeof createFixture>>, key: string) => Promise<unknown>,
) {
  const fixture = await createFixture();
  // The key is of an earlier run.
  const { key } = fixture.simulator.account().addKey({ name: "web" });
  const { id, props } = await fixture.lifecycle.read(fingerprintOf(key), { key });
  const refused = fixture.simulator.inject({
    on: { path: PATHS.remove },
    ...refusal(429, "Too many"),
    hold: true,
  });
  const deletion = fixture.lifecycle.delete(id ?? "", props ?? {});
  await refused.reached();
  await meanwhile(fixture, key);
  refused.release();
  return { fixture, deletion, key };
}

describe("a deletion that waits for the rate limit", () => {
  it("leaves the key to the resource that adopted it meanwhile", async () => {
    const { fixture, deletion, key } = await whileWaiting(async ({ declare, lifecycle }, adopt) => {
      const { id } = await lifecycle.create(await declare({ adopt, __resourceName: "after" }));
      expect(id).toMatch(/^pk-/);
    });
    await deletion;
    expect(sent(fixture).filter((call) => call === "remove")).toHaveLength(1);
    expect(fixture.simulator.account().findKey(key)).toBeDefined();
  });

  it("is not sent again once another operation of the run has failed", async () => {
    const { fixture, deletion, key } = await whileWaiting(async ({ declare, lifecycle, simulator }) => {
      simulator.inject({ on: { path: PATHS.create }, ...refusal(402, "Insufficient balance") });
      await rejection(lifecycle.create(await declare({ __resourceName: "other" })));
    });
    const { message } = await rejection(deletion);
    expect(message).toMatch(/Another operation of this run failed/);
    expect(sent(fixture).filter((call) => call === "remove")).toHaveLength(1);
    expect(fixture.simulator.account().findKey(key)).toBeDefined();
  });
});
