import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { runCommand } from "./command";
import { engineEnvironment, makeProjectFolders, stateFile, type ProjectFolders } from "./engineEnvironment";
import type { StackConfig } from "./engineStack";
import { startKeyServer } from "./keyServer";
import { findPulumiCli, PulumiCliMissingError } from "./pulumiCli";
import { encrypted } from "./stackSecrets";

/** The name of project and stack of the files below. No other word of them contains it. */
const TEMPLATE = "template-of-stacks";

/** The variable that has the files, for the test runner's processes. */
const VARIABLE = "QUICK_STACKS";

/** The files of a stack that the CLI has made, with a secrets provider that needs no CPU time. */
interface StackFiles {
  /** Of the backend. */
  meta: string;
  checkpoint: string;
  /** Pulumi.STACK.yaml, without configuration. */
  settings: string;
  /** Encrypts the configuration and the state. In base64. */
  dataKey: string;
}

/**
 * Lets `makeStack` work in this process and in those that it starts: makes the files, and starts their key server. Without a
 * Pulumi CLI, it leaves the error to the tests that need one.
 */
export async function prepareQuickStacks(): Promise<void> {
  const cli = await findPulumiCli().catch((error: unknown) => {
    if (error instanceof PulumiCliMissingError) return undefined;
    throw error;
  });
  if (cli === undefined) return;
  const folders = await makeProjectFolders();
  try {
    // Before VAULT_ADDR, which may be the user's own.
    process.env["VAULT_SERVER_URL"] = await startKeyServer();
    await writeFile(join(folders.work, "Pulumi.yaml"), `name: ${TEMPLATE}\nruntime: nodejs\n`);
    const args = ["stack", "init", TEMPLATE, "--secrets-provider", "hashivault://tests"];
    const made = await runCommand(cli.path, args, {
      cwd: folders.work,
      env: engineEnvironment(cli, folders),
    });
    if (made.exitCode !== 0) throw new Error(`pulumi stack init failed:\n${made.output}`);
    const settings = await readFile(join(folders.work, `Pulumi.${TEMPLATE}.yaml`), "utf8");
    const [, encryptedKey = ""] = /^encryptedkey: (.+)$/m.exec(settings) ?? [];
    const files: StackFiles = {
      meta: await readFile(join(folders.backend, ".pulumi", "meta.yaml"), "utf8"),
      checkpoint: await readFile(stateFile(folders, TEMPLATE, TEMPLATE), "utf8"),
      settings,
      dataKey: Buffer.from(encryptedKey, "base64").toString().split(":").at(-1) ?? "",
    };
    process.env[VARIABLE] = JSON.stringify(files);
  } finally {
    await rm(folders.root, { recursive: true, force: true });
  }
}

/**
 * Makes a stack without the commands of the CLI that do so.
 *
 * @returns whether it did: not in a process that is not prepared.
 */
export async function makeStack(
  folders: ProjectFolders,
  project: string,
  stack: string,
  config: StackConfig,
): Promise<boolean> {
  const files = filesOfStacks();
  if (files === undefined) return false;
  const dataKey = Buffer.from(files.dataKey, "base64");
  const state = stateFile(folders, project, stack);
  await mkdir(dirname(state), { recursive: true });
  await writeFile(join(folders.backend, ".pulumi", "meta.yaml"), files.meta);
  await writeFile(state, files.checkpoint.replace(`${TEMPLATE}/${TEMPLATE}`, `${project}/${stack}`));
  const values = Object.entries(config).map(([name, { value, secret }]) => {
    const written = JSON.stringify(secret === true ? encrypted(value, dataKey) : value);
    return secret === true ? `  ${name}:\n    secure: ${written}\n` : `  ${name}: ${written}\n`;
  });
  const settings = values.length === 0 ? files.settings : `${files.settings}config:\n${values.join("")}`;
  await writeFile(join(folders.work, `Pulumi.${stack}.yaml`), settings);
  return true;
}

/** Encrypts the secrets of the stacks that `makeStack` makes. Undefined: in a process that is not prepared. */
export function quickDataKey(): Buffer | undefined {
  const files = filesOfStacks();
  return files && Buffer.from(files.dataKey, "base64");
}

function filesOfStacks(): StackFiles | undefined {
  const text = process.env[VARIABLE];
  return text === undefined ? undefined : (JSON.parse(text) as StackFiles);
}
