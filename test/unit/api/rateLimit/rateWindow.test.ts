import { assert, integer, property, record } from "fast-check";
import { describe, expect, it } from "vitest";
import {
  emptyWindow,
  prune,
  recordResponse,
  WINDOW_MS,
  removeRequest,
  type RateLimit,
  type WindowEntry,
  type WindowState,
} from "../../../../provider/api/rateLimit/rateWindow";
import { configuredCapacity, capacityIn, shareOf } from "../../../../provider/api/rateLimit/capacity";
import { NOW_MS } from "../../fixture";

/** Milliseconds that a place outlasts its window. */
const MARGIN_MS = 150;

const answered = (id: string, agoMs = 0): WindowEntry => ({
  id,
  sentMs: NOW_MS - agoMs,
  answeredMs: NOW_MS - agoMs,
});
const underWay = (id: string, agoMs = 0): WindowEntry => ({ id, sentMs: NOW_MS - agoMs });

/** A window of which an answer has just told that 5 are allowed. */
function windowOf(entries: WindowEntry[], more: Partial<WindowState> = {}): WindowState {
  return { ...emptyWindow(), limit: 5, lastReportMs: NOW_MS, entries, ...more };
}

const roomAt = (state: WindowState, nowMs: number, configured?: RateLimit) => {
  const { rate: _, ...room } = capacityIn(state, nowMs, configured);
  return room;
};
const roomNow = (state: WindowState, configured?: RateLimit) => roomAt(state, NOW_MS, configured);

describe("room", () => {
  it("is for one while nobody knows how the window stands, and for no second before its answer", () => {
    expect(roomNow(emptyWindow())).toEqual({ free: 1 });
    expect(roomNow({ ...emptyWindow(), limit: 100 })).toEqual({ free: 1 });
    expect(roomNow({ ...emptyWindow(), entries: [underWay("ahead")] })).toEqual({ free: 0 });
  });

  it("is for another one when the one ahead has no answer for 10 s: its process may have been killed", () => {
    expect(roomNow({ ...emptyWindow(), entries: [underWay("ahead", 9_999)] })).toEqual({ free: 0 });
    const state = { ...emptyWindow(), entries: [underWay("killed", 10_000)] };
    expect(roomNow(state)).toEqual({ free: 1 });
    state.entries.push(underWay("next"));
    expect(roomNow(state)).toEqual({ free: 0 });
  });

  it("is for one again when the last news is a whole window old", () => {
    expect(roomNow(windowOf([], { lastReportMs: NOW_MS - WINDOW_MS + 1 }))).toEqual({ free: 5 });
    expect(roomNow(windowOf([], { lastReportMs: NOW_MS - WINDOW_MS }))).toEqual({ free: 1 });
  });

  it("is what the limit leaves beside our own requests, answered or not, and those of others", () => {
    const state = windowOf([answered("a"), underWay("b")], { othersSentMs: [NOW_MS] });
    expect(roomNow(state)).toEqual({ free: 2 });
  });

  it("is boundless where an answer named no limit", () => {
    const { limit: _, ...state } = windowOf([answered("a")]);
    expect(roomNow(state)).toEqual({ free: Infinity });
  });

  it("is what the configured limit leaves, where that is lower", () => {
    expect(roomNow(windowOf([answered("a")]), { limit: 3, windowMs: WINDOW_MS })).toEqual({ free: 2 });
    expect(roomNow(windowOf([answered("a")]), { limit: 9, windowMs: WINDOW_MS })).toEqual({ free: 4 });
  });

  it("comes a window and a margin after the ANSWER that has to leave first", () => {
    const entries = [1, 2, 3, 4].map((at) => answered(`${at}`, at * 1_000));
    const slow = { id: "slow", sentMs: NOW_MS - 30_000, answeredMs: NOW_MS - 500 };
    expect(roomNow(windowOf([...entries, slow]))).toEqual({
      free: 0,
      untilMs: NOW_MS - 4_000 + WINDOW_MS + MARGIN_MS,
    });
    const over = windowOf([...entries, slow, answered("over", 2_500)]);
    expect(roomNow(over).untilMs).toBe(NOW_MS - 3_000 + WINDOW_MS + MARGIN_MS);
  });

  it("comes nobody knows when, while only requests under way hold it", () => {
    const entries = ["a", "b", "c", "d", "e"].map((id) => underWay(id));
    expect(roomNow(windowOf(entries))).toEqual({ free: 0, untilMs: undefined });
  });

  it("does not come before a cooldown is over, however empty the window is", () => {
    const state = windowOf([], { cooldownUntilMs: NOW_MS + 1 });
    expect(roomNow(state)).toEqual({ free: 0, untilMs: NOW_MS + 1 });
    expect(roomAt(state, NOW_MS + 1)).toEqual({ free: 5 });
  });
});

