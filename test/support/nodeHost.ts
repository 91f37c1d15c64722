import { symlink } from "node:fs/promises";
import { join } from "node:path";

/** Puts a language host for Node.js into a folder on the PATH: `languageHost.cjs`, since the tests' CLI may have none beside it. */
export function installNodeHost(folder: string): Promise<void> {
  return symlink(join(__dirname, "languageHost.cjs"), join(folder, "pulumi-language-nodejs"));
}
