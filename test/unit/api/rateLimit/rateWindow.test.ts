import { assert, integer, property, record } from "fast-check";
import { describe, expect, it } from "vitest";
import { prune, recordResponse, removeRequest } from "../../../../provider/api/rateLimit/rateWindow";
import {
  emptyWindow,
  WINDOW_MS,
  type RateLimit,
  type WindowEntry,
  type WindowState,
} from "../../../../provider/api/rateLimit/windowState";
import { configuredCapacity, capacityIn } from "../../../../provider/api/rateLimit/capacity";
import { NOW_MS } from "../../fixture";

/** A request counts for this much longer than its window. */
const MARGIN_MS = 150;

const ended = (id: string, agoMs = 0): WindowEntry => ({
  id,
  sentMs: NOW_MS - agoMs,
  endedMs: NOW_MS - agoMs,
});
const inFlight = (id: string, agoMs = 0): WindowEntry => ({ id, sentMs: NOW_MS - agoMs });

/** A window whose latest response has just named a limit of 5, after many that showed no other client. */
function windowOf(entries: WindowEntry[], more: Partial<WindowState> = {}): WindowState {
  return { ...emptyWindow(), limit: 5, lastReportMs: NOW_MS, looks: 1_000, entries, ...more };
}

const capacityAt = (state: WindowState, nowMs: number, configured?: RateLimit) => {
  const { rate: _, ...capacity } = capacityIn(state, nowMs, configured);
  return capacity;
};
const capacityNow = (state: WindowState, configured?: RateLimit) => capacityAt(state, NOW_MS, configured);

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

describe("requests of other clients", () => {
  it("are what the server counts in addition to our own", () => {
    const state = windowOf([ended("a", 10), inFlight("b")]);
    recordResponse(state, "b", NOW_MS, { limit: 5, remaining: 1 });
    expect(state.othersSentMs).toEqual([NOW_MS, NOW_MS]);
    // One is left, but not for this machine: it has used its share.
    expect(capacityNow(state)).toEqual({ free: 0, untilMs: NOW_MS - 10 + WINDOW_MS + MARGIN_MS });
  });

  it("are not our own requests that were in flight at the same time", () => {
    const state = windowOf([inFlight("a"), inFlight("b"), inFlight("c"), inFlight("d")]);
    for (const [at, id] of ["c", "a", "d", "b"].entries()) {
      recordResponse(state, id, NOW_MS + at, { limit: 5, remaining: 4 - at });
    }
    expect(state.othersSentMs).toEqual([]);
    expect(capacityNow(state).free).toBe(1);
  });

  it("are kept while our own in flight could explain a smaller count", () => {
    const state = windowOf([inFlight("a", 10), inFlight("b", 10)], {
      othersSentMs: [NOW_MS - 2, NOW_MS - 1],
    });
    recordResponse(state, "a", NOW_MS, { limit: 5, remaining: 3 });
    expect(state.othersSentMs).toHaveLength(2);
  });

  it("are dropped, the oldest first, when an exact count shows that they have left", () => {
    const state = windowOf([ended("a", 10), inFlight("b")], { othersSentMs: [NOW_MS - 2, NOW_MS - 1] });
    recordResponse(state, "b", NOW_MS, { limit: 5, remaining: 2 });
    expect(state.othersSentMs).toEqual([NOW_MS - 1]);
    state.entries.push(inFlight("c"));
    recordResponse(state, "c", NOW_MS, { limit: 5, remaining: 2 });
    expect(state.othersSentMs).toEqual([]);
  });

  it("are unknown after a response without rate limit headers", () => {
    const state = windowOf([inFlight("a")], { othersSentMs: [NOW_MS - 1], lastReportMs: 0 });
    recordResponse(state, "a", NOW_MS, {});
    expect(state).toMatchObject({ othersSentMs: [NOW_MS - 1], limit: 5, lastReportMs: NOW_MS });
  });
});

describe("a response", () => {
  it("that is not the API's ends its request and changes nothing else", () => {
    const state = windowOf([inFlight("a")], { lastReportMs: 7, cooldowns: 3 });
    recordResponse(state, "a", NOW_MS, undefined);
    expect(state).toEqual(windowOf([ended("a")], { lastReportMs: 7, cooldowns: 3 }));
  });

  it("to a request that was dropped still sets the limit", () => {
    const state = windowOf([ended("a")]);
    recordResponse(state, "forgotten", NOW_MS, { limit: 9, remaining: 0 });
    expect(state).toMatchObject({ limit: 9, othersSentMs: [] });
  });
});

describe("a 429", () => {
  const receive429 = (state: WindowState, atMs: number, cooldownMs: number, limit?: number) => {
    const id = `limited-${atMs}`;
    state.entries.push({ id, sentMs: atMs });
    recordResponse(state, id, atMs, { cooldownMs, limit });
    return state.cooldownUntilMs - atMs;
  };

  it("starts a cooldown, after which one request is sent alone", () => {
    const state = windowOf([]);
    expect(receive429(state, NOW_MS, 180_000)).toBe(180_000);
    expect(capacityAt(state, NOW_MS + 179_999)).toEqual({ free: 0, untilMs: NOW_MS + 180_000 });
    expect(capacityAt(state, NOW_MS + 180_000)).toEqual({ free: 1 });
  });

  it("extends a cooldown and never shortens it", () => {
    const state = windowOf([]);
    receive429(state, NOW_MS, 60_000);
    expect(receive429(state, NOW_MS + 10, 5_000)).toBe(59_990);
    expect(receive429(state, NOW_MS + 20, 90_000)).toBe(90_000);
    expect(state.cooldowns, "those at the same time count as one").toBe(1);
  });

  it("after a 429 lengthens the cooldown, up to the documented one, even if Retry-After is shorter", () => {
    const state = windowOf([]);
    let atMs = NOW_MS;
    const waits = Array.from({ length: 7 }, () => {
      const waitMs = receive429(state, atMs, 1_000);
      atMs += waitMs;
      return waitMs;
    });
    expect(waits).toEqual([1_000, 4_000, 16_000, 64_000, 180_000, 180_000, 180_000]);

    state.entries.push({ id: "succeeded", sentMs: atMs });
    recordResponse(state, "succeeded", atMs, { limit: 5, remaining: 4 });
    expect(receive429(state, atMs, 1_000), "and starts again after a request that succeeded").toBe(1_000);
  });

  it("sets the limit: the one that it names, else the number of requests that succeeded, if none was known", () => {
    const unknown = (count: number): WindowState => {
      const { limit: _, ...state } = windowOf(Array.from({ length: count }, (_, at) => ended(`${at}`)));
      return state;
    };
    const limitAfter429 = (state: WindowState, named?: number) => {
      receive429(state, NOW_MS, 1_000, named);
      return state.limit;
    };
    expect(limitAfter429(unknown(3), 12)).toBe(12);
    expect(limitAfter429(unknown(3))).toBe(3);
    expect(limitAfter429(unknown(1)), "a guarded removal needs two requests").toBe(2);
    expect(limitAfter429(unknown(0)), "no request succeeded").toBeUndefined();
    expect(limitAfter429(windowOf([ended("a")])), "a response named it").toBe(5);
  });
});
