import * as pulumi from "@pulumi/pulumi";
import { CONFIG_NAMESPACE, type WrittenSettings } from "../config";

/** The settings of one account; each that is left out comes from the environment, never from the stack's configuration. */
export type AccountArgs = { [K in keyof WrittenSettings]: pulumi.Input<WrittenSettings[K]> };

/**
 * An account of Electron Hub, for stacks that use several: pass it as `{ provider: account }`. It has credentials, a
 * rate limit and a process of its own. The API key is encrypted in the state.
 *
 * After a rotation of the API key run `pulumi up` before `pulumi destroy` or `pulumi refresh`: those use the one that the
 * last `up` stored.
 */
export class Account extends pulumi.ProviderResource {
  constructor(name: string, args: AccountArgs, options: pulumi.ResourceOptions = {}) {
    const settings = Object.entries({ ...args, apiKey: pulumi.secret(args.apiKey) });
    super(
      "pulumi-nodejs",
      name,
      Object.fromEntries(settings.map(([setting, value]) => [`${CONFIG_NAMESPACE}:${setting}`, value])),
      options,
    );
  }
}
