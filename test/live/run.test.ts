import { describe, expect, it } from "vitest";
import { addOthers, addRoutes, createFixture, verdictOf } from "./fixture";
import { runOf } from "./ownKeys";
import { NEEDED_CREDITS } from "./run";

const FREE = { limit: 5, windowMs: 60_000 };
const MINUTE_MS = 60_000;

describe("a run", () => {
  it.each([
    ["a free account", { rateLimit: FREE }],
    ["an account without headers", {}],
    ["an account with room", { rateLimit: { limit: 100, windowMs: 60_000 } }],
  ])("leaves %s as it was, at 10 requests a minute or fewer", async (_, account) => {
    const fixture = await createFixture({ balance: 0.3, ...account });
    addOthers(fixture);
    addRoutes(fixture);
    const { simulator } = fixture;
    const before = { keys: simulator.account().keys(), balance: simulator.account().balance };
    const { exitCode, output, table } = await fixture.run();
    expect(exitCode, output).toBe(0);
    expect(simulator.account().keys()).toEqual(before.keys);
    // The one use of a key.
    expect(simulator.account().balance).toBeCloseTo(before.balance - 0.001, 9);
    // Each key is removed before the next one is made.
    expect(fixture.peakCredits()).toBe(0.02);
    expect(output).toContain("The budgets held 0.02 credits at most.");
    expect(simulator.journal.filter(({ status }) => status === 429)).toEqual([]);
    const times = simulator.journal.map(({ atMs }) => atMs);
    for (const [at, time] of times.entries())
      expect((times[at + 10] ?? Infinity) - time).toBeGreaterThan(MINUTE_MS - 1);
    expect(table).toMatch(/^\| Question \| Request \| Answer \| Verdict \|\n\| --- /);
    expect(table).toMatch(/\n\n\d+ settled, \d+ open\.$/);
  });

  it("settles what the account shows", async () => {
    const fixture = await createFixture({ rateLimit: FREE });
    addRoutes(fixture);
    const { table } = await fixture.run();
    const expected: Record<string, string> = {
      "Which status has a successful create?": "settled: 201",
      "Does the list show whole keys?": "settled: yes",
      "validate say of a disabled key?": "settled: HTTP 200, valid: false",
      "validate say of a removed key?": "settled: HTTP 401",
      "remove and lookup say of a removed key?": "settled: 404 and 404",
      "How is a proxy key refused": "settled: HTTP 401",
      "pay for a new budget": "settled: yes, at once: credits -0.01, usage.proxy_keys +1",
      "back an unused budget": "settled: yes, at once: credits +0.01, usage.proxy_keys -1",
      "Does expiry give the credits back?": "settled: no",
      "removal of an expired key": "settled: yes",
      "show in used_ammount and last_used?": "settled: used_ammount: yes, last_used: yes",
      "user's logs": "settled: yes, with the whole key",
      "only what is unused?": "settled: yes",
      "proxy key's validate count": "settled: yes",
      "Which limit do the responses name?": "settled: 5 requests",
      "honour limit_type?": "open: create checks the value; whether it applies is shown by the window only",
      "window start afresh?":
        "open: takes a day: set ELECTRONHUB_LIVE_HOURS=26, and start no other live test meanwhile",
      "lengthen the cooldown?": "open: needs the limit to be exceeded, which blocks the account for minutes",
    };
    const verdicts = Object.keys(expected).map((question) => [question, verdictOf(table, question)]);
    expect(Object.fromEntries(verdicts)).toEqual(expected);
  });

  it("says the opposite of an account that does the opposite", async () => {
    const fixture = await createFixture(
      {},
      { dialect: { createStatus: 200, listKeys: "masked", proxyKeyAuthStatus: 403 } },
    );
    addRoutes(fixture);
    const ignored = { status: 201, body: { detail: "created" }, on: { path: "/auth/proxy/create" }, skip: 1 };
    fixture.simulator.inject(ignored);
    const { table, exitCode } = await fixture.run();
    expect(exitCode).toBe(0);
    expect(verdictOf(table, "Which status has a successful create?")).toBe("settled: 200");
    expect(verdictOf(table, "Does the list show whole keys?")).toBe("settled: no");
    expect(verdictOf(table, "How is a proxy key refused")).toBe("settled: HTTP 403");
    expect(verdictOf(table, "honour limit_type?")).toBe(
      "settled: no: update checks the value, create takes any",
    );
    expect(verdictOf(table, "Which limit do the responses name?")).toBe("open: none");
  });

  it("watches windows for as long as it is asked to", async () => {
    const fixture = await createFixture();
    addRoutes(fixture);
    const environment = {
      ELECTRONHUB_LIVE: "1",
      ELECTRONHUB_LIVE_HOURS: "3",
      ELECTRONHUB_LIVE_MODEL: "mine",
      ELECTRONHUB_API_KEY: fixture.simulator.account().apiKey,
      ELECTRONHUB_BASE_URL: fixture.simulator.baseUrl,
    };
    const startMs = fixture.clock.nowMs();
    const { table, exitCode } = await fixture.run({ environment });
    expect(exitCode).toBe(0);
    expect(fixture.clock.nowMs() - startMs).toBeGreaterThan(3 * 60 * MINUTE_MS);
    expect(verdictOf(table, "window start afresh?")).toBe("settled: not within 2.8 hours");
    expect(table).toContain("chat with mine");
    expect(fixture.peakCredits()).toBeLessThanOrEqual(NEEDED_CREDITS);
    expect(fixture.simulator.account().keys()).toEqual([]);
  });
});

it("removes what runs have left that ended over an hour ago, and nothing younger", async () => {
  const fixture = await createFixture({ balance: 1 });
  const nowS = fixture.clock.nowMs() / 1_000;
  const account = fixture.simulator.account();
  const add = (name: string, ageS: number) =>
    account.addKey({ name, allocatedAmount: 0.01, createdAtUnixS: nowS - ageS });
  add("pulumi-eh-live-oldone-01", 3_700);
  add("pulumi-eh-live-recent-01", 3_500);
  add("prod", 1_000_000);
  const { exitCode, output } = await fixture.run();
  expect(exitCode).toBe(0);
  expect(account.keys().map(({ name }) => name)).toEqual(["pulumi-eh-live-recent-01", "prod"]);
  expect(output).toContain("Removed keys of earlier runs: pulumi-eh-live-oldone-01.");
  expect(runOf("pulumi-eh-live-oldone-01")).toBe("oldone");
});