describe("forgetting", () => {
  it("keeps a place for a window and a margin after its answer, and not a moment longer", () => {
    const state = windowOf([
      answered("kept", WINDOW_MS + MARGIN_MS - 1),
      answered("gone", WINDOW_MS + MARGIN_MS),
    ]);
    state.othersSentMs = [NOW_MS - WINDOW_MS - MARGIN_MS, NOW_MS - WINDOW_MS];
    prune(state, NOW_MS);
    expect(state.entries.map(({ id }) => id)).toEqual(["kept"]);
    expect(state.othersSentMs).toEqual([NOW_MS - WINDOW_MS]);
  });

  it("gives up a request without an answer only after any answer would be too late", () => {
    const state = windowOf([underWay("slow", 129_999), underWay("lost", 130_000)]);
    prune(state, NOW_MS);
    expect(state.entries.map(({ id }) => id)).toEqual(["slow"]);
  });

  it("frees every place in time although the clock was set back in between", () => {
    const setBack = record({
      backMs: integer({ min: 1, max: 365 * 86_400_000 }),
      answeredAgoMs: integer({ min: 0, max: WINDOW_MS }),
    });
    assert(
      property(setBack, ({ backMs, answeredAgoMs }) => {
        const state = windowOf([answered("a", answeredAgoMs), underWay("b")], { othersSentMs: [NOW_MS] });
        const nowMs = NOW_MS - backMs;
        prune(state, nowMs);
        for (const { sentMs, answeredMs = 0 } of state.entries) {
          expect(Math.max(sentMs, answeredMs)).toBeLessThanOrEqual(nowMs);
        }
        expect(state.lastReportMs).toBe(0);
        prune(state, nowMs + 130_000);
        expect(state).toMatchObject({ entries: [], othersSentMs: [] });
      }),
    );
  });

  it("remembers no more than the latest 200 where nothing limits them", () => {
    const state = windowOf(Array.from({ length: 2_500 }, (_, at) => answered(`${at}`)));
    delete state.limit;
    prune(state, NOW_MS);
    expect(state.entries).toHaveLength(200);
    expect(state.entries.at(-1)?.id).toBe("2499");
  });

  it("keeps what has left the API's window for every longer one, whatever limit a process has", () => {
    const state = windowOf([
      answered("a", WINDOW_MS + MARGIN_MS),
      answered("b"),
      underWay("killed", 130_000),
    ]);
    prune(state, NOW_MS);
    expect(roomAt(state, NOW_MS)).toEqual({ free: 4 });
    expect(roomNow(state, { limit: 4, windowMs: 3_600_000 })).toEqual({ free: 1 });
    expect(roomNow(state, { limit: 4, windowMs: 61_000 }), "a").toEqual({ free: 1 });
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

  it("remembers the last hour in a bounded space, however many requests there were", () => {
    const state = windowOf([]);
    for (let agoMs = 7_200_000; agoMs >= 0; agoMs -= 1_000) {
      state.entries.push(answered(`${agoMs}`, agoMs), answered(`${agoMs}-2`, agoMs));
      prune(state, NOW_MS - agoMs);
    }
    expect(state.past.length).toBeLessThanOrEqual(3_600 / 5 + 2);
    expect(JSON.stringify(state.past).length).toBeLessThan(15_000);
    const hourly = { limit: 7_200, windowMs: 3_600_000 };
    expect(configuredCapacity(state, NOW_MS, hourly).free).toBe(0);
    expect(configuredCapacity(state, NOW_MS, { ...hourly, limit: 7_220 }).free).toBeGreaterThan(0);
  });

  it("lets the past end in time although the clock was set back", () => {
    const state = windowOf([answered("a", 100_000), answered("b", 90_000)]);
    prune(state, NOW_MS);
    const nowMs = NOW_MS - 86_400_000;
    prune(state, nowMs);
    const hourly = { limit: 2, windowMs: 3_600_000 };
    expect(configuredCapacity(state, nowMs, hourly).untilMs).toBeLessThanOrEqual(nowMs + 3_606_000);
    prune(state, nowMs + 3_606_000);
    expect(state.past).toEqual([]);
  });

  it("takes back a request that never went out", () => {
    const state = windowOf([underWay("a"), underWay("b")]);
    removeRequest(state, "a");
    removeRequest(state, "unknown");
    expect(state.entries).toEqual([underWay("b")]);
  });
});

describe("a configured limit", () => {
  const hourly = { limit: 3, windowMs: 3_600_000 };

  it("comes beside the account's own, each with its window", () => {
    const past = answered("past", 600_000);
    const state = windowOf([past, answered("a"), answered("b")]);
    prune(state, NOW_MS);
    const last = capacityIn(state, NOW_MS, hourly);
    expect(last).toMatchObject({ free: 0, rate: hourly });
    const leavesMs = NOW_MS - 600_000 + 3_600_000 + MARGIN_MS;
    expect(last.untilMs).toBeGreaterThanOrEqual(leavesMs);
    expect(last.untilMs).toBeLessThanOrEqual(leavesMs + 5_000);
    expect(roomAt(state, last.untilMs ?? 0, hourly)).toEqual({ free: 1 });
    expect(roomNow(state, { limit: 100, windowMs: 3_600_000 }), "the account's").toEqual({ free: 3 });
    state.entries.push(answered("c"), answered("d"), answered("e"));
    expect(capacityIn(state, NOW_MS, { limit: 100, windowMs: 3_600_000 })).toEqual({
      free: 0,
      untilMs: NOW_MS + WINDOW_MS + MARGIN_MS,
      rate: { limit: 5, windowMs: WINDOW_MS },
    });
  });

  it("of a shorter window forgets nothing that another process needs", () => {
    const state = windowOf([answered("a", 30_000), answered("b", 30_000)]);
    prune(state, NOW_MS);
    expect(roomNow(state, { limit: 4, windowMs: 1_000 })).toEqual({ free: 4 });
    expect(roomNow(state)).toEqual({ free: 3 });
  });

  it("that leaves no room takes no turn from the processes that it does not bind", () => {
    const state = windowOf([]);
    const waiter = { process: "limited", free: 5, nowMs: NOW_MS };
    shareOf(state, { ...waiter, askedMs: [1, 2, 3], free: 0 });
    expect(Object.keys(state.waiting)).toEqual(["limited"]);
    expect(shareOf(state, { ...waiter, askedMs: [] })).toBe(0);
    expect(state).toMatchObject({ waiting: {} });
    expect(shareOf(state, { process: "free", askedMs: [9], free: 1, nowMs: NOW_MS })).toBe(1);
  });
});

describe("others who use the account", () => {
  it("are what the server counts beyond our own", () => {
    const state = windowOf([answered("a", 10), underWay("b")]);
    recordResponse(state, "b", NOW_MS, { limit: 5, remaining: 1 });
    expect(state.othersSentMs).toEqual([NOW_MS, NOW_MS]);
    expect(roomNow(state).free).toBe(1);
  });

  it("are not our own requests that were under way at the same time", () => {
    const state = windowOf([underWay("a"), underWay("b"), underWay("c"), underWay("d")]);
    for (const [at, id] of ["c", "a", "d", "b"].entries()) {
      recordResponse(state, id, NOW_MS + at, { limit: 5, remaining: 4 - at });
    }
    expect(state.othersSentMs).toEqual([]);
    expect(roomNow(state).free).toBe(1);
  });

  it("stay noticed while our own under way could explain a smaller count", () => {
    const state = windowOf([underWay("a", 10), underWay("b", 10)], {
      othersSentMs: [NOW_MS - 2, NOW_MS - 1],
    });
    recordResponse(state, "a", NOW_MS, { limit: 5, remaining: 3 });
    expect(state.othersSentMs).toHaveLength(2);
  });

  it("are forgotten, the oldest first, when an exact count says that they have left", () => {
    const state = windowOf([answered("a", 10), underWay("b")], { othersSentMs: [NOW_MS - 2, NOW_MS - 1] });
    recordResponse(state, "b", NOW_MS, { limit: 5, remaining: 2 });
    expect(state.othersSentMs).toEqual([NOW_MS - 1]);
    state.entries.push(underWay("c"));
    recordResponse(state, "c", NOW_MS, { limit: 5, remaining: 2 });
    expect(state.othersSentMs).toEqual([]);
  });

  it("cannot be told from an answer that names no figures", () => {
    const state = windowOf([underWay("a")], { othersSentMs: [NOW_MS - 1], lastReportMs: 0 });
    recordResponse(state, "a", NOW_MS, {});
    expect(state).toMatchObject({ othersSentMs: [NOW_MS - 1], limit: 5, lastReportMs: NOW_MS });
  });
});

describe("an answer", () => {
  it("that is not the API's ends its request, and tells nothing", () => {
    const state = windowOf([underWay("a")], { lastReportMs: 7, refusals: 3 });
    recordResponse(state, "a", NOW_MS, undefined);
    expect(state).toEqual(windowOf([answered("a")], { lastReportMs: 7, refusals: 3 }));
  });

  it("to a request that is forgotten still tells of the limit", () => {
    const state = windowOf([answered("a")]);
    recordResponse(state, "forgotten", NOW_MS, { limit: 9, remaining: 0 });
    expect(state).toMatchObject({ limit: 9, othersSentMs: [] });
  });
});

describe("a refusal", () => {
  const refuse = (state: WindowState, atMs: number, cooldownMs: number, limit?: number) => {
    const id = `refused-${atMs}`;
    state.entries.push({ id, sentMs: atMs });
    recordResponse(state, id, atMs, { cooldownMs, limit });
    return state.cooldownUntilMs - atMs;
  };

  it("begins a cooldown, after which one goes ahead alone", () => {
    const state = windowOf([]);
    expect(refuse(state, NOW_MS, 180_000)).toBe(180_000);
    expect(roomAt(state, NOW_MS + 179_999)).toEqual({ free: 0, untilMs: NOW_MS + 180_000 });
    expect(roomAt(state, NOW_MS + 180_000)).toEqual({ free: 1 });
  });

  it("lengthens a cooldown, and never shortens it", () => {
    const state = windowOf([]);
    refuse(state, NOW_MS, 60_000);
    expect(refuse(state, NOW_MS + 10, 5_000)).toBe(59_990);
    expect(refuse(state, NOW_MS + 20, 90_000)).toBe(90_000);
    expect(state.refusals, "those of one moment are one").toBe(1);
  });

  it("after a refusal makes the next wait longer, up to what is documented, whatever it invites to", () => {
    const state = windowOf([]);
    let atMs = NOW_MS;
    const waits = Array.from({ length: 7 }, () => {
      const waitMs = refuse(state, atMs, 1_000);
      atMs += waitMs;
      return waitMs;
    });
    expect(waits).toEqual([1_000, 4_000, 16_000, 64_000, 180_000, 180_000, 180_000]);

    state.entries.push({ id: "let through", sentMs: atMs });
    recordResponse(state, "let through", atMs, { limit: 5, remaining: 4 });
    expect(refuse(state, atMs, 1_000), "and is forgiven by the first that is let through").toBe(1_000);
  });

  it("teaches the limit: as named, else what was let through where none was known", () => {
    const unknown = (count: number): WindowState => {
      const { limit: _, ...state } = windowOf(Array.from({ length: count }, (_, at) => answered(`${at}`)));
      return state;
    };
    const learnt = (state: WindowState, named?: number) => {
      refuse(state, NOW_MS, 1_000, named);
      return state.limit;
    };
    expect(learnt(unknown(3), 12)).toBe(12);
    expect(learnt(unknown(3))).toBe(3);
    expect(learnt(unknown(1)), "a guarded removal needs room for two").toBe(2);
    expect(learnt(unknown(0)), "nothing was let through").toBeUndefined();
    expect(learnt(windowOf([answered("a")])), "an answer named it").toBe(5);
  });
});
