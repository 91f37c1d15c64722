import { describe, expect, it } from "vitest";
import { ManualClock, realClock } from "../../../provider/testing/index";

describe("ManualClock", () => {
  it("wakes each sleeper at its own time, in order", async () => {
    const clock = new ManualClock(0);
    const woken: [string, number][] = [];
    const nap = async (name: string, delayMs: number): Promise<void> => {
      await clock.sleep(delayMs);
      woken.push([name, clock.nowMs()]);
    };
    const naps = [nap("late", 30), nap("early", 10), nap("early too", 10), nap("later", 50)];
    const chain = nap("first", 5).then(() => nap("second", 15));
    await clock.advance(40);
    await chain;
    expect(woken).toEqual([
      ["first", 5],
      ["early", 10],
      ["early too", 10],
      ["second", 20],
      ["late", 30],
    ]);
    expect([clock.nowMs(), clock.sleeping]).toEqual([40, 1]);
    await clock.advance(10);
    await Promise.all(naps);
  });

  it("adds up two moves at the same time", async () => {
    const clock = new ManualClock(0);
    const nap = clock.sleep(15);
    await Promise.all([clock.advance(10), clock.advance(10)]);
    await nap;
    expect(clock.nowMs()).toBe(20);
    await expect(clock.advance(-1)).rejects.toThrow(RangeError);
  });

  it("rejects a sleep with the signal's reason", async () => {
    const clock = new ManualClock(0);
    const reason = new Error("enough");
    const patience = new AbortController();
    const nap = clock.sleep(15, patience.signal);
    patience.abort(reason);
    await expect(nap).rejects.toBe(reason);
    expect(clock.sleeping).toBe(0);
    await expect(clock.sleep(1, patience.signal)).rejects.toBe(reason);
    await expect(realClock.sleep(60_000, patience.signal)).rejects.toBe(reason);
  });
});
