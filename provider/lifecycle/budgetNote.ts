/** The maximum for one key on most tiers, in credits. */
const USUAL_MAXIMUM = 10_000;

/** Explains why the API may refuse a new budget, for the user. Only a refusal shows the account's maximum. */
export function budgetNote(
  { budget: old }: Readonly<Record<string, unknown>>,
  { budget, name, __resourceName: resourceName }: Readonly<Record<string, unknown>>,
): string | undefined {
  if (typeof budget !== "number" || budget <= USUAL_MAXIMUM || budget === old) return undefined;
  const label = JSON.stringify(name ?? resourceName);
  return `Proxy key ${label}: \`budget\` is ${budget} credits. On most tiers the API refuses more than ${USUAL_MAXIMUM} for one key.`;
}
