export interface Team {
  /** Credits per month. */
  budget: number;
  /** Default: all. */
  models?: string[];
}

/** By the team's name, which its key has as the label `owner`. */
export const teams: Record<string, Team> = {
  search: { budget: 0.05, models: ["gpt-4o-mini"] },
  support: { budget: 0.1 },
};
