import fc from "fast-check";
import { expect, it } from "vitest";
import type { Fate } from "./accountModel";
import { attemptCreate, wrongs, type Attempt } from "./create";

const RUNS = 4_000;

const fates = fc.array(
  fc.oneof(
    fc.constant<Fate>("ok"),
    fc.constantFrom<Fate[]>(
      "ok",
      "cutBefore",
      "cutAfter",
      "500Before",
      "500After",
      "htmlBefore",
      "htmlAfter",
      "late",
      "429",
      "403",
    ),
  ),
  { minLength: 1, maxLength: 10 },
);

/** A key younger than this may have been created by the attempt itself, given the difference of the clocks. */
const TELLABLE_AGE_MS = 5_000;

const attempts: fc.Arbitrary<Attempt> = fc.record({
  fates,
  name: fc.constantFrom(undefined, "shared"),
  twinsBeforeAgoMs: fc.array(fc.integer({ min: TELLABLE_AGE_MS, max: 100_000_000 }), { maxLength: 2 }),
  interferences: fc.array(fc.record({ at: fc.nat(8), sameSettings: fc.boolean() }), { maxLength: 2 }),
  aheadMs: fc.constantFrom(0, -3_600_000, 3_600_000, 700, -12_345),
  saysTheTime: fc.oneof(fc.constant(true), fc.boolean()),
});

it(`recognises its own key and no other in ${RUNS} random creations with lost responses, twins and namesakes`, async () => {
  const counts = { made: 0, saved: 0, failed: 0, requests: 0, recognised: 0 };
  await fc.assert(
    fc.asyncProperty(attempts, async (attempt) => {
      const made = await attemptCreate(attempt);
      counts[made.verdict] += 1;
      counts.requests += made.account.requests;
      if (made.verdict === "made" && made.account.requests > 1) counts.recognised += 1;
      expect(wrongs(made, attempt)).toEqual([]);
    }),
    { numRuns: RUNS },
  );
  console.info(
    `random creations: ${RUNS}, with ${counts.requests} requests; ${counts.made} made (${counts.recognised} of them after more than one request), ${counts.saved} saved, ${counts.failed} failed`,
  );
  expect(counts.recognised).toBeGreaterThan(RUNS / 8);
}, 60_000);
