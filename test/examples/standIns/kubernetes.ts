import * as pulumi from "@pulumi/pulumi";

/** What the example uses of `@pulumi/kubernetes`, registered as the SDK does; `test/package` has the real types. */
class KubernetesObject extends pulumi.CustomResource {
  declare readonly metadata: pulumi.Output<{ name: string }>;

  constructor(type: string, name: string, args: pulumi.Inputs, options?: pulumi.CustomResourceOptions) {
    super(type, name, { metadata: undefined, ...args }, options);
  }
}

class Secret extends KubernetesObject {
  constructor(name: string, args: pulumi.Inputs, options?: pulumi.CustomResourceOptions) {
    super("kubernetes:core/v1:Secret", name, args, options);
  }
}

class Deployment extends KubernetesObject {
  constructor(name: string, args: pulumi.Inputs, options?: pulumi.CustomResourceOptions) {
    super("kubernetes:apps/v1:Deployment", name, args, options);
  }
}

export const core = { v1: { Secret } };
export const apps = { v1: { Deployment } };
