import * as pulumi from "@pulumi/pulumi";
import { RotatingProxyKey } from "pulumi-electronhub";

const bot = new RotatingProxyKey("nightly-bot", {
  budget: 25,
  rotateEvery: "30d",
  overlap: "3d",
  // For a rehearsal: the time to go by. Left out, it is the time of the run.
  now: new pulumi.Config().get("now"),
});

/** Read this one anew at each start of the application, or at least once within each overlap. */
export const key = bot.current;
export const fingerprint = bot.currentFingerprint;
export const rotatesAt = bot.rotatesAt;
