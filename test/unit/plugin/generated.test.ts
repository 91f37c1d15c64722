import { describe, expect, it } from "vitest";
import { UNKNOWN } from "../../../provider/lifecycle/schema/inputs";
import {
  resolveExpiry,
  shownAs,
  withIgnored,
  withoutCounted,
  withoutGenerated,
} from "../../../provider/plugin/generated";

const NOW_MS = Date.parse("2026-01-01T00:00:00Z");
const DAY_MS = 86_400_000;
const IN_A_DAY = "2026-01-02T00:00:00Z";

describe("checked inputs", () => {
  it("contain nothing that depends on the time or the account", () => {
    const inputs = { budget: 1, expiresIn: "1d", expiresAt: IN_A_DAY, __account: "a", __renewal: "rotate" };
    expect(withoutGenerated(inputs)).toEqual({ budget: 1, expiresIn: "1d" });
  });

  it("keep an expiry that the program declares", () => {
    expect(withoutGenerated({ expiresAt: IN_A_DAY })).toEqual({ expiresAt: IN_A_DAY });
  });

  it("keep an expiry that is unchanged beside `expiresIn`, which then has no effect", () => {
    const inputs = { expiresIn: "1d", expiresAt: IN_A_DAY };
    expect(withoutGenerated(inputs, { expiresAt: IN_A_DAY })).toEqual(inputs);
  });
});

describe("inputs of a state", () => {
  const before = { expiresIn: "1d", expiresAt: IN_A_DAY };

  it("have no expiry that another host has counted", () => {
    expect(withoutCounted(before, { expiresIn: "1d" })).toEqual({ expiresIn: "1d" });
  });

  it.each([{ expiresAt: IN_A_DAY }, { expiresIn: "1d", expiresAt: IN_A_DAY }, {}])(
    "have the one that the program may declare: %j",
    (declared) => expect(withoutCounted(before, declared)).toBe(before),
  );
});

describe("the option `ignoreChanges`", () => {
  const state = { expiresIn: "1d", expiresAt: IN_A_DAY };

  it.each([["expiresAt"], ["*"]])("keeps the expiry of the state: %s", (path) => {
    const checked = { expiresIn: "2d", renewBefore: "1h" };
    const ignoring = withIgnored(checked, state, ["budget", path]);
    expect(ignoring).toEqual({ ...checked, expiresAt: IN_A_DAY });
    expect(resolveExpiry(state, ignoring, NOW_MS).inputs).toEqual(ignoring);
  });

  it("changes nothing where it names other inputs, or where `expiresIn` is not declared", () => {
    expect(withIgnored({ expiresIn: "2d" }, state, ["budget"])).toEqual({ expiresIn: "2d" });
    expect(withIgnored({ budget: 1 }, state, ["*"])).toEqual({ budget: 1 });
  });
});

it("an expiry that follows from `expiresIn` is shown as a change of that", () => {
  expect(shownAs("expiresAt", { expiresIn: "1d" })).toBe("expiresIn");
  expect(shownAs("expiresAt", { expiresIn: "1d", expiresAt: IN_A_DAY })).toBe("expiresAt");
  expect(shownAs("expiresAt", { expiresAt: IN_A_DAY })).toBe("expiresAt");
  expect(shownAs("budget", { expiresIn: "1d" })).toBe("budget");
});

describe("the expiry", () => {
  const declared = { expiresIn: "1d", renewBefore: "2h" };
  const state = { ...declared, name: "bot", expiresAt: IN_A_DAY };

  it("counts from the creation", () => {
    expect(resolveExpiry({}, declared, NOW_MS)).toEqual({ inputs: { ...declared, expiresAt: IN_A_DAY } });
  });

  it("is unknown in a preview where `up` counts it, and known where it stays", () => {
    expect(resolveExpiry({}, declared, NOW_MS, true).inputs["expiresAt"]).toBe(UNKNOWN);
    expect(resolveExpiry(state, declared, NOW_MS, true).inputs["expiresAt"]).toBe(IN_A_DAY);
  });

  it("stays while nothing is due", () => {
    expect(resolveExpiry(state, declared, NOW_MS + 3_600_000).inputs).toEqual({
      ...declared,
      expiresAt: IN_A_DAY,
    });
  });

  it("that was changed outside Pulumi is the declared one again", () => {
    const moved = "2027-01-01T00:00:00Z";
    const drifted = { ...state, expiresAt: moved, __movedExpiry: { from: IN_A_DAY, to: moved } };
    expect(resolveExpiry(drifted, declared, NOW_MS).inputs).toEqual({ ...declared, expiresAt: IN_A_DAY });
  });

  it.each([
    ["extend", undefined, "its expiry is extended"],
    ["rotate", "rotate", "a new key replaces it"],
  ])("that is due is renewed: %s", (renew, mark, effect) => {
    const { inputs, note } = resolveExpiry({ ...state, renew }, { ...declared, renew }, NOW_MS + DAY_MS - 1);
    expect(inputs["__renewal"]).toBe(mark);
    expect(Date.parse(String(inputs["expiresAt"]))).toBeGreaterThan(NOW_MS + DAY_MS);
    expect(note).toMatch(`Proxy key "bot": it expires in`);
    expect(note).toMatch(effect);
  });

  it("is the program's where it declares one", () => {
    const inputs = { expiresAt: IN_A_DAY, budget: 1 };
    expect(resolveExpiry(state, inputs, NOW_MS)).toEqual({ inputs });
  });
});
