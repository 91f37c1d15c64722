import { PulumiCommand } from "@pulumi/pulumi/automation/cmd";
import { isAtLeast } from "../../util/version";
import { Refusal } from "../problems";
import { HOW_TO_GET_PULUMI } from "./command";

/** The first CLI whose `pulumi import --file` takes inputs and outputs. */
const OLDEST_IMPORT = "3.254.0";

/** The version of the CLI on PATH. Undefined: `pulumi version` prints none. */
export async function cliVersion(): Promise<string | undefined> {
  return (await PulumiCommand.get({ skipVersionCheck: true })).version?.version;
}

/**
 * Refuses a CLI that cannot read an import file, which holds keys in clear. A missing CLI passes: without one no project opens.
 *
 * @throws Refusal.
 */
export async function requireImport(): Promise<void> {
  const found = await cliVersion().then(
    (version) => ({ version }),
    () => undefined,
  );
  if (found === undefined) return;
  const { version } = found;
  if (version !== undefined && isAtLeast(version, OLDEST_IMPORT)) return;
  const what = version === undefined ? "prints no version" : `is ${version}`;
  throw new Refusal({
    why: `\`pulumi import --file\` takes this file from Pulumi ${OLDEST_IMPORT} on, and the CLI on PATH ${what}. Nothing was written.`,
    nextStep: HOW_TO_GET_PULUMI,
  });
}
