import { oneLine } from "../terminal/plainText";

/** The last part of a stack's name, which Pulumi may qualify with the organization and the project. */
export function shortName(stack: string): string {
  return stack.slice(stack.lastIndexOf("/") + 1);
}

/** The name of a resource, which is the last part of its URN. Pulumi allows any characters; a report must not show them all. */
export function resourceName(urn: string): string {
  return oneLine(urn.slice(urn.lastIndexOf("::") + 2));
}
