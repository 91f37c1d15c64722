import * as pulumi from "@pulumi/pulumi";
import type { ProxyKeyArgs, RotatingProxyKeyArgs } from "pulumi-electronhub";
import { version } from "../../package.json";
import schema from "../../provider/plugin/schema.json";

const TYPE = "electronhub:index:ProxyKey";
const COMPONENT = "electronhub:index:RotatingProxyKey";

/** A key of the provider plugin, as a generated SDK for Node.js registers it. */
export class PluginKey extends pulumi.CustomResource {
  constructor(name: string, args: ProxyKeyArgs, options: pulumi.CustomResourceOptions = {}) {
    const { properties, aliases } = schema.resources[TYPE];
    super(
      TYPE,
      name,
      { ...unresolved(properties), ...args },
      pulumi.mergeOptions(options, { version, aliases, additionalSecretOutputs: ["key", "adopt"] }),
    );
  }
}

/** An explicit provider of the plugin, as a generated SDK for Node.js registers it. */
export class PluginAccount extends pulumi.ProviderResource {
  constructor(name: string, settings: pulumi.Inputs, options: pulumi.ResourceOptions = {}) {
    const { apiKey } = settings;
    const args = { ...settings, ...(apiKey === undefined ? {} : { apiKey: pulumi.secret(apiKey) }) };
    const own = { version, additionalSecretOutputs: ["apiKey"] };
    super("electronhub", name, args, pulumi.mergeOptions(options, own));
  }
}

/** The component of the provider plugin, as a generated SDK for Node.js registers it. */
export class PluginRotatingKey extends pulumi.ComponentResource {
  declare readonly current: pulumi.Output<string>;

  constructor(name: string, args: RotatingProxyKeyArgs, options: pulumi.ComponentResourceOptions = {}) {
    super(
      COMPONENT,
      name,
      { ...unresolved(schema.resources[COMPONENT].properties), ...args },
      pulumi.mergeOptions(options, { version, additionalSecretOutputs: ["current", "previous"] }),
      true,
    );
  }
}

/** Calls a function of the provider plugin, as a generated SDK for Node.js does. */
export function callPlugin(
  name: string,
  args: pulumi.Inputs = {},
  options: pulumi.InvokeOutputOptions = {},
): pulumi.Output<Record<string, unknown>> {
  return pulumi.runtime.invokeOutput(`electronhub:index:${name}`, args, { version, ...options });
}

function unresolved(properties: object): pulumi.Inputs {
  return Object.fromEntries(Object.keys(properties).map((property) => [property, undefined]));
}
