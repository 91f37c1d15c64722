import * as pulumi from "@pulumi/pulumi";
import { nearestWord } from "../util/nearestWord";
import { CONFIG_NAMESPACE, SECRET_SETTINGS, settingNames, type WrittenSettings } from "../config";
import { ACCOUNT_TOKEN, PLUGIN_PROVIDER_TOKEN } from "../lifecycle/schema/typeTokens";
import type { AccountArgs } from "./accountArgs";
import { pulumiTypeOf } from "./pulumiType";
import { refuseImport } from "./refuseImport";

/**
 * An account of Electron Hub, for stacks that use several. Pass it as `{ provider: account }` to keys, to components and
 * to functions such as `getProxyKeysOutput`. Each account has credentials, a rate limit and a process of its own; keys
 * without a provider stay with the stack's configuration.
 *
 * - The API key and `sharedWindow` are secrets even if they are passed in clear, and encrypted in the state.
 * - A key belongs to the account that created it: with another account's API key, refresh, update and destroy fail with the
 *   API's 403, and the key stays in the state. So `{ provider }` alone moves no key. Change the key's `rotationTrigger` in
 *   the same `up`: that makes a new key on the new account, then removes the old one from the old account.
 * - After a rotation of the API key run `pulumi up` with the new one: it changes the account alone, no key. `destroy` and
 *   `refresh` use the API key that the last `up` stored, so before that up they fail with a 401, unless `--run-program`
 *   is given.
 *
 * @example
 * const team = new Account("team-b", { apiKey: config.requireSecret("teamBApiKey") });
 * new ProxyKey("bot", { budget: 10 }, { provider: team });
 */
export class Account extends pulumi.ProviderResource {
  /** @internal */
  readonly __electronhubAccount = true;
  readonly #settings: pulumi.Output<WrittenSettings>;

  /**
   * @param name the account's name in the stack. Another name changes no key.
   * @param args the account's settings, each a plain value or an output.
   */
  constructor(name: string, args: AccountArgs, options: pulumi.ResourceOptions = {}) {
    refuseImport("Account", name, options, "Leave it out: an account consists of its settings only.");
    refuseUnknown(name, args);
    const settings = withSecrets(args);
    super("pulumi-nodejs", name, namespaced(settings), options);
    this.#settings = pulumi.output(settings) as pulumi.Output<WrittenSettings>;
  }

  /**
   * Whether a value is an `Account`, also of another copy of the package. In a policy pack, every provider of dynamic
   * resources matches, the stack's own too: a policy pack compares only types. So do the providers of the plugin, whose
   * settings have no namespace.
   */
  static override isInstance(value: unknown): value is Account {
    // The class has no static `__pulumiType`: with one, `@pulumi/policy` compares that alone.
    const type = pulumiTypeOf(value);
    if (type !== ACCOUNT_TOKEN && type !== PLUGIN_PROVIDER_TOKEN) return false;
    return !pulumi.Resource.isInstance(value) || "__electronhubAccount" in value;
  }

  /**
   * The settings, a secret as a whole: they contain the API key.
   *
   * @internal
   */
  static settingsOf(provider: Account): pulumi.Output<WrittenSettings> {
    if (#settings in provider) return provider.#settings;
    throw new pulumi.RunError(
      "The option `provider` is not an `Account` of this copy of pulumi-electronhub.\n" +
        "Pass a `new Account(…)`; `npm ls pulumi-electronhub` shows whether there are two copies.",
    );
  }
}

function withSecrets(args: AccountArgs): AccountArgs {
  const given = SECRET_SETTINGS.filter((name) => args[name] !== undefined);
  return { ...args, ...Object.fromEntries(given.map((name) => [name, pulumi.secret(args[name])])) };
}

/** A misspelled setting would have no effect. */
function refuseUnknown(name: string, args: AccountArgs): void {
  const unknown = Object.keys(args).find((setting) => !settingNames.some((known) => known === setting));
  if (unknown === undefined) return;
  throw new pulumi.RunError(
    `Account ${JSON.stringify(name)}: \`${unknown}\` is not a setting.\nDid you mean \`${nearestWord(unknown, settingNames).word}\`? The settings are ${settingNames.join(", ")}.`,
  );
}

function namespaced(settings: pulumi.Inputs): pulumi.Inputs {
  return Object.fromEntries(
    Object.entries(settings).map(([setting, value]) => [`${CONFIG_NAMESPACE}:${setting}`, value]),
  );
}
