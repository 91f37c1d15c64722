import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { KeyObject } from "../../provider/api/wire";
import { runCommand } from "../support/command";
import { REPOSITORY_ROOT } from "../support/engineEnvironment";
import { cheapest } from "./chat";
import { changesBetween, changesText } from "./figures";
import { resetIn } from "./questions/windowReset";
import { Report } from "./report";
import { changedKeys, survey } from "./sweeper";

const HOUR_MS = 3_600_000;

describe("Report", () => {
  it("keeps a table whole, and says what is open", () => {
    const report = new Report();
    report.add("Which?", "list", "a | b\nc", "yes");
    report.add("When?", "none", "not tried", { why: "takes a day" });
    expect(report.render()).toBe(
      [
        "| Question | Request | Answer | Verdict |",
        "| --- | --- | --- | --- |",
        String.raw`| Which? | list | a \| b c | settled: yes |`,
        "| When? | none | not tried | open: takes a day |",
        "",
        "1 settled, 1 open.",
      ].join("\n"),
    );
  });

  it("hides every secret that it knows, also of no known form, in all cells", () => {
    const report = new Report();
    report.hide("hunter2-hunter2");
    report.add("hunter2-hunter2", "hunter2-hunter2", "x hunter2-hunter2", { why: "hunter2-hunter2" });
    expect(report.render()).not.toContain("hunter2");
    expect(report.safe("ek-proxy-0123456789abcdef")).toBe("[redacted]");
  });
});

it("shows which figures of an account have changed", () => {
  const before = {
    credits: 0.3,
    pots: { weekly: 0.1, bought: 0.2 },
    history: [{ requests: 1 }],
    plan: "free",
  };
  const after = { credits: 0.2, pots: { weekly: 0, bought: 0.2 }, history: [{ requests: 9 }], plan: "pro" };
  expect(changesText(changesBetween(before, after))).toBe("credits -0.1, pots.weekly -0.1");
  expect(changesText(changesBetween(after, after))).toBe("no figure changed");
  expect(changesText(changesBetween(undefined, "text"))).toBe("no figure changed");
});

it("takes the cheapest text model that has a price", () => {
  const model = (id: string, price: unknown, more: object = {}) => ({ id, pricing: price, ...more });
  const models = [
    model("dear", { input: 1, output: 1 }),
    model("cheap", { input: "0.1", output: 0.1 }),
    model("free", { input: 0, output: 0 }),
    model("unknown", undefined),
    model("premium", { input: 0.01, output: 0.01 }, { premium_model: true }),
    model("images", { input: 0.01, output: 0.01 }, { endpoints: ["/v1/images"] }),
  ];
  expect(cheapest({ data: models })).toBe("cheap");
  expect(cheapest(models)).toBe("cheap");
  for (const nothing of [undefined, "text", {}, { data: [] }, { data: [null, { id: 1 }] }])
    expect(cheapest(nothing)).toBeUndefined();
});

describe("resetIn", () => {
  const start = Date.UTC(2026, 0, 1, 19, 30);
  const looks = (...used: number[]) =>
    used.map((amount, at) => ({ atMs: start + at * HOUR_MS, used: amount }));

  it.each([
    [
      "a window that starts afresh",
      looks(0.1, 0.1, 0),
      "between 20:30 UTC and 21:30 UTC, at most 2.0 hours after the use",
    ],
    [
      "a use that is booked late",
      looks(0, 0.1, 0.1, 0),
      "between 21:30 UTC and 22:30 UTC, at most 3.0 hours after the use",
    ],
    ["none", looks(0.1, 0.1, 0.1), "not within 2.0 hours"],
    ["more use", looks(0.1, 0.2), "not within 1.0 hours"],
    ["no use", looks(0, 0), { why: "no use was shown" }],
    ["no look", [], { why: "no use was shown" }],
  ])("recognises %s", (_, seen, expected) => {
    expect(resetIn(seen, start)).toEqual(expected);
  });
});

describe("survey", () => {
  const nowMs = Date.UTC(2026, 0, 1);
  const key = (name: string, ageMs?: number): KeyObject => ({
    name,
    expires_at: -1,
    allocated_ammount: 1,
    used_ammount: 0,
    is_active: true,
    model_whitelist: [],
    ip_whitelist: [],
    created_at: ageMs === undefined ? undefined : (nowMs - ageMs) / 1_000,
    last_used: null,
    key: `ek-proxy-${name}`,
  });

  it("removes only keys with a name of the test that are older than an hour for sure", () => {
    const keys = [
      key("pulumi-eh-live-abc123-01", HOUR_MS + 1_000),
      key("pulumi-eh-live-abc123-02", HOUR_MS),
      key("pulumi-eh-live-abc123-03"),
      key("pulumi-eh-live-abc123-04", -HOUR_MS),
      key("pulumi-eh-live-abc123-1", 9 * HOUR_MS),
      key("pulumi-eh-livewire", 9 * HOUR_MS),
      key("my-pulumi-eh-live-abc123-01", 9 * HOUR_MS),
    ];
    const { stale, recent, doubtful, foreign } = survey(keys, nowMs);
    expect(stale).toEqual([keys[0]]);
    expect(recent).toEqual(keys.slice(1, 4));
    expect(doubtful).toEqual([keys[4]]);
    expect(foreign).toEqual(keys.slice(5));
  });

  it("finds keys of others that were changed or removed, not those that were used or are new", () => {
    const [first, second] = [key("a"), key("b")];
    const used = { ...first, used_ammount: 0.5, last_used: 5 };
    expect(changedKeys([first, second], [second, used, key("c")])).toEqual([]);
    expect(changedKeys([first, second], [{ ...first, is_active: false }])).toEqual(["a", "b"]);
    // Of two alike, one is gone.
    expect(changedKeys([first, first], [first])).toEqual(["a"]);
  });
});

it("the command refuses to start without the variables", async () => {
  const { PATH = "" } = process.env;
  const main = join("test", "live", "main.ts");
  const { exitCode, output } = await runCommand(process.execPath, ["--import", "tsx", main], {
    cwd: REPOSITORY_ROOT,
    env: { PATH, ELECTRONHUB_LIVE: "1", XDG_CACHE_HOME: join(REPOSITORY_ROOT, ".scratch", "live") },
  });
  expect(exitCode).toBe(2);
  expect(output).toMatch(/^This test changes a real account/);
});
