import { describe, expect, it } from "vitest";
import { emptyWindow } from "../../../../provider/api/rateLimit/windowState";
import { KNOWN_WAITING, shareOf } from "../../../../provider/api/rateLimit/turns";
import { NOW_MS } from "../../fixture";

describe("the share of a process", () => {
  it("is every free request while no other process waits", () => {
    const state = emptyWindow();
    expect(shareOf(state, { process: "a", askedMs: [1, 2], free: 5, nowMs: NOW_MS })).toBe(2);
    expect(state.waiting).toEqual({});
  });

  it("excludes the requests that other processes made earlier, until they have been free for a second", () => {
    const state = emptyWindow();
    shareOf(state, { process: "first", askedMs: [1, 2, 3], free: 0, nowMs: NOW_MS });
    const second = { process: "second", askedMs: [4, 5], free: 4 };
    expect(shareOf(state, { ...second, nowMs: NOW_MS })).toBe(1);
    expect(state.waiting["second"]).toEqual({ askedMs: [5], seenMs: NOW_MS });
    expect(shareOf(state, { ...second, nowMs: NOW_MS + 1_000 })).toBe(4);
  });

  it("ignores a process that was not seen for 20 s, and one from a clock that was set back", () => {
    for (const seenMs of [NOW_MS - 20_001, NOW_MS + 1]) {
      const state = { ...emptyWindow(), waiting: { gone: { askedMs: [1, 2, 3], seenMs } } };
      expect(shareOf(state, { process: "a", askedMs: [9], free: 1, nowMs: NOW_MS })).toBe(1);
      expect(state.waiting).toEqual({});
    }
  });

  it("is not reduced by a process that its configured limit blocks", () => {
    const state = emptyWindow();
    const limited = { process: "limited", free: 5, nowMs: NOW_MS };
    shareOf(state, { ...limited, askedMs: [1, 2, 3], free: 0 });
    expect(Object.keys(state.waiting)).toEqual(["limited"]);
    expect(shareOf(state, { ...limited, askedMs: [] })).toBe(0);
    expect(state).toMatchObject({ waiting: {} });
    expect(shareOf(state, { process: "free", askedMs: [9], free: 1, nowMs: NOW_MS })).toBe(1);
  });

  it("needs few requests of each process in the shared window file", () => {
    expect(KNOWN_WAITING).toBeLessThanOrEqual(16);
  });
});
