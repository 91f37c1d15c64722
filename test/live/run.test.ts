import { describe, expect, it } from "vitest";
import { echoSecrets, type FaultSpec, type JsonValue } from "../../provider/testing";
import { changes, createFixture, RUN_ID, type Fixture } from "./fixture";
import { MAX_CREDITS, runOf } from "./ownKeys";
import { NEEDED_CREDITS } from "./run";

const FREE = { limit: 5, windowMs: 60_000 };
const MINUTE_MS = 60_000;

/** Keys of the account that are not the test's, with their use. */
function addOthers({ simulator }: Fixture): void {
  const account = simulator.account();
  account.addKey({ name: "prod", allocatedAmount: 0.05, usedAmount: 0.01, ipWhitelist: ["10.0.0.0/8"] });
  account.addKey({ name: "prod", allocatedAmount: 0.02, isActive: false });
}

/** Routes that the simulator does not have, as the vendor describes them. */
function addRoutes({ simulator }: Fixture, used = 0.001): void {
  const route = (method: string, path: string, body: NonNullable<FaultSpec["body"]>) =>
    simulator.inject({ on: { method, path }, status: 200, body, times: Infinity });
  const callers: string[] = [];
  route("GET", "/models", {
    object: "list",
    data: [
      { id: "dear", pricing: { input: 3, output: 15 }, endpoints: ["/v1/chat/completions"] },
      { id: "cheap", pricing: { input: 0.1, output: 0.2 }, endpoints: ["/v1/chat/completions"] },
      { id: "free", pricing: { input: 0, output: 0 }, endpoints: ["/v1/chat/completions"] },
      { id: "painter", pricing: { input: 0.01, output: 0.01 }, endpoints: ["/v1/images/generations"] },
    ],
  });
  route("POST", "/chat/completions", ({ authorization = "", rawBody }) => {
    const key = authorization.replace("Bearer ", "");
    callers.push(key);
    simulator.account().spend(key, used);
    return { object: "chat.completion", model: (JSON.parse(rawBody) as { model: string }).model };
  });
  route("GET", "/user/logs", () =>
    callers.map((key): JsonValue => ({ key, ip: "192.0.2.7", status: "success" })),
  );
}

function verdictOf(table: string, question: string): string {
  const row = table.split("\n").find((line) => line.includes(question));
  return row?.split(" | ").at(-1)?.replace(" |", "") ?? `no row for ${question}`;
}

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
    expect(fixture.peakCredits()).toBeGreaterThan(0);
    expect(fixture.peakCredits()).toBeLessThanOrEqual(NEEDED_CREDITS);
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
    const { exitCode } = await fixture.run({ signal: stop.signal });
    expect(exitCode).toBe(1);
    expect(fixture.simulator.account().keys()).toEqual([]);
    expect(fixture.simulator.requests().at(-1)).toBe("GET /auth/proxy");
    expect(fixture.simulator.requests()).not.toContain("GET /user/logs");
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

describe("its output", () => {
  it("has no key, also when every response repeats all that was sent", async () => {
    const fixture = await createFixture();
    addOthers(fixture);
    addRoutes(fixture);
    const secrets = new Set([fixture.simulator.account().apiKey]);
    fixture.onRequest(() => {
      for (const { key } of fixture.simulator.account().keys()) secrets.add(key);
    });
    for (const path of ["validate", "update", "lookup", "toggle"])
      fixture.simulator.inject({ on: { path: `/auth/proxy/${path}` }, times: Infinity, ...echoSecrets(400) });
    const { output } = await fixture.run();
    expect(secrets.size).toBeGreaterThan(5);
    for (const secret of secrets) expect(output).not.toContain(secret.replace(/^ek-(proxy-)?/, ""));
    expect(output).not.toMatch(/ek-(?:proxy-)?[0-9a-f]{6}/);
    // What it repeats is shown, without the keys.
    expect(output).toContain("failed; authorization: [redacted]");
  });

  it("has nothing of the user's logs", async () => {
    const fixture = await createFixture();
    addRoutes(fixture);
    const { output } = await fixture.run();
    expect(output).toContain("1 entry, 1 with the key");
    expect(output).not.toContain("192.0.2.7");
  });
});

describe("it refuses to start, without changing anything,", () => {
  const started = async (fixture: Fixture, environment?: Record<string, string>) => {
    const result = await fixture.run(environment && { environment });
    expect(changes(fixture)).toEqual([]);
    return result;
  };

  it.each([
    ["neither variable", {}],
    ["the API key alone", { ELECTRONHUB_API_KEY: "ek-x" }],
    ["ELECTRONHUB_LIVE alone", { ELECTRONHUB_LIVE: "1" }],
    ["an empty API key", { ELECTRONHUB_LIVE: "1", ELECTRONHUB_API_KEY: "" }],
    ["another value", { ELECTRONHUB_LIVE: "yes", ELECTRONHUB_API_KEY: "ek-x" }],
  ])("with %s", async (_, environment) => {
    const fixture = await createFixture();
    const { exitCode, output } = await started(fixture, environment);
    expect({ exitCode, output }).toEqual({
      exitCode: 2,
      output: expect.stringContaining(
        "Set ELECTRONHUB_LIVE=1 and ELECTRONHUB_API_KEY to start it.",
      ) as string,
    });
    expect(fixture.simulator.journal).toEqual([]);
  });

  it("with a proxy key", async () => {
    const fixture = await createFixture();
    const environment = { ELECTRONHUB_LIVE: "1", ELECTRONHUB_API_KEY: "ek-proxy-0123456789abcdef" };
    const { exitCode, output } = await started(fixture, environment);
    expect(exitCode).toBe(2);
    expect(output).toContain("is a proxy key");
    expect(output).not.toContain("0123456789abcdef");
  });

  it("with too few credits", async () => {
    const fixture = await createFixture({ balance: 0.049 });
    const { exitCode, output } = await started(fixture);
    expect(exitCode).toBe(2);
    expect(output).toContain("The account has 0.049 credits, and this test needs 0.05.");
  });

  it("when keys of others are named like its own", async () => {
    const fixture = await createFixture();
    fixture.simulator.account().addKey({ name: "pulumi-eh-live-mine", allocatedAmount: 0.01 });
    const { exitCode, output } = await started(fixture);
    expect(exitCode).toBe(2);
    expect(output).toContain("pulumi-eh-live-mine. Rename them first.");
  });

  it("while another run holds so much that both would reach the limit", async () => {
    const fixture = await createFixture({ balance: 1 });
    fixture.simulator.account().addKey({ name: "pulumi-eh-live-zzzzzz-01", allocatedAmount: 0.15 });
    const { exitCode, output } = await started(fixture);
    expect(exitCode).toBe(2);
    expect(output).toContain("Another run has 1 keys with 0.15 credits.");
  });

  it("with the id of another run", async () => {
    const fixture = await createFixture();
    fixture.simulator.account().addKey({ name: `pulumi-eh-live-${RUN_ID}-01`, allocatedAmount: 0.01 });
    expect(await started(fixture)).toMatchObject({ exitCode: 2 });
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
