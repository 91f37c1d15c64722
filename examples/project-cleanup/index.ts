import * as pulumi from "@pulumi/pulumi";
import { ProxyKey } from "pulumi-electronhub";

/** Credits a day for each service of a preview environment. The stack is named after the branch or pull request. */
const budgets = { web: 2, worker: 5, evals: 10 };

const entries = Object.entries(budgets).map(([service, budget]) => {
  const proxyKey = new ProxyKey(`${service}-${pulumi.getStack()}`, { budget });
  return [service, proxyKey.key] as const;
});

/** The keys by service; a secret as a whole. */
export const keys = pulumi.all(Object.fromEntries(entries));
