import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { expect, it } from "vitest";
import type { Sequence } from "./model";
import { playSeed, playSequence, type Outcome } from "./run";

/** Plays every sequence of a folder. `npm run fuzz -- --verbose --replay FILE` repeats one of them and prints its steps. */
export function playSequences(subject: "ownership" | "settings"): void {
  const folder = join(__dirname, "sequences", subject);
  const sequences = readdirSync(folder).map((file) => {
    const sequence = JSON.parse(readFileSync(join(folder, file), "utf8")) as Sequence;
    return { about: sequence.about ?? file, sequence };
  });
  it.each(sequences)("$about", async ({ sequence }) => {
    const outcome = await playSequence(sequence, { previews: "last" });
    expect(outcome.findings, inWords(outcome)).toEqual([]);
  });
}

/** Plays seeds. `npm run fuzz -- --verbose --only SEED --length LENGTH` repeats one of them and prints its steps. */
export function playSeeds(seeds: readonly number[], length: number): void {
  it.each(seeds)("seed %d breaks no rule", async (seed) => {
    const outcome = await playSeed(seed, length, { previews: "last" });
    expect(outcome.findings, inWords(outcome)).toEqual([]);
  });
}

function inWords({ output, sequence }: Outcome): string {
  return `${output}\n${JSON.stringify(sequence)}`;
}
