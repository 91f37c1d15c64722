// Generated from provider/lifecycle/schema/fields.ts by `npm run docs`. Do not edit.

import type * as pulumi from "@pulumi/pulumi";

/** What a program declares of a proxy key. */
export interface ProxyKeyArgs {
  /**
   * The key's name on the account. A chosen name costs a second request when the key is created. A
   * generated name stays for the key's life.
   *
   * Unit: at most 25 characters.
   *
   * A change updates the key in place.
   *
   * @default generated: the resource's name, cut, and 7 random characters
   */
  name?: pulumi.Input<string | undefined>;
  /**
   * The amount that the key may spend in each window of time (`budgetWindow`).
   *
   * Unit: credits, more than 0; the account's tier sets the maximum for one key, 10,000 on most.
   *
   * Required.
   *
   * A change updates the key in place.
   */
  budget: pulumi.Input<number>;
  /**
   * The time after which the key may spend its whole `budget` again.
   *
   * Unit: `daily`, `weekly` or `monthly`.
   *
   * A change updates the key in place.
   *
   * @default `"daily"`
   */
  budgetWindow?: pulumi.Input<"daily" | "weekly" | "monthly" | undefined>;
  /**
   * The instant at which the key stops working.
   *
   * Unit: `"never"`, an ISO 8601 instant or date (UTC), or Unix seconds.
   *
   * A change updates the key in place.
   *
   * @default `"never"`
   */
  expiresAt?: pulumi.Input<string | number | undefined>;
  /**
   * Instead of `expiresAt`: the time until the key stops working, counted from the `up` that first has
   * it.
   *
   * Unit: a duration such as `30m`, `24h` or `7d`.
   *
   * A change affects the state only.
   *
   * @default none
   */
  expiresIn?: pulumi.Input<string | undefined>;
  /**
   * With `expiresIn`: an `up` within this time before the expiry, or after it, renews the key.
   *
   * Unit: a duration such as `30m`, `24h` or `7d`.
   *
   * A change affects the state only.
   *
   * @default none: the key is never renewed
   */
  renewBefore?: pulumi.Input<string | undefined>;
  /**
   * How a key is renewed: `extend` moves its expiry in place, `rotate` creates a new key first, then
   * removes the old one.
   *
   * Unit: `extend` or `rotate`.
   *
   * A change affects the state only.
   *
   * @default none, which means `extend`
   */
  renew?: pulumi.Input<"extend" | "rotate" | undefined>;
  /**
   * The models that the key may use. An empty list is refused: the API would read it as all.
   *
   * Unit: a list of model ids, or `"all"`.
   *
   * A change updates the key in place.
   *
   * @default `"all"`
   */
  models?: pulumi.Input<"all" | readonly pulumi.Input<string>[] | undefined>;
  /**
   * The addresses that may use the key. An empty list is refused: the API would read it as any.
   *
   * Unit: a list of IP addresses and CIDR blocks, or `"any"`.
   *
   * A change updates the key in place.
   *
   * @default `"any"`
   */
  allowedIps?: pulumi.Input<"any" | readonly pulumi.Input<string>[] | undefined>;
  /**
   * Whether the key works. Read before it is toggled, and verified afterwards.
   *
   * A change toggles the key in place.
   *
   * @default `true`
   */
  enabled?: pulumi.Input<boolean | undefined>;
  /**
   * A change of this value creates a new key first, then removes the old one. The order within a list
   * counts.
   *
   * Unit: any value.
   *
   * A change creates a new key, then removes the old one.
   *
   * @default none
   */
  rotationTrigger?: pulumi.Input<unknown>;
  /**
   * An existing key of the account, taken over instead of creating one, and updated to the declared
   * settings. Every restriction that it has must be mentioned. Once taken over, it may be left out. A
   * secret.
   *
   * Unit: a whole proxy key (`ek-proxy-…`).
   *
   * A change takes over the other key, then removes the one before.
   *
   * @default none
   */
  adopt?: pulumi.Input<string | undefined>;
  /**
   * What destroy does: `remove` the key for good, or `disable` it, so that it stays on the account with
   * its credits.
   *
   * Unit: `remove` or `disable`.
   *
   * A change affects the state only.
   *
   * @default `"remove"`
   */
  onDestroy?: pulumi.Input<"remove" | "disable" | undefined>;
  /**
   * Destroy is refused while the key was used more recently than this.
   *
   * Unit: a duration such as `30m`, `24h` or `7d`.
   *
   * A change affects the state only.
   *
   * @default none: never refused
   */
  refuseIfUsedWithin?: pulumi.Input<string | undefined>;
  /**
   * What the stack notes about the key, such as its `owner`, `purpose` and `ticket`. The
   * `pulumi-electronhub` command shows them and selects by them. Stored and shown in clear, never sent:
   * not for secrets.
   *
   * Unit: up to 50 short texts by name; a name has letters, digits, `.`, `_`, `-` and `/`.
   *
   * A change affects the state only.
   *
   * @default none, the same as `{}`
   */
  labels?: pulumi.Input<Readonly<Record<string, pulumi.Input<string>>> | undefined>;
}

