import * as pulumi from "@pulumi/pulumi";
import { AccountContexts } from "../lifecycle/accountContext";
import { systemDependencies } from "../lifecycle/system";
import { describeImport } from "./describeImport";
import { completed, infoOf } from "./infoOf";

/**
 * The part of the functions that needs zod and the client. `invoke` loads it with the first call, so that a program that
 * only declares keys starts fast.
 */
export const runtime = {
  /** Share their rate limits with the plugin processes through files. */
  accountContexts: new AccountContexts(systemDependencies((line) => void pulumi.log.info(line))),
  completed,
  describeImport,
  infoOf,
};
