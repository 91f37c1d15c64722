import * as electronhub from "pulumi-electronhub";

const bot = new electronhub.ProxyKey("ci-bot", {
  budget: 0.1,
  budgetWindow: "daily",
  models: ["gpt-4o-mini", "gpt-4o"],
});

export const key = bot.key;
export const fingerprint = bot.fingerprint;
