import type * as pulumi from "@pulumi/pulumi";

/** FROZEN CONTRACT: the module in the type tokens of our dynamic resources. */

/** What Pulumi would serialize into the state, was it not for `withProviderText`. */
export const PLACEHOLDER: pulumi.dynamic.ResourceProvider = {
  create: () => Promise.reject(new Error("The provider's text is missing.")),
};

/** Puts our own text where Pulumi put the provider that it serialized: a tenth of its size, and the same for ever. */
export function withProviderText(typeToken: string, text: string): pulumi.ResourceTransformation {
  return ({ type, props, opts }) =>
    // Children of a resource inherit its transformations, but are no business of ours.
    type === typeToken ? { props: { ...(props as object), __provider: text }, opts } : undefined;
}
