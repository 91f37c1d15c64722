import * as pulumi from "@pulumi/pulumi";

/** What the example uses of `@pulumi/github`, registered as the SDK does; `test/package` has the real types. */
export class ActionsSecret extends pulumi.CustomResource {
  declare readonly secretName: pulumi.Output<string>;

  constructor(name: string, args: pulumi.Inputs, options?: pulumi.CustomResourceOptions) {
    super("github:index/actionsSecret:ActionsSecret", name, { secretName: undefined, ...args }, options);
  }
}
