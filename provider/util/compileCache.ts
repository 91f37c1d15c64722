import { mkdirSync, lstatSync } from "node:fs";
import * as nodeModule from "node:module";
import { join } from "node:path";
import { cacheRoot } from "./cacheRoot";

/** Absent in other runtimes than Node, and before Node 22.10. */
type CompileCache = Partial<
  Pick<typeof nodeModule, "enableCompileCache" | "flushCompileCache" | "constants">
>;
const { enableCompileCache, flushCompileCache, constants }: CompileCache = nodeModule;

let isOurs = false;

/** Node keeps what it compiles in the user's cache: each command of Pulumi starts new processes that load the same modules. */
export function useCompileCache(): void {
  const root = cacheRoot(process.env, process.platform);
  const folder = join(root, "compiled");
  // Node runs what it finds there.
  if (!makeFolder(folder) || ![root, folder].every(isOnlyOurs)) return;
  // With NODE_COMPILE_CACHE the user has chosen a folder, and Node writes to it when the process ends.
  isOurs = enableCompileCache?.(folder).status === constants?.compileCacheStatus.ENABLED;
}

/** Writes what has been compiled since the last call: Pulumi kills its plugins, and Node writes at the end of a process. */
export function saveCompiled(): void {
  if (isOurs) flushCompileCache?.();
}

function makeFolder(path: string): boolean {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return true;
  } catch {
    return false;
  }
}

/** Whether no other user can write to the folder. Not known on Windows. */
function isOnlyOurs(path: string): boolean {
  const found = lstatSync(path);
  return found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o022) === 0;
}
