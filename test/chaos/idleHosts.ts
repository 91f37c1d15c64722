import { join, sep } from "node:path";

import { REPOSITORY_ROOT } from "../support/engineEnvironment";
import { loadedModules } from "../support/loadedModules";
import { processesIn, type OwnedProcess } from "../support/processes";
import type { Fixture } from "./fixture";

/**
 * The processes of Pulumi's dynamic-provider host that never loaded this package. An engine that is killed before it
 * calls the host leaves one: it has sent no request, and Pulumi's own code never ends it.
 */
export async function idleHosts({ project }: Fixture): Promise<OwnedProcess[]> {
  const { work, temporary } = project.folders;
  const idle: OwnedProcess[] = [];
  for (const host of processesIn(work).filter(isHost)) {
    const modules = await loadedModules(host.pid, temporary);
    if (modules !== undefined && isIdle(modules)) idle.push(host);
  }
  return idle;
}

/** Whether this is the Node process of the host, rather than the shell that launches it. */
export function isHost({ commandLine }: Pick<OwnedProcess, "commandLine">): boolean {
  return /^\S*node \S*@pulumi\/pulumi\/cmd\/dynamic-provider\/index\.js /.test(commandLine);
}

/** Whether a host with these modules has loaded nothing of this package. Without modules, it has not started yet. */
export function isIdle(modules: readonly string[]): boolean {
  return (
    modules.some((file) => file.includes("dynamic-provider")) &&
    !modules.some((file) => file.startsWith(OURS))
  );
}

/** The package as the plugin loads it. */
const OURS = join(REPOSITORY_ROOT, "dist") + sep;
