import * as pulumi from "@pulumi/pulumi";
import { answered, beginQuery, type QueryOptions } from "./query";

export interface GetAccountResult {
  /** Credits that are on the account, those on its keys not counted. */
  credits: number;
  /** The plan's name, where the API tells it. */
  subscription?: string;
}

/**
 * The account of the API key in use.
 *
 * @throws RunError that says why, and what to do next.
 */
export function getAccount(options: QueryOptions = {}): Promise<GetAccountResult> {
  return answered("Cannot get the account", async () => {
    const { client, wait } = beginQuery(options);
    const { credits, subscription } = await client.account(wait);
    return typeof subscription === "string" ? { credits, subscription } : { credits };
  });
}

/** `getAccount` as an output. */
export function getAccountOutput(options: QueryOptions = {}): pulumi.Output<GetAccountResult> {
  return pulumi.output(getAccount(options));
}
