/**
 * The seeds that every test run plays. Their first steps are a move that fails in part, a failed rotation, and two stacks
 * with conflicting commands.
 */
export const CHOSEN_SEEDS = [119, 279, 2078] as const;
export const CHOSEN_LENGTH = 3;
