import * as pulumi from "@pulumi/pulumi";
import { Account, getAccountOutput, ProxyKey } from "pulumi-electronhub";

const config = new pulumi.Config();
// Accounts take nothing from the stack's `electronhub:` configuration by themselves. For tests: where the API is.
const baseUrl = new pulumi.Config("electronhub").get("baseUrl");

const research = new Account("research", { apiKey: config.requireSecret("researchApiKey"), baseUrl });
const support = new Account("support", {
  apiKey: config.requireSecret("supportApiKey"),
  baseUrl,
  // Other programs use this account too, so this one sends at most so many requests.
  rateLimit: "10/60s",
});

const evals = new ProxyKey("evals", { budget: 50, budgetWindow: "weekly" }, { provider: research });
const chat = new ProxyKey("chat", { budget: 5, models: ["gpt-4o-mini"] }, { provider: support });

/** A secret as a whole. */
export const keys = pulumi.all({ evals: evals.key, chat: chat.key });

/** What is left on each account. */
export const credits = {
  research: getAccountOutput({ provider: research }).credits,
  support: getAccountOutput({ provider: support }).credits,
};
