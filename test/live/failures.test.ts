import { describe, expect, it } from "vitest";
import { addOthers, changes, createFixture, verdictOf } from "./fixture";
import { MAX_CREDITS } from "./ownKeys";

describe("whatever fails", () => {
  it("removes each of its keys when the connection breaks after any change", async () => {
    const whole = await createFixture();
    await whole.run();
    const changing = new Set(changes(whole));
    const places = whole.simulator.requests().flatMap((line, at) => (changing.has(line) ? [at] : []));
    expect(places.length).toBeGreaterThan(15);
    for (const skip of places) {
      const fixture = await createFixture();
      addOthers(fixture);
      const others = fixture.simulator.account().keys();
      fixture.simulator.inject({ cut: "after", skip });
      const { output } = await fixture.run();
      expect(fixture.simulator.account().keys(), `${skip}: ${output}`).toEqual(others);
      expect(fixture.peakCredits()).toBeLessThan(MAX_CREDITS);
    }
  });

  it("goes on with the next questions, and ends with 1", async () => {
    const fixture = await createFixture();
    fixture.simulator.inject({ on: { path: "/auth/proxy/toggle" }, cut: "before" });
    const { exitCode, table } = await fixture.run();
    expect(exitCode).toBe(1);
    expect(table).toMatch(
      /\| validate \| … \| .*connection.* \| open: the questions of this group failed here \|/,
    );
    expect(verdictOf(table, "Does expiry give the credits back?")).toBe("settled: no");
  });

  it("removes its keys when it is stopped, and asks nothing more", async () => {
    const fixture = await createFixture();
    const stop = new AbortController();
    fixture.onRequest(({ url }) => {
      if (url.pathname.endsWith("/toggle")) stop.abort(new Error("stopped"));
    });
    const { exitCode, table } = await fixture.run({ signal: stop.signal });
    expect(exitCode).toBe(1);
    expect(fixture.simulator.account().keys()).toEqual([]);
    expect(fixture.simulator.requests().at(-1)).toBe("GET /auth/proxy");
    expect(table.match(/failed here/g)).toHaveLength(1);
  });

  it("removes a key at the end that it could not remove before, also if the list hides it", async () => {
    const fixture = await createFixture({}, { dialect: { listKeys: "omitted" } });
    fixture.simulator.inject({
      on: { path: "/auth/proxy/remove" },
      status: 403,
      body: { detail: "Not now" },
    });
    const { exitCode } = await fixture.run();
    expect(exitCode).toBe(1);
    expect(fixture.simulator.account().keys()).toEqual([]);
  });

  it("names the keys that it could not remove", async () => {
    const fixture = await createFixture();
    fixture.simulator.inject({
      on: { path: "/auth/proxy/remove" },
      status: 403,
      body: { detail: "Not now" },
      times: Infinity,
    });
    const { exitCode, output } = await fixture.run();
    expect(exitCode).toBe(1);
    const left = fixture.simulator.account().keys();
    expect(left.length).toBeGreaterThan(0);
    for (const { name } of left) expect(output).toContain(name);
    expect(fixture.peakCredits()).toBeLessThan(MAX_CREDITS);
  });

  it("waits a 429 out, and shows what it says", async () => {
    const fixture = await createFixture({ rateLimit: { limit: 100, windowMs: 60_000 } });
    fixture.onRequest(({ url }) => {
      // Another client uses the account up.
      if (url.pathname.endsWith("/toggle") && fixture.simulator.account().cooldownUntilMs === undefined)
        fixture.simulator.account().takeFromWindow(100);
    });
    const { exitCode, table } = await fixture.run();
    expect(exitCode).toBe(0);
    expect(verdictOf(table, "What does a 429 say?")).toBe("settled: 1 in this run");
    expect(table).toContain("Try again in 180 seconds");
  });

  it("shows that keys of others have changed meanwhile", async () => {
    const fixture = await createFixture();
    addOthers(fixture);
    const other = fixture.simulator.account().keys()[0]?.key ?? "";
    fixture.onRequest(({ url }) => {
      if (url.pathname.endsWith("/toggle"))
        fixture.simulator.account().updateKey(other, { allocatedAmount: 0.04 });
    });
    const { exitCode, output } = await fixture.run();
    expect(exitCode).toBe(1);
    expect(output).toContain("Keys that are not this test's have changed meanwhile, not by it: prod.");
  });
});
