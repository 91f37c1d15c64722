import type * as pulumi from "@pulumi/pulumi";
import {
  PLUGIN_PROXY_KEY_TOKEN,
  PLUGIN_ROTATION_TOKEN,
  PROXY_KEY_TOKEN,
  ROTATION_TOKEN,
} from "../../lifecycle/schema/typeTokens";
import {
  PROPERTY_NAMES,
  SECRET_INPUT_NAMES,
  SECRET_OUTPUT_NAMES,
  type ProxyKeyArgs,
} from "../../resources/proxyKeyArgs";
import { RegisteredResource } from "../../resources/registeredResource";
import { RotatingProxyKey, type RotationParts } from "../../resources/rotatingProxyKey";

/** The component, with children that are resources of the plugin. */
export class PluginRotatingProxyKey extends RotatingProxyKey {
  static override readonly __parts: RotationParts = {
    newKey: (name, args, options) => new PluginProxyKey(name, args, options),
    record: { token: PLUGIN_ROTATION_TOKEN, formerToken: ROTATION_TOKEN },
  };
}

class PluginProxyKey extends RegisteredResource {
  declare readonly key: pulumi.Output<string>;
  declare readonly fingerprint: pulumi.Output<string>;

  constructor(name: string, args: ProxyKeyArgs, options: pulumi.CustomResourceOptions) {
    const unresolved = Object.fromEntries(PROPERTY_NAMES.map((property) => [property, undefined]));
    super(
      { token: PLUGIN_PROXY_KEY_TOKEN, formerToken: PROXY_KEY_TOKEN },
      name,
      { ...unresolved, ...args },
      { ...options, additionalSecretOutputs: [...SECRET_OUTPUT_NAMES, ...SECRET_INPUT_NAMES] },
    );
  }
}
