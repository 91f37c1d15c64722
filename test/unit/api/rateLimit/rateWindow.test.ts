import { assert, integer, property, record } from "fast-check";
import { describe, expect, it } from "vitest";
import { prune, removeRequest } from "../../../../provider/api/rateLimit/rateWindow";
import { emptyWindow, WINDOW_MS } from "../../../../provider/api/rateLimit/windowState";
import { configuredCapacity, capacityIn } from "../../../../provider/api/rateLimit/capacity";
import { NOW_MS } from "../../fixture";
import { MARGIN_MS, ended, inFlight, windowOf, capacityAt, capacityNow } from "./windows";

describe("the capacity", () => {
  it("is one request while the server's count is unknown, and none until its response", () => {
    expect(capacityNow(emptyWindow())).toEqual({ free: 1 });
    expect(capacityNow({ ...emptyWindow(), limit: 100 })).toEqual({ free: 1 });
    expect(capacityNow({ ...emptyWindow(), entries: [inFlight("first")] })).toEqual({ free: 0 });
  });

  it("is another request if the first has no response after 10 s, because its process may have been killed", () => {
    expect(capacityNow({ ...emptyWindow(), entries: [inFlight("first", 9_999)] })).toEqual({ free: 0 });
    const state = { ...emptyWindow(), entries: [inFlight("killed", 10_000)] };
    expect(capacityNow(state)).toEqual({ free: 1 });
    state.entries.push(inFlight("next"));
    expect(capacityNow(state)).toEqual({ free: 0 });
  });

  it("is one request again when the latest response is a whole window old", () => {
    expect(capacityNow(windowOf([], { lastReportMs: NOW_MS - WINDOW_MS + 1 }))).toEqual({ free: 5 });
    expect(capacityNow(windowOf([], { lastReportMs: NOW_MS - WINDOW_MS }))).toEqual({ free: 1 });
  });

  it("is the limit less our own requests, ended or in flight, and those of other clients", () => {
    const state = windowOf([ended("a"), inFlight("b")], { othersSentMs: [NOW_MS] });
    expect(capacityNow(state)).toEqual({ free: 2 });
  });

  it("is unlimited if the response named no limit", () => {
    const { limit: _, ...state } = windowOf([ended("a")]);
    expect(capacityNow(state)).toEqual({ free: Infinity });
  });

  it("is what the configured limit leaves, if that is lower", () => {
    expect(capacityNow(windowOf([ended("a")]), { limit: 3, windowMs: WINDOW_MS })).toEqual({ free: 2 });
    expect(capacityNow(windowOf([ended("a")]), { limit: 9, windowMs: WINDOW_MS })).toEqual({ free: 4 });
  });

  it("grows one window and a margin after the RESPONSE that leaves first", () => {
    const entries = [1, 2, 3, 4].map((at) => ended(`${at}`, at * 1_000));
    const slow = { id: "slow", sentMs: NOW_MS - 30_000, endedMs: NOW_MS - 500 };
    expect(capacityNow(windowOf([...entries, slow]))).toEqual({
      free: 0,
      untilMs: NOW_MS - 4_000 + WINDOW_MS + MARGIN_MS,
    });
    const over = windowOf([...entries, slow, ended("over", 2_500)]);
    expect(capacityNow(over).untilMs).toBe(NOW_MS - 3_000 + WINDOW_MS + MARGIN_MS);
  });

  it("grows at an unknown time while only requests in flight use it up", () => {
    const entries = ["a", "b", "c", "d", "e"].map((id) => inFlight(id));
    expect(capacityNow(windowOf(entries))).toEqual({ free: 0, untilMs: undefined });
  });

  it("is 0 until a cooldown ends, even in an empty window", () => {
    const state = windowOf([], { cooldownUntilMs: NOW_MS + 1 });
    expect(capacityNow(state)).toEqual({ free: 0, untilMs: NOW_MS + 1 });
    expect(capacityAt(state, NOW_MS + 1)).toEqual({ free: 5 });
  });
});

