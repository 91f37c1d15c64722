import fc from "fast-check";
import { isUserError, type UserError } from "../../provider/util/userError";
import type { KeyObject } from "../../provider/api/wire";
import { UNKNOWN } from "../../provider/lifecycle/schema/inputs";

/** 2026-01-01T00:00:00Z. */
export const NOW_MS = Date.UTC(2026, 0, 1);

export const SECRET = "ek-proxy-Zk83hQ0vLrT6mXw1NbPc57JyGdEa92";

/** A stand-in for `crypto.randomBytes` that never gives the same bytes twice in a row. */
export function countingBytes(): (count: number) => Uint8Array {
  let calls = 0;
  return (count) => {
    calls += 1;
    return Uint8Array.from({ length: count }, (_, index) => (calls * 7 + index * 13) % 256);
  };
}

/** Anything that JSON can hold, with what the inputs of a key look like among it. */
export const jsonish: fc.Arbitrary<unknown> = fc.oneof(
  { maxDepth: 3 },
  fc.jsonValue({ maxDepth: 4 }),
  fc.constantFrom<unknown>(undefined, null, "", " ", "all", "any", "never", "daily", "weekly", -1, 0, 1e308),
  fc.constant(UNKNOWN),
  fc.double(),
  fc.array(fc.oneof(fc.string(), fc.ipV4(), fc.ipV6(), fc.constant(UNKNOWN)), { maxLength: 4 }),
);

/** Values that check accepts, in every spelling. */
export const validInputs = fc.record(
  {
    name: fc.stringMatching(/^[a-z][a-z0-9 -]{0,23}[a-z0-9]$/),
    budget: fc.double({ min: 0.01, max: 10_000, noNaN: true }),
    budgetWindow: fc.constantFrom("daily", "weekly", "monthly"),
    expiresAt: fc.oneof(
      fc.constant("never"),
      fc.integer({ min: 1_800_000_000, max: 4_000_000_000 }),
      fc
        .date({ min: new Date("2027-01-01"), max: new Date("2200-01-01"), noInvalidDate: true })
        .map((date) => date.toISOString()),
    ),
    models: fc.oneof(
      fc.constant("all"),
      fc.array(fc.stringMatching(/^[a-z0-9.:/-]{1,12}$/), { minLength: 1, maxLength: 5 }),
    ),
    allowedIps: fc.oneof(
      fc.constant("any"),
      fc.array(fc.oneof(fc.ipV4(), fc.ipV6()), { minLength: 1, maxLength: 5 }),
    ),
    enabled: fc.boolean(),
    onDestroy: fc.constantFrom("remove", "disable"),
    refuseIfUsedWithin: fc.constantFrom("30m", "24h", "7d"),
    labels: fc.dictionary(
      fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._/-]{0,7}$/),
      fc.stringMatching(/^[ -~]{0,9}$/),
      {
        maxKeys: 3,
      },
    ),
  },
  { requiredKeys: ["budget"] },
);

/** A key object as a list holds it. */
export function wireKey(changes: Partial<KeyObject> = {}): KeyObject {
  return {
    name: "web",
    key: SECRET,
    expires_at: -1,
    allocated_ammount: 10,
    used_ammount: 0,
    is_active: true,
    model_whitelist: [],
    ip_whitelist: [],
    created_at: 1_767_225_600,
    last_used: null,
    ...changes,
  };
}

/** What a call threw; fails the test when it threw nothing. */
export function thrown(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error("Nothing was thrown.");
}

export function userError(error: unknown): UserError {
  if (!isUserError(error)) throw new Error(`This is no UserError: ${String(error)}`);
  return error;
}
