import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ManualClock } from "../../../provider/testing/index";
import { RequestWindow } from "../../../provider/testing/requestWindow";
import { send, simulate } from "./fixture";

const LIMITED = { name: "main", rateLimit: { limit: 2, windowMs: 60_000 } };

describe("the sliding window", () => {
  it("admits exactly the limit in any window", () => {
    const steps = fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 60 });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 100 }),
        steps,
        (limit, windowMs, gapsMs) => {
          const window = new RequestWindow({ rateLimit: { limit, windowMs }, cooldownMs: 0 });
          const admittedAtMs: number[] = [];
          let nowMs = 0;
          for (const gapMs of gapsMs) {
            nowMs += gapMs;
            const inWindow = admittedAtMs.filter((atMs) => atMs > nowMs - windowMs).length;
            expect(window.figures(nowMs)?.remaining).toBe(limit - inWindow);
            expect(window.waitMs(nowMs) > 0).toBe(inWindow === limit);
            const isAdmitted = window.take(nowMs);
            expect(isAdmitted).toBe(inWindow < limit);
            if (isAdmitted) admittedAtMs.push(nowMs);
          }
        },
      ),
    );
  });

  it("admits a request after the time that it names", () => {
    const steps = fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 60 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 200 }), fc.boolean(), steps, (cooldownMs, isExtended, gapsMs) => {
        const rateLimit = { limit: 3, windowMs: 50 };
        const window = new RequestWindow({
          rateLimit,
          cooldownMs,
          requestsExtendCooldown: isExtended,
        });
        let nowMs = 0;
        for (const gapMs of gapsMs) {
          nowMs += gapMs;
          if (window.take(nowMs)) continue;
          nowMs += window.waitMs(nowMs);
          expect(window.take(nowMs)).toBe(true);
        }
      }),
    );
  });
});

describe("limits over HTTP", () => {
  it("counts every request, shows the headers, and has a cooldown of 180 s", async () => {
    const clock = new ManualClock(1_000_000_000_000);
    const simulator = await simulate({ clock, accounts: [LIMITED] });
    const figures = async (line: string): Promise<unknown[]> => {
      const { status, headers } = await send(simulator, line);
      const names = ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "retry-after"];
      return [status, ...names.map((name) => headers.get(name))];
    };
    expect(await figures("GET /auth/proxy")).toEqual([200, "2", "1", "1000000060", null]);
    await clock.advance(1_000);
    expect(await figures("GET /nowhere")).toEqual([404, "2", "0", "1000000060", null]);
    expect(await figures("GET /auth/proxy")).toEqual([429, "2", "0", "1000000181", "180"]);
    await clock.advance(179_500);
    const { json } = await send(simulator, "GET /auth/proxy");
    expect(json).toMatchObject({
      error: { message: "Rate limit exceeded. Try again in 1 seconds.", code: 429 },
    });
    expect(simulator.account().cooldownUntilMs).toBe(1_000_000_181_000);
    await clock.advance(500);
    expect((await send(simulator, "GET /auth/proxy")).status).toBe(200);
  });

  it("restarts the cooldown with each request, if configured", async () => {
    const clock = new ManualClock();
    const account = { ...LIMITED, cooldownMs: 10_000, requestsExtendCooldown: true };
    const simulator = await simulate({ clock, accounts: [account] });
    simulator.account().takeFromWindow(3);
    await clock.advance(9_000);
    expect((await send(simulator, "GET /auth/proxy")).status).toBe(429);
    expect(simulator.account().cooldownUntilMs).toBe(clock.nowMs() + 10_000);
  });

  it("sends Retry-After as a date or not at all, and can omit the headers", async () => {
    const clock = new ManualClock(Date.UTC(2026, 0, 1));
    const dialect = { retryAfter: "date", rateLimitHeaders: false } as const;
    const simulator = await simulate({ clock, dialect, accounts: [LIMITED] });
    simulator.account().takeFromWindow(2);
    const { headers } = await send(simulator, "GET /auth/proxy");
    expect(headers.get("retry-after")).toBe("Thu, 01 Jan 2026 00:03:00 GMT");
    expect(headers.get("date")).toBe("Thu, 01 Jan 2026 00:00:00 GMT");
    expect(headers.has("x-ratelimit-limit")).toBe(false);
    simulator.dialect.retryAfter = "none";
    expect((await send(simulator, "GET /auth/proxy")).headers.has("retry-after")).toBe(false);
  });

  it("does not count /user/me once a minute, except during a cooldown", async () => {
    const clock = new ManualClock();
    const simulator = await simulate({ clock, accounts: [LIMITED] });
    const remaining = async (): Promise<string | null> =>
      (await send(simulator, "GET /user/me")).headers.get("x-ratelimit-remaining");
    expect(await remaining()).toBe("2");
    expect(await remaining()).toBe("1");
    await clock.advance(60_000);
    expect(await remaining()).toBe("2");
    simulator.account().takeFromWindow(3);
    await clock.advance(60_000);
    expect((await send(simulator, "GET /user/me")).status).toBe(429);
  });

  it("performs no request that gets 429", async () => {
    const clock = new ManualClock();
    const simulator = await simulate({ clock, accounts: [LIMITED] });
    const { key } = simulator.account().addKey({ name: "a" });
    simulator.account().takeFromWindow(2);
    expect((await send(simulator, "POST /auth/proxy/remove", { proxy_key: key })).status).toBe(429);
    expect(simulator.account().keys()).toHaveLength(1);
    expect(simulator.journal).toMatchObject([{ status: 429, applied: false }]);
  });
});
