import { describe, expect, it } from "vitest";
import { createFixture, rejection, sent } from "../fixture";

const CONFIG = { budget: 1, __resourceName: "web" };

describe("a malformed setting", () => {
  const ROWS: [string, string, RegExp][] = [
    [
      "MAX_WAIT",
      "soon",
      /^electronhub:maxWait \(or ELECTRONHUB_MAX_WAIT\) is not a duration\. Write for example 90s/,
    ],
    ["BASE_URL", "api.example", /^electronhub:baseUrl .* is not a URL\. Leave it out for https:/],
    [
      "RATE_LIMIT",
      "fast",
      /^electronhub:rateLimit .* is not a rate\. Write requests per window, for example 10\/60s/,
    ],
    ["USER_AGENT", "é", /^electronhub:userAgent .* is not a header value/],
    ["API_KEY", "sk-of-another-vendor", /^electronhub:apiKey .* is not an Electron Hub API key/],
    ["API_KEY", "ek-proxy-aaaaaaaaaaaa", /^electronhub:apiKey .* is a proxy key/],
  ];

  it.each(ROWS)(
    "ELECTRONHUB_%s=%s fails the check, with the setting and its form",
    async (name, value, reason) => {
      const { lifecycle } = await createFixture({ environment: { [`ELECTRONHUB_${name}`]: value } });
      const { failures } = await lifecycle.check({}, CONFIG);
      expect(failures).toEqual([{ property: "", reason: expect.stringMatching(reason) }]);
      expect(JSON.stringify(failures)).not.toMatch(/sk-of|ek-proxy-/);
    },
  );

  it("of a provider's own configuration fails its check, also if the environment has a valid one", async () => {
    const { lifecycle } = await createFixture();
    const settings: Record<string, string> = { "electronhub:maxWait": "soon" };
    await lifecycle.configure({ config: { get: (key: string) => settings[key] } as never });
    const { failures } = await lifecycle.check({}, CONFIG);
    expect(failures).toMatchObject([{ reason: expect.stringMatching(/electronhub:maxWait/) }]);
  });

  it("of the environment does not matter where the stack has a good one", async () => {
    const { lifecycle } = await createFixture({ environment: { ELECTRONHUB_MAX_WAIT: "soon" } });
    const settings: Record<string, string> = { "electronhub:maxWait": "90s" };
    await lifecycle.configure({ config: { get: (key: string) => settings[key] } as never });
    expect((await lifecycle.check({}, CONFIG)).failures).toBeUndefined();
  });
});

it("a missing API key passes the check, and no verb sends anything without one", async () => {
  const fixture = await createFixture({ environment: { ELECTRONHUB_API_KEY: "" } });
  const inputs = await fixture.declare();
  const other = await (await createFixture()).existing();
  const { lifecycle } = fixture;
  for (const verb of [
    lifecycle.create(inputs),
    lifecycle.create({ ...inputs, adopt: other.state.key }),
    lifecycle.update(other.id, other.state, { ...other.inputs, budget: 20 }),
    lifecycle.delete(other.id, other.state),
    lifecycle.read(other.id, other.state),
  ]) {
    expect((await rejection(verb)).message).toMatch(
      /No Electron Hub API key is configured.*\n.*pulumi config set/,
    );
  }
  expect(sent(fixture)).toEqual([]);
});

describe("a budget above what the account allows", () => {
  const refused = /`budget` is above the account's daily limit of 100 credits for one key \(HTTP 400: ".*"\)/;
  const next = /Lower `budget` to at most 100, or move the account to a larger plan\./;

  it("passes the check with a note, once, where it is above the usual maximum", async () => {
    const lines: string[] = [];
    const fixture = await createFixture({ lifecycle: { report: (line) => void lines.push(line) } });
    fixture.simulator.account().budgetCap = 50_000;
    const { inputs, state } = await fixture.existing({ budget: 20_000 });
    expect(lines).toEqual([
      expect.stringMatching(/"web": `budget` is 20000 credits.*more than 10000 for one key/),
    ]);
    await fixture.declare({ budget: 20_000 }, inputs);
    await fixture.declare({ budget: 10_000 }, inputs);
    expect(lines).toHaveLength(1);
    expect(state).toMatchObject({ budget: 20_000 });
  });

  it("is explained with the input's name when a key is created", async () => {
    const fixture = await createFixture();
    fixture.simulator.account().budgetCap = 100;
    const { message } = await rejection(fixture.existing({ budget: 101 }));
    expect(message).toMatch(refused);
    expect(message).toMatch(next);
    expect(sent(fixture)).toEqual(["create"]);
  });

  it("is explained when a key is updated", async () => {
    const fixture = await createFixture();
    fixture.simulator.account().budgetCap = 100;
    const { id, state, inputs } = await fixture.existing();
    const { message } = await rejection(
      fixture.lifecycle.update(id, state, await fixture.declare({ budget: 101 }, inputs)),
    );
    expect(message).toMatch(refused);
    expect(message).toMatch(next);
  });

  it("is explained when a key is adopted", async () => {
    const fixture = await createFixture();
    const { key } = fixture.simulator.account().addKey({ name: "theirs", allocatedAmount: 20_000 });
    fixture.simulator.account().budgetCap = 100;
    const inputs = await fixture.declare({ adopt: key, name: "theirs", budget: 101 });
    const error = await rejection(fixture.lifecycle.create(inputs)).catch(() => undefined);
    expect(error?.message).toMatch(refused);
    expect(error?.message).toMatch(next);
    expect(error?.message).not.toContain(key);
  });
});
