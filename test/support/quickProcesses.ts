import { execFileSync } from "node:child_process";
import { join } from "node:path";

import { QUICK_HOST_VARIABLE } from "./engineEnvironment";
import { prepareQuickStacks } from "./quickStacks";

const root = join(__dirname, "..", "..");
const cache = join(root, "node_modules", ".cache", "compiled");

/** What the processes of the providers load. */
const LOADED = ["@pulumi/pulumi", "undici", "./dist/dynamic/handler.js", "./dist/plugin/service.js"];

/**
 * Spares the thousands of processes that the tests start what each of them would do again: Node compiles each module once,
 * and Go collects no garbage below 2 GiB. Once for all projects of the test runner.
 */
export default async function setup(): Promise<void> {
  if (process.env["NODE_COMPILE_CACHE"] === cache) return;
  process.env["GOGC"] = "off";
  process.env["GOMEMLIMIT"] = "2GiB";
  process.env["NODE_COMPILE_CACHE"] = cache;
  // A script of a POSIX shell.
  if (process.platform !== "win32") process.env[QUICK_HOST_VARIABLE] = "1";
  // Pulumi kills these processes, so that they cannot write the cache themselves.
  const load = "process.argv.slice(1).forEach(require); process.exit(0);";
  execFileSync(process.execPath, ["-e", load, "--", ...LOADED], { cwd: root });
  await prepareQuickStacks();
}
