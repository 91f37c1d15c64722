import * as pulumi from "@pulumi/pulumi";
import { PROVIDER_TEXT } from "../dynamic/providerCode";
import type { InternalInputs } from "../lifecycle/schema/inputs";
import { PLUGIN_PROXY_KEY_TOKEN, PROXY_KEY_TOKEN } from "../lifecycle/schema/typeTokens";
import { RegisteredResource } from "./registeredResource";
import { refuseDeletedWith } from "./refuseDeletedWith";
import { refuseImport } from "./refuseImport";
import { pulumiTypeOf } from "./pulumiType";
import { warnAboutSettings } from "./stackSettings";
import { previewFlag } from "./previewFlag";
import {
  PROPERTY_NAMES,
  SECRET_INPUT_NAMES,
  SECRET_OUTPUT_NAMES,
  type ProxyKeyArgs,
  type ProxyKeyProperties,
} from "./proxyKeyArgs";

export interface ProxyKey extends ProxyKeyProperties {}

/**
 * A proxy key of an Electron Hub account: a sub-key with its own budget, models and addresses.
 *
 * Created by `pulumi up`, removed for good by `pulumi destroy`; its unused credits return to the account.
 *
 * @see https://docs.electronhub.ai
 */
export class ProxyKey extends RegisteredResource {
  /**
   * Whether a value is a `ProxyKey`, also of another copy of the package, and of a policy pack's resources: those of the
   * provider plugin too, whose `models` and `allowedIps` are absent where there is no limit.
   */
  static override isInstance(value: unknown): value is ProxyKey {
    // The class has no static `__pulumiType`: with one, `@pulumi/policy` compares that alone.
    const type = pulumiTypeOf(value);
    return type === PROXY_KEY_TOKEN || type === PLUGIN_PROXY_KEY_TOKEN;
  }

  /**
   * @param name the resource's name in the stack. The key is named after it, unless `args.name` is set.
   * @param args the key's settings. An invalid one fails the preview, with the input's name and the correct form.
   * @throws RunError for the options `import` and `id`, which cannot work for a dynamic resource, and for `deletedWith`, which
   *   would leave the key on the account.
   */
  constructor(name: string, args: ProxyKeyArgs, options: pulumi.CustomResourceOptions = {}) {
    refuseImport("ProxyKey", name, options, INSTEAD_OF_IMPORT);
    refuseDeletedWith("ProxyKey", name, options);
    const unresolved = Object.fromEntries(PROPERTY_NAMES.map((property) => [property, undefined]));
    super(
      { token: PROXY_KEY_TOKEN, providerCode: PROVIDER_TEXT },
      name,
      {
        ...unresolved,
        ...args,
        ...secretly(args),
        __resourceName: name,
        ...previewFlag(),
        ...expiryGiven(args),
        ...whichStack(),
        ...(args.adopt === undefined ? {} : { __urn: urnOf(name, options) }),
      },
      {
        ...options,
        additionalSecretOutputs: [...SECRET_OUTPUT_NAMES, ...(options.additionalSecretOutputs ?? [])],
      },
    );
    warnAboutSettings({ usesStack: !("__prov" in this && this.__prov !== undefined) });
  }
}

const INSTEAD_OF_IMPORT =
  "Leave it out. To take over an existing key, declare it with the input `adopt: KEY`; for many keys, run `npx pulumi-electronhub import`. To only use a key, call `getProxyKey`.";

const EXPIRY_INPUTS = ["expiresAt", "expiresIn", "renewBefore"] as const;

/** Which inputs of the expiry the program gives: `check` may get others in their place. */
function expiryGiven(args: ProxyKeyArgs): { __expiry?: pulumi.Output<string[]> } {
  const values = EXPIRY_INPUTS.map((name) => args[name]);
  if (values.every((value) => value === undefined)) return {};
  const given = (resolved: readonly unknown[]) => EXPIRY_INPUTS.filter((_, at) => resolved[at] != null);
  return { __expiry: pulumi.all(values).apply(given) };
}

/** The stack's name, for the journal of creations. Without an engine, as in a unit test, there may be none. */
function whichStack(): InternalInputs {
  try {
    const names = [pulumi.getOrganization(), pulumi.getProject(), pulumi.getStack()];
    return names.includes("") ? {} : { __stack: names.join("/") };
  } catch {
    return {};
  }
}

/** A promise rather than an output: the key must not depend on its parent, and so on all the parent's children. */
function urnOf(name: string, { parent }: pulumi.CustomResourceOptions): Promise<string> {
  return new Promise((resolve) => pulumi.createUrn(name, PROXY_KEY_TOKEN, parent).apply(resolve));
}

/** The secret inputs, marked as secrets even if the program passes plain values. */
function secretly(args: ProxyKeyArgs): Partial<ProxyKeyArgs> {
  const given = SECRET_INPUT_NAMES.filter((name) => args[name] !== undefined);
  return Object.fromEntries(given.map((name) => [name, pulumi.secret(args[name])]));
}
