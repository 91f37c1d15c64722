import * as pulumi from "@pulumi/pulumi";

/** Options that make the engine read a resource by its id. */
const BY_ID = ["import", "id"] as const;

/**
 * Refuses `import` and `id`: the host finds a dynamic resource's code in the resource's own properties, and for these
 * options the engine sends none.
 *
 * @param resource the resource's class, for the message.
 * @param nextStep what to do instead.
 * @throws RunError, which Pulumi prints without a stack.
 */
export function refuseImport(
  resource: string,
  name: string,
  options: pulumi.CustomResourceOptions,
  nextStep: string,
): void {
  const option = BY_ID.find((byId) => options[byId] !== undefined);
  if (option === undefined) return;
  throw new pulumi.RunError(
    `${resource} ${JSON.stringify(name)}: the option \`${option}\` cannot work, since Pulumi cannot read a dynamic resource by its id.\n${nextStep}`,
  );
}
