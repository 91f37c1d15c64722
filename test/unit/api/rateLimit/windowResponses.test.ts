import { describe, expect, it } from "vitest";
import { prune, recordResponse } from "../../../../provider/api/rateLimit/rateWindow";
import { WINDOW_MS, type WindowState } from "../../../../provider/api/rateLimit/windowState";
import { NOW_MS } from "../../fixture";
import { MARGIN_MS, ended, inFlight, windowOf, capacityAt, capacityNow } from "./windows";

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

describe("a clock that is set back", () => {
  it("makes this machine forget others, whose requests it dates into the future", () => {
    const state = windowOf([ended("a")], {
      crowd: { share: 1, others: 4, othersMs: NOW_MS, reducedMs: NOW_MS, growMs: NOW_MS + 1_000 },
      resumption: { cooldownUntilMs: 0, spreadMs: 0, atMs: 0, refusals: 3 },
    });
    prune(state, NOW_MS - 86_400_000);
    expect(state.crowd).toBeUndefined();
    expect(state).toMatchObject({ looks: 0, lastReportMs: 0, resumption: { refusals: 0 } });
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

  it.each([
    ["a day", 86_400_000],
    ["a year", 365 * 86_400_000],
    ["ten minutes", 600_000],
  ])("that was received while the clock was %s ahead is over in time", (_, aheadMs) => {
    const state = windowOf([]);
    receive429(state, NOW_MS + aheadMs, 180_000, 20);
    // Its own time, and the one after which this machine resumes beside others.
    const atMost = NOW_MS + 180_000 + WINDOW_MS;
    prune(state, NOW_MS);
    expect(capacityNow(state).untilMs).toBeGreaterThanOrEqual(NOW_MS + 180_000);
    expect(capacityNow(state).untilMs).toBeLessThanOrEqual(atMost);
    expect(capacityAt(state, atMost).free).toBeGreaterThan(0);
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
