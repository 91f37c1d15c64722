import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { KEY_CAPS, ManualClock, type SimulatedAccount } from "../../../provider/testing/index";
import { AccountModel } from "../../../provider/testing/accountModel";
import { send, simulate } from "./fixture";

describe("accounts", () => {
  it("are found by name, the first by default", async () => {
    const simulator = await simulate();
    const added = simulator.addAccount({ name: "other", apiKey: "ek-other", tier: "free" });
    expect(simulator.account().name).toBe("main");
    expect(simulator.account("other")).toBe(added);
    expect(added.keyCap).toBe(KEY_CAPS.free);
    expect(() => simulator.account("missing")).toThrow(
      'The simulator has no account "missing", only: "main", "other".',
    );
    expect(() => simulator.addAccount({ name: "other" })).toThrow("already");
    expect(() => simulator.addAccount({ name: "third", apiKey: "ek-other" })).toThrow("API key");
  });

  it("are named in the journal", async () => {
    const clock = new ManualClock(1_000);
    const simulator = await simulate({ clock });
    await send(simulator, "GET /user/me", undefined, { headers: { "user-agent": "tests/1" } });
    await send(simulator, "GET /user/me", undefined, { authorization: null });
    expect(simulator.requests()).toEqual(["GET /user/me", "GET /user/me"]);
    expect(simulator.journal).toMatchObject([
      {
        sequence: 1,
        atMs: 1_000,
        account: "main",
        userAgent: "tests/1",
        status: 200,
        applied: true,
        body: undefined,
      },
      { sequence: 2, account: undefined, status: 401, applied: false },
    ]);
    simulator.clearJournal();
    expect(simulator.journal).toEqual([]);
  });
});

describe("changes from outside", () => {
  it("throw for an ambiguous or unknown name", () => {
    const account = modelOf();
    const first = account.addKey({ name: "a" });
    account.addKey({ name: "a" });
    expect(() => account.findKey("a")).toThrow("2 keys");
    expect(account.findKey(first.key)).toEqual(first);
    expect(account.findKey("b")).toBeUndefined();
    expect(() => account.removeKey("b")).toThrow("no such key");
  });

  it("throw if they exceed budget or balance", () => {
    const account = modelOf(10);
    const { key } = account.addKey({ name: "a", allocatedAmount: 0.3 });
    account.spend("a", 0.1);
    expect(account.spend(key, 0.2)).toMatchObject({
      usedAmount: 0.3,
      lastUsedUnixS: 1_767_225_600,
    });
    expect(() => account.spend("a", 0.000001)).toThrow("0 credits left");
    expect(() => account.updateKey("a", { allocatedAmount: 11 })).toThrow("Insufficient balance");
    expect(account.updateKey("a", { isActive: false, lastUsedUnixS: 5 })).toMatchObject({
      isActive: false,
      lastUsedUnixS: 5,
    });
    expect(account.balance).toBe(9.7);
    expect(account.removeKey("a")).toBe(0);
  });

  it("are exact with decimals", () => {
    const account = modelOf(1);
    account.addKey({ name: "a", allocatedAmount: 0.1 });
    account.addKey({ name: "b", allocatedAmount: 0.2 });
    expect(account.balance).toBe(0.7);
    account.removeKey("a");
    account.removeKey("b");
    expect(account.balance).toBe(1);
  });

  it("never create or lose a credit", () => {
    const amount = fc.integer({ min: 1, max: 3_000 }).map((hundredths) => hundredths / 100);
    const step = fc.tuple(
      fc.constantFrom("add", "resize", "spend", "remove"),
      fc.integer({ min: 0, max: 3 }),
      amount,
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const account = modelOf(50);
        for (const [verb, index, credits] of steps) {
          attempt(account, verb, `key-${index}`, credits);
          expect(account.totalCredits).toBe(50);
          expect(account.balance).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });
});

function modelOf(balance = 100): AccountModel {
  return new AccountModel({ name: "main", balance }, new ManualClock(Date.UTC(2026, 0, 1)));
}

/** One step, or none if the account rejects it. */
function attempt(account: SimulatedAccount, verb: string, name: string, credits: number): void {
  try {
    if (verb === "add" && account.findKey(name) === undefined)
      account.addKey({ name, allocatedAmount: credits });
    if (verb === "resize") account.updateKey(name, { allocatedAmount: credits });
    if (verb === "spend") account.spend(name, credits);
    if (verb === "remove") account.removeKey(name);
  } catch {
    // Rejected: too few credits, or no such key.
  }
}
