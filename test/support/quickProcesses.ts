import { execFileSync } from "node:child_process";
import { join } from "node:path";

import { prepareQuickStacks } from "./quickStacks";

const root = join(__dirname, "..", "..");
const cache = join(root, "node_modules", ".cache", "compiled");

/**
 * Spares the thousands of processes that the tests start what each of them would do again: Node compiles each module once,
 * and Go collects no garbage below 2 GiB. Once for all projects of the test runner.
 */
export default async function setup(): Promise<void> {
  if (process.env["NODE_COMPILE_CACHE"] === cache) return;
  process.env["GOGC"] = "off";
  process.env["GOMEMLIMIT"] = "2GiB";
  process.env["NODE_COMPILE_CACHE"] = cache;
  // Pulumi kills the processes that load these modules, so that they cannot write the cache themselves.
  const load = 'require("@pulumi/pulumi"); require("./dist/dynamic/handler.js"); process.exit(0);';
  execFileSync(process.execPath, ["-e", load], { cwd: root });
  await prepareQuickStacks();
}
