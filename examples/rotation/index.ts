import * as pulumi from "@pulumi/pulumi";
import { ProxyKey } from "pulumi-electronhub";

const config = new pulumi.Config();

const bot = new ProxyKey("ci-bot", {
  budget: 25,
  // Any other value makes a new key, hands it out, and then removes the old one.
  rotationTrigger: config.require("month"),
});

/** A resource that reads these gets the new key in the same `up`. */
export const key = bot.key;
export const fingerprint = bot.fingerprint;
