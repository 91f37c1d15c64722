/**
 * Seeds that every run of the tests plays: the first steps of each are a plot of their own, such as a move that fails in
 * part, a rotation that fails, or two stacks in each other's way.
 */
export const CHOSEN_SEEDS = [119, 279, 2078] as const;
export const CHOSEN_LENGTH = 3;
