import { expect, it } from "vitest";
import { runScenario } from "./run";
import { scenarioOf, type Scenario } from "./scenario";
import { CHOSEN_SEEDS } from "./seeds";
import { inWords } from "./words";

/**
 * Plays the chosen seeds that match. `npm run chaos -- --verbose --only SEED` repeats one of them with its full output.
 */
export function playChosenSeeds(isMatch: (scenario: Scenario) => boolean): void {
  const seeds = CHOSEN_SEEDS.map(scenarioOf).filter(isMatch);
  it.each(seeds.map((scenario) => ({ seed: scenario.seed, words: inWords(scenario) })))(
    "seed $seed: $words",
    async ({ seed }) => {
      const outcome = await runScenario(scenarioOf(seed));
      expect(outcome.broken, `${outcome.transcript}\n${outcome.cleanup?.output ?? ""}`).toEqual([]);
      expect(outcome.crashed).toBe(true);
    },
  );
}
