import { describe, expect, it } from "vitest";
import { resolveExpiry, withoutGenerated } from "../../../provider/plugin/generated";

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
});

describe("the expiry", () => {
  const declared = { expiresIn: "1d", renewBefore: "2h" };
  const state = { ...declared, name: "bot", expiresAt: IN_A_DAY };

  it("counts from the creation", () => {
    expect(resolveExpiry({}, declared, NOW_MS)).toEqual({ inputs: { ...declared, expiresAt: IN_A_DAY } });
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
