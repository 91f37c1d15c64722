import * as github from "@pulumi/github";
import * as pulumi from "@pulumi/pulumi";
import { RotatingProxyKey } from "pulumi-electronhub";

const config = new pulumi.Config();

const bot = new RotatingProxyKey("ci-bot", {
  budget: 0.1,
  models: ["gpt-4o-mini"],
  labels: { owner: "platform", purpose: "ci" },
  rotateEvery: "30d",
  // A job keeps the secret that it started with, so this is longer than any job and than the time between two runs.
  overlap: "2d",
  // For a rehearsal: the time to go by. Left out, it is the time of the run.
  now: config.get("now"),
});

const secret = new github.ActionsSecret("ci-bot-key", {
  repository: config.require("repository"),
  secretName: "ELECTRONHUB_KEY",
  value: bot.current,
});

export const secretName = secret.secretName;
export const fingerprint = bot.currentFingerprint;
export const rotatesAt = bot.rotatesAt;
