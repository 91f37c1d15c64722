import * as pulumi from "@pulumi/pulumi";

/** A dynamic resource: its type token, as in every state, and the code that the engine stores with it. */
interface DynamicType {
  token: string;
  providerCode: string;
}

/**
 * Registers a dynamic resource whose provider code is a fixed text. `pulumi.dynamic.Resource` serializes a provider object
 * instead: this takes a TypeScript compiler, costs time for every program, and writes ten times the text into the state.
 * The engine sees no difference, since the type token selects the dynamic-provider host and `__provider` holds the code.
 */
export class DynamicResource extends pulumi.CustomResource {
  constructor(
    { token, providerCode }: DynamicType,
    name: string,
    inputs: pulumi.Inputs,
    options: pulumi.CustomResourceOptions,
  ) {
    super(token, name, { ...inputs, __provider: providerCode }, options);
  }
}
