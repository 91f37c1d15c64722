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
  if (home === undefined)
    return join(temporaryFolder(), `pulumi-electronhub-${process.getuid?.() ?? "user"}`);
  return join(home, platform === "darwin" ? "Library/Caches" : ".cache", "pulumi-electronhub");
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

function temporaryFolder(): string {
  return isAbsolute(tmpdir()) ? tmpdir() : "/tmp";
}
