import { describe, expect, it } from "vitest";
import { DynamicProvider } from "../../../provider/dynamic/dynamicProvider";
import { createWorld, PATHS, refusal, rejection, sent, type World } from "../fixture";

describe("refuseIfUsedWithin", () => {
  it("refuses while the key was used more recently, and looks before it says so", async () => {
    const world = await createWorld();
    const { id, state } = await world.existing({ refuseIfUsedWithin: "1h" });
    world.simulator.account().spend(state.key, 1);
    world.clock.advance(59 * 60_000);
    const { message } = await rejection(world.lifecycle.delete(id, state));
    expect(message).toMatch(/was used 59 min ago, and refuseIfUsedWithin is 1h.*Nothing was removed/s);
    expect(sent(world)).toEqual(["lookup"]);
    world.clock.advance(60_000);
    await world.lifecycle.delete(id, state);
    expect(sent(world)).toEqual(["lookup", "lookup", "remove"]);
  });

  it.each([-2, 2])("counts by the server's clock, %d hours from ours", async (hours) => {
    const world = await createWorld();
    const { id, state } = await world.existing({ refuseIfUsedWithin: "1h" });
    const aheadMs = hours * 3_600_000;
    const look = (usedAgoMs: number) => {
      const serverMs = world.clock.nowMs() + aheadMs;
      const lastUsed = Math.floor((serverMs - usedAgoMs) / 1_000);
      const body = { name: "web", allocated_ammount: 10, is_active: true, last_used: lastUsed };
      const headers = { date: new Date(serverMs).toUTCString() };
      world.simulator.inject({ on: { path: PATHS.lookup }, status: 200, body, headers });
    };
    look(60_000);
    const { message } = await rejection(world.lifecycle.delete(id, state));
    expect(message).toMatch(/was used 60 s ago, and refuseIfUsedWithin is 1h/);
    look(-60_000);
    expect((await rejection(world.lifecycle.delete(id, state))).message).toMatch(/was used 0 s ago/);
    look(3_600_000);
    await world.lifecycle.delete(id, state);
    expect(sent(world)).toEqual(["lookup", "lookup", "lookup", "remove"]);
  });

  it("refuses where the server does not send the time, unless the key was never used", async () => {
    const world = await createWorld();
    const { id, state } = await world.existing({ refuseIfUsedWithin: "1h" });
    const { apiKey } = world.simulator.account();
    const timeless = lifecycleWithoutDates(world, apiKey);
    world.simulator.account().spend(state.key, 1);
    world.clock.advance(2 * 3_600_000);
    const { message } = await rejection(timeless.delete(id, state));
    expect(message).toMatch(/do not have the time \(a Date header\).*Nothing was removed/s);
    expect(sent(world)).toEqual(["lookup"]);
    const fresh = await world.existing({ refuseIfUsedWithin: "1h" });
    await timeless.delete(fresh.id, fresh.state);
    expect(sent(world)).toEqual(["lookup", "remove"]);
  });

  it("lets a key go that was never used, or is gone", async () => {
    const world = await createWorld();
    const { id, state } = await world.existing({ refuseIfUsedWithin: "7d" });
    await world.lifecycle.delete(id, state);
    await world.lifecycle.delete(id, state);
    expect(sent(world)).toEqual(["lookup", "remove", "lookup"]);
  });

  it("refuses when the state's duration cannot be read, and sends nothing", async () => {
    const world = await createWorld();
    const { id, state } = await world.existing();
    const { message } = await rejection(world.lifecycle.delete(id, { ...state, refuseIfUsedWithin: "soon" }));
    expect(message).toMatch(/refuseIfUsedWithin \("soon"\) is not a duration/);
    expect(sent(world)).toEqual([]);
  });

  it.each([refusal(403, "Your plan is paused"), refusal(401, "Invalid API key"), { status: 500 }])(
    "refuses when the look fails",
    async (fault) => {
      const world = await createWorld();
      const { id, state } = await world.existing({ refuseIfUsedWithin: "7d" });
      world.simulator.inject({ on: { path: PATHS.lookup }, ...fault, times: Infinity });
      await rejection(world.lifecycle.delete(id, state));
      expect(world.simulator.account().findKey(state.key)).toBeDefined();
      expect(sent(world)).not.toContain("remove");
    },
  );
});

/** A process whose responses come through a proxy that drops the Date header. */
function lifecycleWithoutDates({ clock, simulator, transport }: World, apiKey: string): DynamicProvider {
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
