import { describe, expect, it } from "vitest";
import type { OutsideKey } from "../../../provider/testing";
import { PATHS, rejection, sent } from "../fixture";
import { handMade, laterRun } from "./adoptFixture";

const EXPIRY = { unixS: 1_900_000_000, instant: "2030-03-17T17:46:40Z" };
const UNRESTRICTED: Partial<OutsideKey> = { modelWhitelist: [], ipWhitelist: [], limitType: "daily" };
const NOT_MENTIONED = { models: undefined, allowedIps: null };

const RESTRICTIONS = [
  { outside: { modelWhitelist: ["b", "a"] }, keep: { models: ["a", "b"] }, lift: { models: "all" } },
  {
    outside: { ipWhitelist: ["10.0.0.0/8"] },
    keep: { allowedIps: ["10.0.0.0/8"] },
    lift: { allowedIps: "any" },
  },
  {
    outside: { expiresAtUnixS: EXPIRY.unixS },
    keep: { expiresAt: EXPIRY.instant },
    lift: { expiresAt: "never" },
  },
  { outside: { isActive: false }, keep: { enabled: false }, lift: { enabled: true } },
] satisfies { outside: Partial<OutsideKey>; keep: object; lift: object }[];

const line = (input: object) =>
  Object.entries(input).map(([name, value]) => `  ${name}: ${JSON.stringify(value)},`)[0];

describe("a restriction that the program does not mention", () => {
  it.each(RESTRICTIONS)(
    "refuses the adoption after the lookup: $outside",
    async ({ outside, keep, lift }) => {
      const { fixture, account, adopt } = await handMade(NOT_MENTIONED, { ...UNRESTRICTED, ...outside });
      const before = account.keys();
      const { message } = await rejection(adopt());
      expect(message).toMatch(
        /^Cannot adopt proxy key \(pk-.*does not mention `\w+`.*Nothing was changed\.\n/,
      );
      expect(message.split("\n").slice(1)).toEqual([
        "Add one line for each to the resource. To keep what the key has:",
        line(keep),
        "To lift it:",
        line(lift),
      ]);
      expect(sent(fixture)).toEqual(["lookup"]);
      expect(account.keys()).toEqual(before);
    },
  );

  it.each(RESTRICTIONS)("is kept or lifted by that line: $outside", async ({ outside, keep, lift }) => {
    for (const input of [keep, lift]) {
      const mentioned = { ...NOT_MENTIONED, ...input };
      const { inputs, adopt } = await handMade(mentioned, { ...UNRESTRICTED, ...outside });
      const { outs } = await adopt();
      expect(outs).toMatchObject(input);
      expect(outs).not.toHaveProperty("__unmentioned");
      expect(inputs).toHaveProperty("__unmentioned");
    }
  });

  it("is one of several that one message names", async () => {
    const outside = Object.assign({}, ...RESTRICTIONS.map(({ outside: one }) => one)) as Partial<OutsideKey>;
    const { fixture, adopt } = await handMade(NOT_MENTIONED, outside);
    const { message } = await rejection(adopt());
    for (const { keep } of RESTRICTIONS) expect(message).toContain(`${line(keep)}\n`);
    expect(message).toMatch(/`expiresAt`, `models`, `allowedIps`, `enabled`/);
    expect(sent(fixture)).toEqual(["lookup"]);
  });

  it("is looked for again when the resource adopts its key once more", async () => {
    const { fixture, account, key, adopt } = await handMade({ models: ["o3"] });
    await adopt();
    account.disableKey(key);
    const news = { budget: 10, adopt: key, models: ["o3"], allowedIps: "any", __resourceName: "web" };
    fixture.simulator.clearJournal();
    const { message } = await rejection(fixture.lifecycle.create(await fixture.declare(news)));
    expect(message).toContain("  enabled: false,");
    expect(sent(fixture)).toEqual(["lookup"]);
  });

  it("is mentioned by `expiresIn`", async () => {
    const { adopt } = await handMade({ expiresIn: "7d" }, { expiresAtUnixS: EXPIRY.unixS });
    await expect(adopt()).resolves.toMatchObject({ outs: { expiresIn: "7d" } });
  });

  it("that has passed or that check refuses is not offered as a line to keep", async () => {
    const outside = { ipWhitelist: ["an internal host"], expiresAtUnixS: 1_000_000_000 };
    const { adopt } = await handMade(NOT_MENTIONED, { ...UNRESTRICTED, ...outside });
    const { message } = await rejection(adopt());
    expect(message).toMatch(/ {2}expiresAt: …, \/\/ "2001-.*" cannot be kept: it must be in the future/);
    expect(message).toMatch(/ {2}allowedIps: …, \/\/ \["an internal host"\] cannot be kept: it has no IP/);
  });
});

it.each([
  ["model_whitelist", "models", "all"],
  ["ip_whitelist", "allowedIps", "any"],
  ["expires_at", "expiresAt", "never"],
  ["is_active", "enabled", true],
])("a lookup without %s refuses the adoption as well", async (field, name, widest) => {
  const { fixture, key, adopt } = await handMade(NOT_MENTIONED, UNRESTRICTED);
  const { [field as "key"]: _, ...body } = {
    name: "made by hand",
    key,
    expires_at: -1,
    allocated_ammount: 3,
    is_active: true,
    model_whitelist: [],
    ip_whitelist: [],
  };
  fixture.simulator.inject({ on: { path: PATHS.lookup }, status: 200, body });
  const { message } = await rejection(adopt());
  expect(message).toContain(`\`${name}\` (not shown)`);
  expect(message).toContain(`  ${name}: …, // The API does not show it.\n`);
  expect(message).toContain(`  ${name}: ${JSON.stringify(widest)},`);
  expect(sent(fixture)).toEqual(["lookup"]);
});

it("a lookup without is_active refuses an adoption that mentions `enabled` before it changes the key", async () => {
  const { fixture, key } = await handMade();
  const body = { name: "made by hand", key, allocated_ammount: 3, model_whitelist: ["o3"], ip_whitelist: [] };
  fixture.simulator.inject({ on: { path: PATHS.lookup }, status: 200, body: { ...body, expires_at: -1 } });
  const news = { budget: 9, adopt: key, models: "all", allowedIps: "any", expiresAt: "never", enabled: true };
  const later = laterRun(fixture);
  const { inputs = {} } = await later.check({}, news);
  expect((await rejection(later.create(inputs))).message).toMatch(/does not show whether the key is enabled/);
  expect(sent(fixture)).toEqual(["lookup"]);
});

describe("the window of the budget, which no response shows", () => {
  it.each([
    {
      budgetWindow: undefined,
      notes: [/^Proxy key "made by hand" \(pk-.*budgetWindow: "daily" is set, since/],
    },
    { budgetWindow: "daily", notes: [] },
    { budgetWindow: "monthly", notes: [] },
  ])("is said to become daily only if it is left out: $budgetWindow", async ({ budgetWindow, notes }) => {
    const { fixture, key } = await handMade();
    const lines: string[] = [];
    const later = laterRun(fixture, { report: (text) => lines.push(text) });
    const news = { budget: 10, adopt: key, models: "all", allowedIps: "any", budgetWindow };
    const { inputs = {} } = await later.check({}, news);
    await later.create(inputs);
    expect(lines).toEqual(notes.map((pattern) => expect.stringMatching(pattern)));
    expect(sent(fixture)).toEqual(["lookup", "update"]);
  });
});
