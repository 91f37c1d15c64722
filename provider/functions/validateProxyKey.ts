import * as pulumi from "@pulumi/pulumi";
import { isApiError } from "../api/errorGuards";
import { quotable } from "../util/redact";
import { isWholeKey } from "../util/keyText";
import { fingerprintOf } from "../lifecycle/schema/fingerprint";
import { invoke, invokeOutput } from "./invoke";
import { testMocks } from "../resources/testMocks";
import type { MockedCall } from "./mockedResult";
import type { InvokeOptions } from "./invokeOptions";

/** Which key is validated, and for which model. */
export interface ValidateProxyKeyArgs {
  /**
   * The proxy key to validate.
   *
   * Unit: a whole proxy key (`ek-proxy-…`).
   *
   * Required.
   */
  key: string;
  /**
   * The model that the key must be allowed to use.
   *
   * Unit: a model id.
   *
   * @default any model
   */
  model?: string | undefined;
}

/** Whether a proxy key works. */
export interface ValidateProxyKeyResult {
  /** Whether the key works: now, from this machine's address, and for the given model. */
  valid: boolean;
  /** Why the key does not work, in the API's words. Absent if it works, or if the API gives no reason. */
  reason?: string;
}

/**
 * Checks with the proxy key itself whether it works: enabled, not expired, from this machine's address, for this model.
 *
 * The account's API key is needed too: the call counts in that account's rate limit.
 *
 * @throws RunError when the API does not show whether the key works.
 */
export function validateProxyKey(
  { key, model }: ValidateProxyKeyArgs,
  options: InvokeOptions = {},
): Promise<ValidateProxyKeyResult> {
  // Another credential, such as the API key, must not be sent.
  if (testMocks() === undefined && !isWholeKey(key))
    return Promise.resolve({ valid: false, reason: "It is not a complete proxy key (ek-proxy-…)." });
  const mock: MockedCall<ValidateProxyKeyResult> = {
    name: "validateProxyKey",
    args: { key, model },
    shape: "{ valid: true }",
    result: (returned) =>
      typeof returned["valid"] === "boolean" ? (returned as unknown as ValidateProxyKeyResult) : undefined,
  };
  return invoke(
    { what: `Cannot validate proxy key ${fingerprintOf(key)}`, mock },
    options,
    async ({ client, call }) => {
      try {
        const { valid, message } = await client.withApiKey(key).validate(model, call);
        return valid || message === undefined ? { valid } : { valid, reason: quotable(message, [key]) };
      } catch (error) {
        // The status for a key that does not exist.
        if (isApiError(error) && (error.status === 400 || error.status === 401))
          return { valid: false, reason: error.why };
        throw error;
      }
    },
  );
}

/**
 * `validateProxyKey` for arguments, and for an `Account`'s settings, that are outputs. The result does not contain the key
 * and is not a secret.
 */
export function validateProxyKeyOutput(
  args: { key: pulumi.Input<string>; model?: pulumi.Input<string | undefined> },
  options: InvokeOptions = {},
): pulumi.Output<ValidateProxyKeyResult> {
  const asked = { ...args, key: pulumi.unsecret(pulumi.output(args.key)) };
  return invokeOutput<ValidateProxyKeyArgs, ValidateProxyKeyResult>(
    asked as unknown as pulumi.Input<ValidateProxyKeyArgs>,
    options,
    (known) => validateProxyKey(known, options),
  );
}