/** The values of a proxy key's outputs. */
interface ProxyKeyValues {
  /**
   * The key's name on the account. A chosen name costs a second request when the key is created. A
   * generated name stays for the key's life.
   *
   * Unit: at most 25 characters.
   */
  name: string;
  /**
   * The amount that the key may spend in each window of time (`budgetWindow`).
   *
   * Unit: credits, more than 0; the account's tier sets the maximum for one key, 10,000 on most.
   */
  budget: number;
  /**
   * The time after which the key may spend its whole `budget` again.
   *
   * Unit: `daily`, `weekly` or `monthly`.
   */
  budgetWindow: "daily" | "weekly" | "monthly";
  /**
   * The instant at which the key stops working.
   *
   * Unit: `"never"`, an ISO 8601 instant or date (UTC), or Unix seconds.
   */
  expiresAt: string;
  /**
   * Instead of `expiresAt`: the time until the key stops working, counted from the `up` that first has
   * it.
   *
   * Unit: a duration such as `30m`, `24h` or `7d`.
   */
  expiresIn: string | undefined;
  /**
   * With `expiresIn`: an `up` within this time before the expiry, or after it, renews the key.
   *
   * Unit: a duration such as `30m`, `24h` or `7d`.
   */
  renewBefore: string | undefined;
  /**
   * How a key is renewed: `extend` moves its expiry in place, `rotate` creates a new key first, then
   * removes the old one.
   *
   * Unit: `extend` or `rotate`.
   */
  renew: "extend" | "rotate" | undefined;
  /**
   * The models that the key may use. An empty list is refused: the API would read it as all.
   *
   * Unit: a list of model ids, or `"all"`.
   */
  models: "all" | string[];
  /**
   * The addresses that may use the key. An empty list is refused: the API would read it as any.
   *
   * Unit: a list of IP addresses and CIDR blocks, or `"any"`.
   */
  allowedIps: "any" | string[];
  /**
   * Whether the key works. Read before it is toggled, and verified afterwards.
   */
  enabled: boolean;
  /**
   * A change of this value creates a new key first, then removes the old one. The order within a list
   * counts.
   *
   * Unit: any value.
   */
  rotationTrigger: unknown;
  /**
   * An existing key of the account, taken over instead of creating one, and updated to the declared
   * settings. Every restriction that it has must be mentioned. Once taken over, it may be left out. A
   * secret.
   *
   * Unit: a whole proxy key (`ek-proxy-…`).
   */
  adopt: string | undefined;
  /**
   * What destroy does: `remove` the key for good, or `disable` it, so that it stays on the account with
   * its credits.
   *
   * Unit: `remove` or `disable`.
   */
  onDestroy: "remove" | "disable";
  /**
   * Destroy is refused while the key was used more recently than this.
   *
   * Unit: a duration such as `30m`, `24h` or `7d`.
   */
  refuseIfUsedWithin: string | undefined;
  /**
   * What the stack notes about the key, such as its `owner`, `purpose` and `ticket`. The
   * `pulumi-electronhub` command shows them and selects by them. Stored and shown in clear, never sent:
   * not for secrets.
   *
   * Unit: up to 50 short texts by name; a name has letters, digits, `.`, `_`, `-` and `/`.
   */
  labels: Record<string, string> | undefined;
  /**
   * The proxy key itself, a secret.
   *
   * Unit: `ek-proxy-…`.
   */
  key: string;
  /**
   * A name for the key that is not a secret, the same as the resource's id.
   *
   * Unit: `pk-` and 16 hexadecimal digits.
   */
  fingerprint: string;
  /**
   * When the key was created. Absent if the API does not show it.
   *
   * Unit: an ISO 8601 instant.
   */
  createdAt: string | undefined;
  /**
   * When the key was last used. Absent if it never was, or if the API does not show it.
   *
   * Unit: an ISO 8601 instant.
   */
  lastUsedAt: string | undefined;
  /**
   * What the key has spent in the current window. Absent if the API does not show it.
   *
   * Unit: credits.
   */
  usedBudget: number | undefined;
}

/** The outputs of a proxy key: every input, resolved, and what the account shows of the key. */
export type ProxyKeyProperties = { readonly [K in keyof ProxyKeyValues]: pulumi.Output<ProxyKeyValues[K]> };

/** What the account shows of a proxy key. The API never shows the budget's window. */
export type ShownProxyKey = Pick<ProxyKeyValues, "name"> &
  Partial<
    Pick<
      ProxyKeyValues,
      | "budget"
      | "expiresAt"
      | "models"
      | "allowedIps"
      | "enabled"
      | "fingerprint"
      | "createdAt"
      | "lastUsedAt"
      | "usedBudget"
    >
  >;

/** The names of all inputs and outputs. */
export const PROPERTY_NAMES = [
  "name",
  "budget",
  "budgetWindow",
  "expiresAt",
  "expiresIn",
  "renewBefore",
  "renew",
  "models",
  "allowedIps",
  "enabled",
  "rotationTrigger",
  "adopt",
  "onDestroy",
  "refuseIfUsedWithin",
  "labels",
  "key",
  "fingerprint",
  "createdAt",
  "lastUsedAt",
  "usedBudget",
] as const;

/** The secret inputs. */
export const SECRET_INPUT_NAMES = ["adopt"] as const;

/** The secret outputs. */
export const SECRET_OUTPUT_NAMES = ["key", "adopt"] as const;
