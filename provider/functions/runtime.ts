import * as pulumi from "@pulumi/pulumi";
import { AccountContexts } from "../lifecycle/accountContext";
import { systemDependencies } from "../lifecycle/system";
import { describeImport } from "./describeImport";
import { completed, infoOf } from "./infoOf";

/**
 * What a function needs to query the account, zod included. `invoke` loads it with the first call: a program that only
 * declares keys starts without.
 */
export const runtime = {
  /** The accounts of the program's process, which shares their rate limits with the plugin's process through files. */
  accountContexts: new AccountContexts(systemDependencies((line) => void pulumi.log.info(line))),
  completed,
  describeImport,
  infoOf,
};
