import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { runCommand } from "./command";
import { engineEnvironment, makeProjectFolders, type ProjectFolders } from "./engineEnvironment";
import type { StackConfig } from "./engineStack";
import { startKeyServer } from "./keyServer";
import { findPulumiCli, PulumiCliMissingError } from "./pulumiCli";

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
  /** Encrypts the configuration. */
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
    const backend = join(folders.backend, ".pulumi");
    const files: StackFiles = {
      meta: await readFile(join(backend, "meta.yaml"), "utf8"),
      checkpoint: await readFile(join(backend, "stacks", TEMPLATE, `${TEMPLATE}.json`), "utf8"),
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
  const text = process.env[VARIABLE];
  if (text === undefined) return false;
  const files = JSON.parse(text) as StackFiles;
  const backend = join(folders.backend, ".pulumi");
  const stacks = join(backend, "stacks", project);
  await mkdir(stacks, { recursive: true });
  await writeFile(join(backend, "meta.yaml"), files.meta);
  const checkpoint = files.checkpoint.replace(`${TEMPLATE}/${TEMPLATE}`, `${project}/${stack}`);
  await writeFile(join(stacks, `${stack}.json`), checkpoint);
  const values = Object.entries(config).map(([name, { value, secret }]) => {
    const written = JSON.stringify(secret === true ? encrypted(value, files.dataKey) : value);
    return secret === true ? `  ${name}:\n    secure: ${written}\n` : `  ${name}: ${written}\n`;
  });
  const settings = values.length === 0 ? files.settings : `${files.settings}config:\n${values.join("")}`;
  await writeFile(join(folders.work, `Pulumi.${stack}.yaml`), settings);
  return true;
}

/** A secret as Pulumi stores it. */
function encrypted(value: string, dataKey: string): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", Buffer.from(dataKey, "base64"), nonce);
  const parts = [cipher.update(value, "utf8"), cipher.final(), cipher.getAuthTag()];
  return `v1:${nonce.toString("base64")}:${Buffer.concat(parts).toString("base64")}`;
}

/** How the engine marks a secret in a state. */
const MARK = "4dabf18193072939515e22adb298388d";

/**
 * A part of a state with its secrets in clear, as `pulumi stack export --show-secrets` prints them.
 *
 * @returns undefined if one is not of a stack that `makeStack` has made.
 */
export function shownSecrets<T>(part: T): T | undefined {
  const text = process.env[VARIABLE];
  if (text === undefined) return undefined;
  const { dataKey } = JSON.parse(text) as StackFiles;
  const shown = (value: unknown): unknown => {
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map(shown);
    const { ciphertext, ...rest } = value as Record<string, unknown>;
    if (MARK in rest && typeof ciphertext === "string")
      return { ...rest, plaintext: decrypted(ciphertext, dataKey) };
    return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, shown(entry)]));
  };
  try {
    return shown(part) as T;
  } catch {
    return undefined;
  }
}

/** @throws unless the key has encrypted it. */
function decrypted(stored: string, dataKey: string): string {
  const [, nonce = "", sealed = ""] = stored.split(":");
  const bytes = Buffer.from(sealed, "base64");
  const decipher = createDecipheriv(
    "aes-256-gcm",
    Buffer.from(dataKey, "base64"),
    Buffer.from(nonce, "base64"),
  );
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  return Buffer.concat([decipher.update(bytes.subarray(0, -TAG_BYTES)), decipher.final()]).toString();
}

const TAG_BYTES = 16;
