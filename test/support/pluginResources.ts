import * as pulumi from "@pulumi/pulumi";
import type { ProxyKeyArgs, RotatingProxyKeyArgs } from "pulumi-electronhub";
import schema from "../../provider/plugin/schema.json";

const TYPE = "electronhub:index:ProxyKey";

/** A key of the provider plugin, as a generated SDK for Node.js registers it. */
export class PluginKey extends pulumi.CustomResource {
  constructor(name: string, args: ProxyKeyArgs, options: pulumi.CustomResourceOptions = {}) {
    const { properties, aliases } = schema.resources[TYPE];
    const unresolved = Object.fromEntries(Object.keys(properties).map((property) => [property, undefined]));
    super(
      TYPE,
      name,
      { ...unresolved, ...args },
      pulumi.mergeOptions(options, { aliases, additionalSecretOutputs: ["key", "adopt"] }),
    );
  }
}

/** An explicit provider of the plugin. */
export class PluginAccount extends pulumi.ProviderResource {
  constructor(name: string, settings: pulumi.Inputs, options: pulumi.ResourceOptions = {}) {
    super("electronhub", name, settings, options);
  }
}

const COMPONENT = "electronhub:index:RotatingProxyKey";

/** The component of the provider plugin, as a generated SDK for Node.js registers it. */
export class PluginRotatingKey extends pulumi.ComponentResource {
  constructor(name: string, args: RotatingProxyKeyArgs, options: pulumi.ComponentResourceOptions = {}) {
    const unresolved = Object.keys(schema.resources[COMPONENT].properties).map((property) => [
      property,
      undefined,
    ]);
    super(
      COMPONENT,
      name,
      { ...Object.fromEntries(unresolved), ...args },
      pulumi.mergeOptions(options, { additionalSecretOutputs: ["current", "previous"] }),
      true,
    );
  }
}
