import * as pulumi from "@pulumi/pulumi";

/** How a resource is registered. */
export interface Registration {
  /** The type token, as in every state. */
  token: string;
  /** Of a dynamic resource: the code that the engine stores with it. */
  providerCode?: string;
  /** The type token that the same resource has through the other door: its state is taken over. */
  formerToken?: string;
}

/**
 * Registers a resource of either door. The provider code of a dynamic one is a fixed text. `pulumi.dynamic.Resource`
 * serializes a provider object instead: this takes a TypeScript compiler, costs time for every program, and writes ten times
 * the text into the state. The engine sees no difference, since the type token selects the dynamic-provider host and
 * `__provider` holds the code.
 */
export class RegisteredResource extends pulumi.CustomResource {
  constructor(
    { token, providerCode, formerToken }: Registration,
    name: string,
    inputs: pulumi.Inputs,
    options: pulumi.CustomResourceOptions,
  ) {
    super(
      token,
      name,
      providerCode === undefined ? inputs : { ...inputs, __provider: providerCode },
      formerToken === undefined ? options : { ...options, aliases: withFormer(options.aliases, formerToken) },
    );
  }
}

/** Every alias, also under the former type. */
function withFormer(
  aliases: pulumi.CustomResourceOptions["aliases"] = [],
  type: string,
): pulumi.Input<pulumi.Alias>[] {
  const given = aliases as pulumi.Input<pulumi.Alias>[];
  const underType = (alias: pulumi.Input<pulumi.Alias>) =>
    pulumi.output(alias).apply((known) => ({ ...known, type }));
  return [...given, ...given.map(underType), { type }];
}
