/** Random numbers from a seed. The same seed gives the same numbers on every machine. */
export interface Random {
  /** Returns a whole number from `least` to `most`, inclusive. */
  integer(least: number, most: number): number;
  /** Returns true with this probability. */
  chance(probability: number): boolean;
  pick<T>(choices: readonly T[]): T;
}

/** The Mulberry32 generator: small, and random enough for tests. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const integer = (least: number, most: number): number => least + Math.floor(next() * (most - least + 1));
  return {
    integer,
    chance: (probability) => next() < probability,
    pick: (choices) => {
      if (choices.length === 0) throw new RangeError("There is nothing to choose from.");
      return choices[integer(0, choices.length - 1)] as (typeof choices)[number];
    },
  };
}
