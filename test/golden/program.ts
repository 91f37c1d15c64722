import * as pulumi from "@pulumi/pulumi";
import type { PulumiFn } from "@pulumi/pulumi/automation";
import {
  Account,
  ProxyKey,
  RotatingProxyKey,
  type ProxyKeyArgs,
  type RotatingProxyKeyArgs,
} from "pulumi-electronhub";
import { PluginAccount, PluginKey, PluginRotatingKey } from "../support/pluginResources";

/** How a golden stack declares its resources: with this package, or as an SDK of the provider plugin does. */
export interface Door {
  key(name: string, args: ProxyKeyArgs, options?: pulumi.CustomResourceOptions): pulumi.Resource;
  rotatingKey(name: string, args: RotatingProxyKeyArgs): pulumi.Resource;
  account(name: string, settings: GoldenAccount): pulumi.ProviderResource;
}

export interface GoldenAccount {
  apiKey: string;
  baseUrl: string;
}

/** What the golden stacks declare beside their keys. */
export interface GoldenProgram {
  /** Of the explicit account. */
  account: GoldenAccount;
  /** The key that was taken over. */
  adopted: string;
  /** Added to every budget. Default: 0. */
  more?: number;
}

export const DYNAMIC_DOOR: Door = {
  key: (name, args, options) => new ProxyKey(name, args, options),
  rotatingKey: (name, args) => new RotatingProxyKey(name, args),
  account: (name, settings) => new Account(name, { ...settings }),
};

export const PLUGIN_DOOR: Door = {
  key: (name, args, options) => new PluginKey(name, args, options),
  rotatingKey: (name, args) => new PluginRotatingKey(name, args),
  account: (name, settings) => new PluginAccount(name, { ...settings }),
};

/** The program of a golden stack. It never changes, as the states that were made with it. */
export function goldenProgram(door: Door, { account, adopted, more = 0 }: GoldenProgram): PulumiFn {
  return async () => {
    door.key("defaults", { budget: 10 + more });
    door.key("everything", {
      name: "every input is set",
      budget: 12.5 + more,
      budgetWindow: "monthly",
      expiresAt: "2100-01-31T12:00:00Z",
      models: ["gpt-4o", "o3"],
      allowedIps: ["10.0.0.0/8", "2001:db8::1"],
      enabled: true,
      rotationTrigger: { month: "2026-01" },
      onDestroy: "remove",
      refuseIfUsedWithin: "24h",
      labels: { owner: "team-a", ticket: "OPS-1" },
    });
    door.key("expiring", { budget: 3 + more, expiresIn: "18250d", renewBefore: "24h", renew: "rotate" });
    door.key("disabled", { budget: 1 + more, enabled: false, onDestroy: "disable" });
    door.key("used", { budget: 20 + more, budgetWindow: "weekly" });
    door.key("adopted", { budget: 5 + more, adopt: adopted });
    door.key("elsewhere", { budget: 4 + more }, { provider: door.account("other", account) });
    door.rotatingKey("bot", {
      budget: 6 + more,
      rotateEvery: "30d",
      overlap: "1d",
      now: "2026-01-01T00:00:00Z",
      labels: { owner: "team-b" },
    });
  };
}
