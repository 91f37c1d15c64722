import type * as pulumi from "@pulumi/pulumi";
import { invoke, invokeOutput } from "./invoke";
import { SharedCall } from "./sharedCall";
import type { MockedCall } from "./mockedResult";
import type { InvokeOptions } from "./invokeOptions";

/** What the account has. */
export interface GetAccountResult {
  /**
   * What is left on the account, without what its keys have been given.
   *
   * Unit: credits.
   */
  credits: number;
  /** The plan's name. Absent if the API does not show it. */
  subscription?: string;
}

const mock: MockedCall<GetAccountResult> = {
  name: "getAccount",
  args: {},
  shape: "{ credits: 100 }",
  result: (returned) =>
    typeof returned["credits"] === "number" ? (returned as unknown as GetAccountResult) : undefined,
};

const profile = new SharedCall((client, context) => client.account(context));

/**
 * Gets the account of the API key in use.
 *
 * @throws RunError with the reason and the next step.
 */
export function getAccount(options: InvokeOptions = {}): Promise<GetAccountResult> {
  return invoke({ what: "Cannot get the account", mock }, options, async (operation) => {
    const { credits, subscription } = await profile.get(operation);
    return typeof subscription === "string" ? { credits, subscription } : { credits };
  });
}

/** `getAccount` as an output, for an `Account` whose settings are outputs as well. */
export function getAccountOutput(options: InvokeOptions = {}): pulumi.Output<GetAccountResult> {
  return invokeOutput({}, options, () => getAccount(options));
}
