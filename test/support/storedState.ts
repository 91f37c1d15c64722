import { readFile } from "node:fs/promises";

import type { OutputMap } from "@pulumi/pulumi/automation";

import { unwrapSecrets } from "../../provider/lifecycle/schema/secretEnvelope";
import type { ExportedState } from "./checkpoint";
import { quickDataKey } from "./quickStacks";
import { shownSecrets } from "./stackSecrets";

/**
 * What `pulumi stack export` prints, from the file of a backend in files: much of the tests' time went into that command.
 *
 * @param file where `stateFile` says.
 * @returns undefined without a file, or if its secrets are to be shown and the tests do not have the key.
 */
export async function storedState(
  file: string,
  { showSecrets = false } = {},
): Promise<ExportedState | undefined> {
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const { version, checkpoint } = JSON.parse(text) as StoredCheckpoint;
  const state: ExportedState = { version, deployment: checkpoint.latest ?? {} };
  if (!showSecrets) return state;
  const dataKey = quickDataKey();
  if (dataKey === undefined) return undefined;
  try {
    return shownSecrets(state, dataKey) as ExportedState;
  } catch {
    // A passphrase protects the stack.
    return undefined;
  }
}

interface StoredCheckpoint {
  version: number;
  checkpoint: { latest?: ExportedState["deployment"] };
}

/** What `pulumi stack output` prints, from the same file. */
export async function storedOutputs(file: string): Promise<OutputMap | undefined> {
  const { deployment } = (await storedState(file, { showSecrets: true })) ?? {};
  const { outputs } = deployment?.resources?.find(({ type }) => type === "pulumi:pulumi:Stack") ?? {};
  if (outputs === undefined) return undefined;
  return Object.fromEntries(
    Object.entries(outputs).map(([name, value]) => {
      const secret = typeof value === "object" && value !== null && "plaintext" in value;
      return [name, { value: unwrapSecrets(value), secret }];
    }),
  );
}
