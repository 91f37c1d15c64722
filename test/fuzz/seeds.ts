/** Seeds that every run of the tests plays, and how many steps of each. */
export const CHOSEN_SEEDS = [1, 2, 3] as const;
export const CHOSEN_LENGTH = 6;
