import { PolicyPack, validateResourceOfType, validateStackResourcesOfType } from "@pulumi/policy";
import { ProxyKey } from "pulumi-electronhub";

/** The most credits that one key, and all keys of a stack, may spend in a month. */
interface Ceilings {
  perKey: number;
  perStack: number;
}

const ceilings = {
  properties: {
    perKey: { type: "number", default: 500 },
    perStack: { type: "number", default: 2_000 },
  },
} as const;

/** How often a budget can be spent in a month, at most. */
const WINDOWS_PER_MONTH = { daily: 31, weekly: 5, monthly: 1 };

/** The inputs of a key, as check has completed them. */
function creditsPerMonth({
  budget,
  budgetWindow = "daily",
}: {
  budget: number;
  budgetWindow?: keyof typeof WINDOWS_PER_MONTH | undefined;
}): number {
  return budget * WINDOWS_PER_MONTH[budgetWindow];
}

// The keys of a RotatingProxyKey are ProxyKeys too.
new PolicyPack("electronhub", {
  enforcementLevel: "mandatory",
  policies: [
    {
      name: "budget-per-key",
      description: "A key has a ceiling of credits per month.",
      configSchema: ceilings,
      validateResource: validateResourceOfType(ProxyKey, (key, args, reportViolation) => {
        const { perKey } = args.getConfig<Ceilings>();
        const credits = creditsPerMonth(key);
        if (credits > perKey)
          reportViolation(`The key may spend ${credits} credits a month, more than ${perKey}.`);
      }),
    },
    {
      name: "models-named",
      description: "A key names the models that it may use.",
      validateResource: validateResourceOfType(ProxyKey, ({ models }, _args, reportViolation) => {
        if (models === undefined || models === "all") reportViolation("Name the key's `models`.");
      }),
    },
    {
      name: "budget-per-stack",
      description: "The keys of a stack have a ceiling of credits per month.",
      configSchema: ceilings,
      validateStack: validateStackResourcesOfType(ProxyKey, (keys, args, reportViolation) => {
        const { perStack } = args.getConfig<Ceilings>();
        const credits = keys.map(creditsPerMonth).reduce((sum, of) => sum + of, 0);
        if (credits > perStack)
          reportViolation(`The stack's keys may spend ${credits} credits a month, more than ${perStack}.`);
      }),
    },
  ],
});
