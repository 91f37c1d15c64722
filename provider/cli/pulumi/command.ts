import type { LocalWorkspace } from "@pulumi/pulumi/automation";
import { quotable } from "../../util/redact";
import { Refusal } from "../problems";
import type { CommandOutput, Runnable } from "./processGroup";
import { cliErrorText } from "./cliErrorText";

/**
 * Runs one command of the workspace's own CLI, for what the Automation API has no method for.
 *
 * @param environment added to this process's; undefined takes a variable away.
 * @throws the Automation API's CommandError.
 */
export function runPulumi(
  workspace: LocalWorkspace,
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>> = {},
): Promise<CommandOutput> {
  return runnable(workspace).run([...args], workspace.workDir, { ...workspace.envVars, ...environment });
}

export function runnable(workspace: LocalWorkspace): Runnable {
  return workspace.pulumiCommand as unknown as Runnable;
}

export const HOW_TO_GET_PULUMI =
  "Install it (https://www.pulumi.com/docs/install/; on Linux and macOS `curl -fsSL https://get.pulumi.com | sh`, on Windows `winget install pulumi`), make sure that `pulumi version` works in this shell, then run the command again.";

/** What keeps us from working with Pulumi at all, in the words for people; anything else is passed on as it is. */
export function asRefusal(error: unknown): unknown {
  const text = error instanceof Error ? error.message : String(error);
  if (/spawn pulumi(?:\.exe)? ENOENT|ENOENT.*pulumi version/.test(text)) {
    return new Refusal({ why: "There is no Pulumi CLI on PATH.", nextStep: HOW_TO_GET_PULUMI });
  }
  if (/Minimum version requirement|Major version mismatch|parse Pulumi CLI version/.test(text)) {
    return new Refusal({
      why: `The Pulumi CLI does not fit: ${quotable(text)}`,
      nextStep: HOW_TO_GET_PULUMI,
    });
  }
  if (/no Pulumi\.yaml project file|failed to find project settings|no Pulumi project found/i.test(text)) {
    return new Refusal({
      why: "There is no Pulumi project here.",
      nextStep: "Name the folder that has the Pulumi.yaml with --dir.",
    });
  }
  if (/PULUMI_ACCESS_TOKEN must be set|not logged in|no credentials/i.test(text)) {
    return new Refusal({
      why: "Pulumi is logged in to no backend.",
      nextStep: "Run `pulumi login`, or set PULUMI_BACKEND_URL or PULUMI_ACCESS_TOKEN.",
    });
  }
  if (/passphrase must be set|incorrect passphrase/i.test(text)) {
    return new Refusal({
      why: `The stack's secrets cannot be read: ${cliErrorText(error)}.`,
      nextStep: "Set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE to the stack's passphrase.",
    });
  }
  return error;
}
