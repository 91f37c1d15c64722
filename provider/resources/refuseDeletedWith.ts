import * as pulumi from "@pulumi/pulumi";

/**
 * Refuses `deletedWith`: with it the engine drops a resource from the state without a call of its provider, and the key
 * would stay on the account with its credits.
 *
 * @param resource the resource's class, for the message.
 * @throws RunError, which Pulumi prints without a stack.
 */
export function refuseDeletedWith(resource: string, name: string, options: pulumi.ResourceOptions): void {
  if (options.deletedWith === undefined) return;
  throw new pulumi.RunError(
    `${resource} ${JSON.stringify(name)}: with the option \`deletedWith\` its key would stay on the account when it is destroyed.\nLeave the option out.`,
  );
}
