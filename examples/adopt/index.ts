import * as pulumi from "@pulumi/pulumi";
import { ProxyKey } from "pulumi-electronhub";

const config = new pulumi.Config();

/**
 * Made by hand, and in use: the same key goes on working, from now on with these settings. The API does not show the window
 * of its budget, and without a mention it becomes daily.
 */
const legacyBot = new ProxyKey("legacy-bot", {
  adopt: config.requireSecret("legacyKey"),
  budget: 25,
  budgetWindow: "monthly",
  models: ["gpt-4o-mini"],
});

export const name = legacyBot.name;
export const fingerprint = legacyBot.fingerprint;
