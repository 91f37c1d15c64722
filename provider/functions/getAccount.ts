import type * as pulumi from "@pulumi/pulumi";
import { invoke, invokeOutput, SharedCall } from "./invoke";
import type { InvokeOptions } from "./invokeOptions";

export interface GetAccountResult {
  /** Credits that are left on the account; what its keys have been given is not among them. */
  credits: number;
  /** The plan's name. Absent where the API does not tell it. */
  subscription?: string;
}

const profile = new SharedCall((client, context) => client.account(context));

/**
 * What the account of the API key in use has.
 *
 * @throws RunError that says why, and what to do next.
 */
export function getAccount(options: InvokeOptions = {}): Promise<GetAccountResult> {
  return invoke("Cannot get the account", options, async (operation) => {
    const { credits, subscription } = await profile.answer(operation);
    return typeof subscription === "string" ? { credits, subscription } : { credits };
  });
}

/** `getAccount` as an output, for an `Account` whose settings are outputs too. */
export function getAccountOutput(options: InvokeOptions = {}): pulumi.Output<GetAccountResult> {
  return invokeOutput({}, options, () => getAccount(options));
}
