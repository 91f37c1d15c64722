import { lstatSync, mkdirSync, mkdtempSync } from "node:fs";
import { homedir, tmpdir, userInfo } from "node:os";
import { isAbsolute, join } from "node:path";

/**
 * The folder of this package in the user's cache. A variable that is empty or relative counts as unset, since processes that
 * share the folder run in different folders. Without any home it is a folder of this user among the temporary files.
 */
export function cacheRoot(
  environment: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform,
): string {
  const named = [
    environment["XDG_CACHE_HOME"],
    platform === "win32" ? environment["LOCALAPPDATA"] : undefined,
  ];
  const cache = named.find((folder) => folder !== undefined && isAbsolute(folder));
  if (cache !== undefined) return join(cache, "pulumi-electronhub");
  const home = homeFolder();
  if (home === undefined) return ownFolder(temporaryRoot());
  return join(home, platform === "darwin" ? "Library/Caches" : ".cache", "pulumi-electronhub");
}

/** A folder of this user alone among the temporary files, the same for all its processes. Undefined: there is none. */
export function ownTemporaryFolder(): string | undefined {
  const path = temporaryRoot();
  return isOwn(path) ? path : undefined;
}

function temporaryRoot(): string {
  return join(temporaryFolder(), `pulumi-electronhub-${process.getuid?.() ?? "user"}`);
}

/** Undefined: neither HOME nor the system's list of users names one, as in some containers. */
function homeFolder(): string | undefined {
  return [homedir, () => userInfo().homedir].map(attempt).find((folder) => isAbsolute(folder ?? ""));
}

/** Node throws where the system has no entry for the user. */
function attempt(read: () => string): string | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** Others may write to a folder among the temporary files: one that is not of this user alone could hold planted notes. */
function ownFolder(path: string): string {
  let own = ownFolders.get(path);
  if (own === undefined) {
    own = isOwn(path) ? path : privateFolder(path);
    ownFolders.set(path, own);
  }
  return own;
}

/** Only for this process. Below a file nothing can be written, which is then reported. */
function privateFolder(path: string): string {
  return attempt(() => mkdtempSync(`${path}-`)) ?? join("/dev/null", "pulumi-electronhub");
}

const ownFolders = new Map<string, string>();

function isOwn(path: string): boolean {
  try {
    mkdirSync(path, { mode: 0o700, recursive: true });
    const found = lstatSync(path);
    return found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o077) === 0;
  } catch {
    return false;
  }
}

function temporaryFolder(): string {
  return isAbsolute(tmpdir()) ? tmpdir() : "/tmp";
}
