import { access, constants, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { creationsFolder, ledgerFolder, type SettingSources } from "../../config";
import { errorCode } from "../../util/errno";
import { failure, ok, warning, type Check } from "./check";

type Environment = SettingSources["environment"];

const MEND = "Make the user's cache folder writable, or name another with XDG_CACHE_HOME.";

/** The folder through which the processes of a user share an account's limit. */
export async function ledgerCheck(environment: Environment): Promise<Check> {
  const folder = ledgerFolder(environment);
  const trouble = await troubleWith(folder);
  if (trouble === undefined) return ok("Ledger", `${folder}, writable`);
  return warning(
    "Ledger",
    `${folder} cannot be written (${trouble}), so that each process keeps the account's rate limit alone`,
    MEND,
  );
}

/** The folder in which creations in flight are noted. */
export async function creationsCheck(environment: Environment): Promise<Check> {
  const folder = creationsFolder(environment);
  const trouble = await troubleWith(folder);
  if (trouble === undefined) return ok("Creations", `${folder}, writable`);
  return warning(
    "Creations",
    `${folder} cannot be written (${trouble}), so that a key whose creation is killed half-way is found by its name only`,
    MEND,
  );
}

/** The audit log: without it nothing is changed. @param path relative to the program's folder. */
export async function auditLogCheck(path: string, folder: string): Promise<Check> {
  const file = resolve(folder, path);
  const trouble = await troubleWithFile(file);
  if (trouble === undefined) return ok("Audit log", `${file}, writable`);
  return failure(
    "Audit log",
    `${file} cannot be written (${trouble}), and without it nothing is changed`,
    "Make the folder exist and the file writable, or change electronhub:auditLog.",
  );
}

/** Why a folder can be neither written nor made. Nothing is made by looking. */
async function troubleWith(folder: string): Promise<string | undefined> {
  try {
    if (!(await stat(folder)).isDirectory()) return "it is no folder";
    await access(folder, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    const parent = dirname(folder);
    return errorCode(error) === "ENOENT" && parent !== folder ? troubleWith(parent) : reasonOf(error);
  }
}

async function troubleWithFile(file: string): Promise<string | undefined> {
  try {
    if (!(await stat(file)).isFile()) return "it is no regular file";
    await access(file, constants.W_OK);
    return undefined;
  } catch (error) {
    if (errorCode(error) !== "ENOENT") return reasonOf(error);
  }
  // The file is made by the first change, its folder is not.
  const folder = await stat(dirname(file)).catch(() => undefined);
  return folder === undefined ? "its folder does not exist" : troubleWith(dirname(file));
}

function reasonOf(error: unknown): string {
  return errorCode(error) ?? "failed";
}
