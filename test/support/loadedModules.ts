import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

import { until } from "./until";

/** The environment of Node processes whose modules `loadedModules` can read. */
export const REPORTS_MODULES = {
  NODE_OPTIONS: `--require ${JSON.stringify(join(__dirname, "reportModules.cjs"))}`,
};

const REPORT_LIMIT_MS = 5_000;

/**
 * The files of the CommonJS modules that a running Node process has loaded. It must have been started with
 * `REPORTS_MODULES`: another process ends at the signal.
 *
 * @param temporary the TMPDIR of the process.
 * @returns undefined when the process does not respond, or has exited.
 */
export async function loadedModules(pid: number, temporary: string): Promise<string[] | undefined> {
  const file = join(temporary, `modules-${pid}`);
  try {
    process.kill(pid, "SIGUSR2");
  } catch {
    return undefined;
  }
  if (!(await until(() => existsSync(file), REPORT_LIMIT_MS))) return undefined;
  const modules = readFileSync(file, "utf8").split("\n");
  rmSync(file);
  return modules;
}
