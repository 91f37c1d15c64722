import type { UserErrorDetails } from "../util/userError";

const SETS_BUDGET: ReadonlySet<string> = new Set(["create", "update"]);

/** `Allocated ammount cannot exceed your daily limit of 100`. */
const ABOVE_LIMIT =
  /(?:cannot|can't|must not|may not) exceed your (?:(\w+) )?limit of \D{0,3}(\d(?:[\d.,_]*\d)?)/i;

/** Explains the refusal of a budget above the tier's maximum for one key. Undefined: the message has another subject. */
export function budgetAboveLimit(
  endpoint: string,
  message: string,
): Pick<UserErrorDetails, "why" | "nextStep"> | undefined {
  const [found, window, limit] = (SETS_BUDGET.has(endpoint) && ABOVE_LIMIT.exec(message)) || [];
  if (found === undefined) return undefined;
  const which = window === undefined ? "limit" : `${window.toLowerCase()} limit`;
  return {
    why: `\`budget\` is above the account's ${which} of ${limit} credits for one key`,
    nextStep: `Lower \`budget\` to at most ${limit}, or move the account to a larger plan.`,
  };
}
