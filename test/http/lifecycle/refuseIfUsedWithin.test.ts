import { describe, expect, it } from "vitest";
import { DynamicProvider } from "../../../provider/dynamic/dynamicProvider";
import { createFixture, PATHS, refusal, rejection, sent, type Fixture } from "../fixture";

describe("refuseIfUsedWithin", () => {
  it("refuses while the key was used more recently, and looks before it says so", async () => {
    const fixture = await createFixture();
    const { id, state } = await fixture.existing({ refuseIfUsedWithin: "1h" });
    fixture.simulator.account().spend(state.key, 1);
    fixture.clock.advance(59 * 60_000);
    const { message } = await rejection(fixture.lifecycle.delete(id, state));
    expect(message).toMatch(/was used 59 min ago, and refuseIfUsedWithin is 1h.*Nothing was removed/s);
    expect(sent(fixture)).toEqual(["lookup"]);
    fixture.clock.advance(60_000);
    await fixture.lifecycle.delete(id, state);
    expect(sent(fixture)).toEqual(["lookup", "lookup", "remove"]);
  });

  it.each([-2, 2])("counts by the server's clock, %d hours from ours", async (hours) => {
    const fixture = await createFixture();
    const { id, state } = await fixture.existing({ refuseIfUsedWithin: "1h" });
    const aheadMs = hours * 3_600_000;
    const look = (usedAgoMs: number) => {
      const serverMs = fixture.clock.nowMs() + aheadMs;
      const lastUsed = Math.floor((serverMs - usedAgoMs) / 1_000);
      const body = { name: "web", allocated_ammount: 10, is_active: true, last_used: lastUsed };
      const headers = { date: new Date(serverMs).toUTCString() };
      fixture.simulator.inject({ on: { path: PATHS.lookup }, status: 200, body, headers });
    };
    look(60_000);
    const { message } = await rejection(fixture.lifecycle.delete(id, state));
    expect(message).toMatch(/was used 60 s ago, and refuseIfUsedWithin is 1h/);
    look(-60_000);
    expect((await rejection(fixture.lifecycle.delete(id, state))).message).toMatch(/was used 0 s ago/);
    look(3_600_000);
    await fixture.lifecycle.delete(id, state);
    expect(sent(fixture)).toEqual(["lookup", "lookup", "lookup", "remove"]);
  });

  it("refuses where the server does not send the time, unless the key was never used", async () => {
    const fixture = await createFixture();
    const { id, state } = await fixture.existing({ refuseIfUsedWithin: "1h" });
    const { apiKey } = fixture.simulator.account();
    const timeless = lifecycleWithoutDates(fixture, apiKey);
    fixture.simulator.account().spend(state.key, 1);
    fixture.clock.advance(2 * 3_600_000);
    const { message } = await rejection(timeless.delete(id, state));
    expect(message).toMatch(/do not have the time \(a Date header\).*Nothing was removed/s);
    expect(sent(fixture)).toEqual(["lookup"]);
    const fresh = await fixture.existing({ refuseIfUsedWithin: "1h" });
    await timeless.delete(fresh.id, fresh.state);
    expect(sent(fixture)).toEqual(["lookup", "remove"]);
  });

  it("lets a key go that was never used, or is gone", async () => {
    const fixture = await createFixture();
    const { id, state } = await fixture.existing({ refuseIfUsedWithin: "7d" });
    await fixture.lifecycle.delete(id, state);
    await fixture.lifecycle.delete(id, state);
    expect(sent(fixture)).toEqual(["lookup", "remove", "lookup"]);
  });

  it("refuses when the state's duration cannot be read, and sends nothing", async () => {
    const fixture = await createFixture();
    const { id, state } = await fixture.existing();
    const { message } = await rejection(
      fixture.lifecycle.delete(id, { ...state, refuseIfUsedWithin: "soon" }),
    );
    expect(message).toMatch(/refuseIfUsedWithin \("soon"\) is not a duration/);
    expect(sent(fixture)).toEqual([]);
  });

  it.each([refusal(403, "Your plan is paused"), refusal(401, "Invalid API key"), { status: 500 }])(
    "refuses when the look fails",
    async (fault) => {
      const fixture = await createFixture();
      const { id, state } = await fixture.existing({ refuseIfUsedWithin: "7d" });
      fixture.simulator.inject({ on: { path: PATHS.lookup }, ...fault, times: Infinity });
      await rejection(fixture.lifecycle.delete(id, state));
      expect(fixture.simulator.account().findKey(state.key)).toBeDefined();
      expect(sent(fixture)).not.toContain("remove");
    },
  );
});

/** A process whose responses come through a proxy that drops the Date header. */
function lifecycleWithoutDates({ clock, simulator, transport }: Fixture, apiKey: string): DynamicProvider {
  return new DynamicProvider({
    clock,
    random: () => 0.5,
    randomBytes: (count) => new Uint8Array(count),
    transport: {
      async send(request, signal) {
        const { headers, ...answer } = await transport.send(request, signal);
        return { ...answer, headers: { ...headers, date: undefined } };
      },
      close: () => Promise.resolve(),
    },
    environment: { ELECTRONHUB_API_KEY: apiKey, ELECTRONHUB_BASE_URL: simulator.baseUrl },
  });
}
