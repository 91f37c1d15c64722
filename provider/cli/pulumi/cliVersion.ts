import { PulumiCommand } from "@pulumi/pulumi/automation";
import { isAtLeast } from "../../util/version";
import { Refusal } from "../problems";
import { asRefusal, HOW_TO_GET_PULUMI } from "./command";

/** The first CLI whose `pulumi import --file` takes inputs and outputs. */
const OLDEST_IMPORT = "3.254.0";

/** The version of the CLI on PATH. Undefined: `pulumi version` prints none. */
export async function cliVersion(): Promise<string | undefined> {
  return (await PulumiCommand.get({ skipVersionCheck: true })).version?.version;
}

/** @throws Refusal unless the CLI on PATH can read an import file, which holds keys in clear. */
export async function requireImport(): Promise<void> {
  const version = await cliVersion().catch((error: unknown) => {
    throw asRefusal(error);
  });
  if (version !== undefined && isAtLeast(version, OLDEST_IMPORT)) return;
  const found = version === undefined ? "prints no version" : `is ${version}`;
  throw new Refusal({
    why: `\`pulumi import --file\` takes this file from Pulumi ${OLDEST_IMPORT} on, and the CLI on PATH ${found}. Nothing was written.`,
    nextStep: HOW_TO_GET_PULUMI,
  });
}
