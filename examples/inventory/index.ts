import * as pulumi from "@pulumi/pulumi";
import {
  getAccountOutput,
  getProxyKeyOutput,
  getProxyKeysOutput,
  validateProxyKeyOutput,
} from "pulumi-electronhub";

const config = new pulumi.Config();
const expiresWithin = config.get("expiresWithin") ?? "14d";
const mustWork = config.getObject<string[]>("mustWork") ?? [];

/** Credits that are left on the account. */
export const credits = getAccountOutput().credits;

/** How many keys the account has. */
export const count = getProxyKeysOutput().length;

/** The keys of the account that stop working soon. */
export const expiringSoon = getProxyKeysOutput({ enabled: true, expiresWithin }).apply((keys) =>
  keys.map(({ name, fingerprint, expiresAt }) => ({ name, fingerprint, expiresAt })),
);

/** Of each key that has to work: whether it does, from this machine, and why not. */
export const works = Object.fromEntries(
  mustWork.map((name) => [name, validateProxyKeyOutput({ key: getProxyKeyOutput({ name }).key })]),
);
