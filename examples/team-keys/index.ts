import * as pulumi from "@pulumi/pulumi";
import { ProxyKey } from "pulumi-electronhub";
import { teams } from "./teams";

const purpose = new pulumi.Config().get("purpose") ?? "production";

const bots = Object.entries(teams).map(
  ([owner, settings]) =>
    [
      owner,
      new ProxyKey(owner, { ...settings, budgetWindow: "monthly", labels: { owner, purpose } }),
    ] as const,
);

/** By team. A secret as a whole. */
export const keys = pulumi.all(Object.fromEntries(bots.map(([owner, { key }]) => [owner, key])));

/** By team. */
export const fingerprints = Object.fromEntries(bots.map(([owner, { fingerprint }]) => [owner, fingerprint]));
