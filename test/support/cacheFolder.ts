import { homedir } from "node:os";
import { join } from "node:path";

/** Where the tests keep what takes minutes to build: shared by all checkouts of a user. */
export function ourCacheFolder(
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
  home = homedir(),
): string {
  const byPlatform: Partial<Record<NodeJS.Platform, string>> = {
    win32: env["LOCALAPPDATA"] || join(home, "AppData", "Local"),
    darwin: join(home, "Library", "Caches"),
  };
  const base = byPlatform[platform] ?? (env["XDG_CACHE_HOME"] || join(home, ".cache"));
  return join(base, "pulumi-electronhub");
}