describe("pruning", () => {
  it("keeps a request for exactly one window and a margin after its response", () => {
    const state = windowOf([ended("kept", WINDOW_MS + MARGIN_MS - 1), ended("gone", WINDOW_MS + MARGIN_MS)]);
    state.othersSentMs = [NOW_MS - WINDOW_MS - MARGIN_MS, NOW_MS - WINDOW_MS];
    prune(state, NOW_MS);
    expect(state.entries.map(({ id }) => id)).toEqual(["kept"]);
    expect(state.othersSentMs).toEqual([NOW_MS - WINDOW_MS]);
  });

  it("drops a request without a response only after every timeout", () => {
    const state = windowOf([inFlight("slow", 129_999), inFlight("lost", 130_000)]);
    prune(state, NOW_MS);
    expect(state.entries.map(({ id }) => id)).toEqual(["slow"]);
  });

  it("drops every request in time although the clock was set back", () => {
    const setBack = record({
      backMs: integer({ min: 1, max: 365 * 86_400_000 }),
      answeredAgoMs: integer({ min: 0, max: WINDOW_MS }),
    });
    assert(
      property(setBack, ({ backMs, answeredAgoMs }) => {
        const state = windowOf([ended("a", answeredAgoMs), inFlight("b")], { othersSentMs: [NOW_MS] });
        const nowMs = NOW_MS - backMs;
        prune(state, nowMs);
        for (const { sentMs, endedMs = 0 } of state.entries) {
          expect(Math.max(sentMs, endedMs)).toBeLessThanOrEqual(nowMs);
        }
        expect(state.lastReportMs).toBe(0);
        prune(state, nowMs + 130_000);
        expect(state).toMatchObject({ entries: [], othersSentMs: [] });
      }),
    );
  });

  it("keeps only the latest 200 requests while no limit is known", () => {
    const state = windowOf(Array.from({ length: 2_500 }, (_, at) => ended(`${at}`)));
    delete state.limit;
    prune(state, NOW_MS);
    expect(state.entries).toHaveLength(200);
    expect(state.entries.at(-1)?.id).toBe("2499");
  });

  it("keeps requests that have left the API's window for longer windows, with or without a configured limit", () => {
    const state = windowOf([ended("a", WINDOW_MS + MARGIN_MS), ended("b"), inFlight("killed", 130_000)]);
    prune(state, NOW_MS);
    expect(capacityAt(state, NOW_MS)).toEqual({ free: 4 });
    expect(capacityNow(state, { limit: 4, windowMs: 3_600_000 })).toEqual({ free: 1 });
    expect(capacityNow(state, { limit: 4, windowMs: 61_000 }), "a").toEqual({ free: 1 });
    for (const [agoMs, count] of [
      [3_600_000, 3],
      [3_606_000, 0],
    ] as const) {
      const nowMs = NOW_MS + agoMs - WINDOW_MS;
      const later = structuredClone(state);
      prune(later, nowMs);
      const taken = 10 - configuredCapacity(later, nowMs, { limit: 10, windowMs: 3_600_000 }).free;
      expect(taken, `${agoMs}`).toBe(count === 0 ? 2 : count);
    }
  });

  it("keeps the last hour in bounded space, for any number of requests", () => {
    const state = windowOf([]);
    for (let agoMs = 7_200_000; agoMs >= 0; agoMs -= 1_000) {
      state.entries.push(ended(`${agoMs}`, agoMs), ended(`${agoMs}-2`, agoMs));
      prune(state, NOW_MS - agoMs);
    }
    expect(state.past.length).toBeLessThanOrEqual(3_600 / 5 + 2);
    expect(JSON.stringify(state.past).length).toBeLessThan(15_000);
    const hourly = { limit: 7_200, windowMs: 3_600_000 };
    expect(configuredCapacity(state, NOW_MS, hourly).free).toBe(0);
    expect(configuredCapacity(state, NOW_MS, { ...hourly, limit: 7_220 }).free).toBeGreaterThan(0);
  });

  it("drops past requests in time although the clock was set back", () => {
    const state = windowOf([ended("a", 100_000), ended("b", 90_000)]);
    prune(state, NOW_MS);
    const nowMs = NOW_MS - 86_400_000;
    prune(state, nowMs);
    const hourly = { limit: 2, windowMs: 3_600_000 };
    expect(configuredCapacity(state, nowMs, hourly).untilMs).toBeLessThanOrEqual(nowMs + 3_606_000);
    prune(state, nowMs + 3_606_000);
    expect(state.past).toEqual([]);
  });

  it("removes a request that was never sent", () => {
    const state = windowOf([inFlight("a"), inFlight("b")]);
    removeRequest(state, "a");
    removeRequest(state, "unknown");
    expect(state.entries).toEqual([inFlight("b")]);
  });
});

describe("a configured limit", () => {
  const hourly = { limit: 3, windowMs: 3_600_000 };

  it("applies together with the account's own, each with its window", () => {
    const past = ended("past", 600_000);
    const state = windowOf([past, ended("a"), ended("b")]);
    prune(state, NOW_MS);
    const last = capacityIn(state, NOW_MS, hourly);
    expect(last).toMatchObject({ free: 0, rate: hourly });
    const leavesMs = NOW_MS - 600_000 + 3_600_000 + MARGIN_MS;
    expect(last.untilMs).toBeGreaterThanOrEqual(leavesMs);
    expect(last.untilMs).toBeLessThanOrEqual(leavesMs + 5_000);
    expect(capacityNow(state, { limit: 100, windowMs: 3_600_000 }), "the account's").toEqual({ free: 3 });
    expect(capacityAt(structuredClone(state), last.untilMs ?? 0, hourly)).toEqual({ free: 1 });
    state.entries.push(ended("c"), ended("d"), ended("e"));
    expect(capacityIn(state, NOW_MS, { limit: 100, windowMs: 3_600_000 })).toEqual({
      free: 0,
      untilMs: NOW_MS + WINDOW_MS + MARGIN_MS,
      rate: { limit: 5, windowMs: WINDOW_MS },
    });
  });

  it("with a shorter window drops no request that another process needs", () => {
    const state = windowOf([ended("a", 30_000), ended("b", 30_000)]);
    prune(state, NOW_MS);
    expect(capacityNow(state, { limit: 4, windowMs: 1_000 })).toEqual({ free: 4 });
    expect(capacityNow(state)).toEqual({ free: 3 });
  });
});
