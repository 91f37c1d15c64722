import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { isAtLeast } from "../util/version";

/** The start of the peer range. Before it, the host drops the inputs that a refresh reads, so an `up` reverts changes. */
export const OLDEST_SDK = "3.216.0";

/** Why this host must not check or refresh keys, and what to do. Undefined: it may. */
export function hostProblem(version: string | undefined): string | undefined {
  if (version === undefined || isAtLeast(version, OLDEST_SDK)) return undefined;
  return (
    `@pulumi/pulumi ${version} loses a resource's inputs in a refresh; pulumi-electronhub needs ${OLDEST_SDK} or newer. ` +
    `Run \`npm install @pulumi/pulumi@latest\` in ${process.cwd()}, then run the command again.`
  );
}

/**
 * The version of the SDK whose dynamic-provider host runs in this process.
 *
 * @param script the process's script, `…/@pulumi/pulumi/cmd/dynamic-provider/index.js` in a host.
 * @returns undefined in any other process.
 */
export function hostVersion(script: string | undefined): string | undefined {
  if (script === undefined || !/[\\/]cmd[\\/]dynamic-provider\b/.test(script)) return undefined;
  for (let folder = dirname(script); folder !== dirname(folder); folder = dirname(folder)) {
    const { name, version } = manifestIn(folder);
    if (name === "@pulumi/pulumi") return version;
  }
  return undefined;
}

function manifestIn(folder: string): { name?: string; version?: string } {
  try {
    return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { name?: string };
  } catch {
    return {};
  }
}
