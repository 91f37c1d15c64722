import { describe, expect, it } from "vitest";
import { edgePage, tooManyRequestsWithoutHeaders } from "../../provider/testing";
import type { FaultEffect } from "../../provider/testing";
import type { KeySettings } from "../../provider/api/wire";
import { createFixture, PATHS, refusal, rejection, sent, type Fixture } from "./fixture";

const SETTINGS: KeySettings = {
  name: "web",
  expires_at: -1,
  allocated_ammount: 10,
  model_whitelist: [],
  ip_whitelist: [],
  limit_type: "daily",
};

const FAULTS: [string, FaultEffect][] = [
  ["500", refusal(500, "Internal error")],
  ["503 of the edge", edgePage(503)],
  ["502", { status: 502 }],
  ["cut before", { cut: "before" }],
  ["cut after", { cut: "after" }],
  ["cut in the body", { cut: "midBody" }],
];

async function fixtureWithKey() {
  const fixture = await createFixture();
  const { key } = fixture.simulator.account().addKey({ name: "web" });
  return { ...fixture, key };
}

const CALLS = {
  list: ({ client, context }: Fixture) => client.list(context),
  lookup: ({ client, context }: Fixture, key: string) => client.lookup(key, context),
  update: ({ client, context }: Fixture, key: string) => client.update(key, SETTINGS, context),
  toggle: ({ client, context }: Fixture, key: string) => client.toggle(key, context),
  create: ({ client, context }: Fixture) => client.create({ ...SETTINGS, name: "new" }, context),
} as const;

describe.each(["list", "lookup", "update"] as const)("%s is sent again after", (endpoint) => {
  it.each(FAULTS)("%s", async (_, fault) => {
    const fixture = await fixtureWithKey();
    fixture.simulator.inject({ ...fault, on: { path: PATHS[endpoint] }, times: 2 });
    await CALLS[endpoint](fixture, fixture.key);
    expect(sent(fixture)).toEqual([endpoint, endpoint, endpoint]);
    expect(fixture.clock.slept).toEqual([250, 500]);
  });
});

describe("remove is sent again", () => {
  it.each(FAULTS.filter(([name]) => !/after|body/.test(name)))("after %s", async (_, fault) => {
    const fixture = await fixtureWithKey();
    fixture.simulator.inject({ ...fault, times: 2 });
    await fixture.client.remove(fixture.key, fixture.context);
    expect(sent(fixture)).toEqual(["remove", "remove", "remove"]);
    expect(fixture.simulator.account().keys()).toEqual([]);
  });

  it.each(["after", "midBody"] as const)("after a cut %s, and learns that the key is gone", async (cut) => {
    const fixture = await fixtureWithKey();
    fixture.simulator.inject({ cut });
    await expect(fixture.client.remove(fixture.key, fixture.context)).rejects.toMatchObject({
      name: "NotFoundError",
      saidByApi: true,
    });
    expect(sent(fixture)).toEqual(["remove", "remove"]);
  });
});

describe.each(["create", "toggle"] as const)("%s is never sent twice blindly", (endpoint) => {
  it.each(FAULTS)("after %s", async (_, fault) => {
    const fixture = await fixtureWithKey();
    await fixture.client.lookup(fixture.key, fixture.context);
    fixture.simulator.inject({ ...fault, on: { path: PATHS[endpoint] } });
    await expect(CALLS[endpoint](fixture, fixture.key)).rejects.toMatchObject({ outcomeUnknown: true });
    expect(sent(fixture)).toEqual(["lookup", endpoint]);
    expect(fixture.clock.slept).toEqual([]);
  });
});

describe("a refusal for the rate", () => {
  const rateLimit = { limit: 2, windowMs: 60_000 };
  const elapsed = ({ clock }: Fixture) => clock.nowMs() - Date.UTC(2026, 0, 1);

  it.each(["seconds", "date", "none"] as const)(
    "is waited for as long as it asks, Retry-After: %s",
    async (retryAfter) => {
      const fixture = await createFixture({
        simulator: { dialect: { retryAfter }, accounts: [{ name: "main", rateLimit }] },
      });
      // Another client has used up the window before our first request.
      fixture.simulator.account().takeFromWindow(2);
      for (let call = 0; call < 3; call += 1) await fixture.client.list(fixture.context);
      expect(fixture.simulator.journal.map(({ status }) => status)).toEqual([429, 200, 200, 200]);
      expect(elapsed(fixture)).toBeGreaterThanOrEqual(240_000);
      // And up to 15 s longer, since the other client waits for the same moment.
      expect(elapsed(fixture)).toBeLessThan(257_000);
    },
  );

  it("does not happen where the answers name the limit", async () => {
    const fixture = await createFixture({ simulator: { accounts: [{ name: "main", rateLimit }] } });
    await Promise.all(Array.from({ length: 7 }, () => fixture.client.list(fixture.context)));
    expect(fixture.simulator.journal.map(({ status }) => status)).toEqual(Array(7).fill(200));
    expect(elapsed(fixture)).toBeLessThan(181_000);
  });

  it.each(["create", "toggle", "update"] as const)(
    "lets %s be sent again, since nothing happened",
    async (endpoint) => {
      const fixture = await fixtureWithKey();
      await fixture.client.lookup(fixture.key, fixture.context);
      fixture.simulator.inject({ ...tooManyRequestsWithoutHeaders(), times: 8 });
      await CALLS[endpoint](fixture, fixture.key);
      expect(sent(fixture)).toHaveLength(10);
      expect(elapsed(fixture)).toBe(8 * 180_000);
    },
  );

  it("that repeats is followed by longer and longer waits, even if it names short ones", async () => {
    const fixture = await createFixture();
    const refusal = { status: 429, headers: { "Retry-After": "0" }, body: "" };
    fixture.simulator.inject({ ...refusal, times: 6 });
    await fixture.client.list(fixture.context);
    const seconds = fixture.simulator.journal.map(({ atMs }) => (atMs - Date.UTC(2026, 0, 1)) / 1_000);
    expect(seconds).toEqual([0, 1, 5, 21, 85, 265, 445]);
  });

  it("is not waited for beyond maxWait", async () => {
    const fixture = await createFixture({ maxWaitMs: 400_000 });
    fixture.simulator.inject({ ...tooManyRequestsWithoutHeaders(), times: Infinity });
    await expect(fixture.client.list(fixture.context)).rejects.toMatchObject({
      name: "MaxWaitError",
      why: expect.stringMatching(/cooldown after a refusal ends at 00:09:00 UTC.* would exceed maxWait/),
    });
    expect(sent(fixture)).toHaveLength(3);
    expect(elapsed(fixture)).toBe(360_000);
  });
});

it("gives up after six tries and lists them", async () => {
  const fixture = await fixtureWithKey();
  fixture.simulator.inject({ status: 503, times: Infinity });
  const error = await rejection(fixture.client.remove(fixture.key, fixture.context));
  expect(error).toMatchObject({ name: "ServerError", status: 503, attempts: { length: 6 } });
  expect((error as unknown as { attempts: string[] }).attempts[0]).toMatch(
    /^2026-01-01T00:00:00\.000Z ServerError: The API failed \(HTTP 503: an empty body\)\.$/,
  );
  expect(sent(fixture)).toHaveLength(6);
});
