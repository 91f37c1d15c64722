import * as pulumi from "@pulumi/pulumi";
import { isApiError } from "../api/errors";
import { quotable } from "../api/redact";
import { isWholeKey } from "../api/wire";
import { fingerprintOf } from "../lifecycle/state";
import { answered, asProxyKey, beginQuery, type QueryOptions } from "./query";

export interface ValidateProxyKeyArgs {
  /** The proxy key to try. */
  key: string;
  /** A model that the key must be allowed to use. Default: any. */
  model?: string;
}

export interface ValidateProxyKeyResult {
  /** The key works, here and now, for the model that was named. */
  valid: boolean;
  /** Why not, in the API's words. */
  reason?: string;
}

/**
 * Asks the API, with the proxy key itself, whether it works: not expired, not disabled, from this address, for this
 * model. An answer of 200 alone is no pass.
 *
 * @throws RunError when the API does not say.
 */
export function validateProxyKey(
  { key, model }: ValidateProxyKeyArgs,
  options: QueryOptions = {},
): Promise<ValidateProxyKeyResult> {
  return answered(`Cannot validate proxy key ${fingerprintOf(key)}`, async () => {
    if (!isWholeKey(key)) return { valid: false, reason: "It is no proxy key (ek-proxy-…)." };
    const operation = beginQuery(options);
    try {
      const { valid, message } = await asProxyKey(operation, key).validate(model, operation.wait);
      return valid || message === undefined ? { valid } : { valid, reason: quotable(message, [key]) };
    } catch (error) {
      // Of a key that is none, or none any more, the API says so by the status.
      if (isApiError(error) && (error.status === 400 || error.status === 401))
        return { valid: false, reason: error.why };
      throw error;
    }
  });
}

/** `validateProxyKey` for arguments that are outputs. */
export function validateProxyKeyOutput(
  args: { key: pulumi.Input<string>; model?: pulumi.Input<string> },
  options: QueryOptions = {},
): pulumi.Output<ValidateProxyKeyResult> {
  const result = pulumi
    .output(args)
    .apply((known) => validateProxyKey(known as ValidateProxyKeyArgs, options));
  // The question held the key, the answer does not.
  return pulumi.unsecret(result);
}
