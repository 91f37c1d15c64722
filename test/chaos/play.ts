import { expect, it } from "vitest";
import { runScenario } from "./run";
import { scenarioOf, type Scenario } from "./scenario";
import { CHOSEN_SEEDS } from "./seeds";
import { inWords } from "./words";

/**
 * Plays those of the chosen seeds that are wanted. Each of them again, with everything that was said:
 * `npm run chaos -- --verbose --only SEED`
 */
export function playChosenSeeds(isWanted: (scenario: Scenario) => boolean): void {
  const wanted = CHOSEN_SEEDS.map(scenarioOf).filter(isWanted);
  it.each(wanted.map((scenario) => ({ seed: scenario.seed, words: inWords(scenario) })))(
    "seed $seed: $words",
    async ({ seed }) => {
      const outcome = await runScenario(scenarioOf(seed));
      expect(outcome.broken, `${outcome.transcript}\n${outcome.cleanup?.output ?? ""}`).toEqual([]);
      expect(outcome.crashed).toBe(true);
    },
  );
}
