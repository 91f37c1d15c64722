import { existsSync } from "node:fs";
import { join } from "node:path";

import { startCommand, type CommandOptions, type RunningCommand } from "./command";
import type { EngineProject } from "./engine";
import { REPOSITORY_ROOT } from "./engineEnvironment";

/** The built command. */
const PROGRAM = join(REPOSITORY_ROOT, "dist", "cli", "main.js");

/** Starts `pulumi-electronhub` in a project, with the environment of its pulumi commands and `env`. */
export function startElectronhubCli(
  project: EngineProject,
  args: readonly string[],
  options: Pick<CommandOptions, "env" | "timeoutMs">,
): RunningCommand {
  if (!existsSync(PROGRAM)) throw new Error(`There is no ${PROGRAM}: run \`npm run build\` first.`);
  return startCommand(process.execPath, [PROGRAM, ...args], {
    ...options,
    cwd: project.folders.work,
    env: { ...project.env, ...options.env },
  });
}
