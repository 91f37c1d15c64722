import * as pulumi from "@pulumi/pulumi";
import { ProxyKey } from "pulumi-electronhub";

const config = new pulumi.Config();

// Any other value makes new keys.
const rotationTrigger = config.get("keyGeneration");

const search = new ProxyKey("search", {
  budget: 0.05,
  rotationTrigger,
  labels: { owner: "team-a", purpose: "search" },
});

const support = new ProxyKey("support", {
  budget: 0.05,
  rotationTrigger,
  labels: { owner: "team-b", purpose: "support" },
});

export const searchKey = search.key;
export const supportKey = support.key;
