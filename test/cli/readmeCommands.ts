import { mkdir, readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import type { PulumiFn } from "@pulumi/pulumi/automation";
import { beforeAll, expect, vi } from "vitest";
import { runCommand } from "../support/command";
import { REPOSITORY_ROOT } from "../support/engineEnvironment";
import { languageHost } from "../support/languageServer";
import type { Cli } from "./fixture";

/** The commands of an example's README, which bash runs as they are written. */
export interface ReadmeCommands {
  /** The only block that has the text. */
  blockWith(text: string): string;
  /** Runs commands; `pulumi up` runs the example's program. */
  bash(commands: string): Promise<string>;
  /** The example's program, loaded afresh for each operation, as Pulumi does. */
  readonly program: PulumiFn;
}

/** @param load imports the example. */
export function useReadme(
  cli: Cli,
  example: string,
  load: () => Promise<Record<string, unknown>>,
): ReadmeCommands {
  let blocks: string[] = [];

  beforeAll(async () => {
    const readme = await readFile(join(REPOSITORY_ROOT, "examples", example, "README.md"), "utf8");
    blocks = [...readme.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, commands = ""]) => commands);
    const bin = join(cli.project.folders.work, "node_modules", ".bin");
    await mkdir(bin, { recursive: true });
    await symlink(join(REPOSITORY_ROOT, "dist", "cli", "main.js"), join(bin, "pulumi-electronhub"));
  });

  const program = async () => {
    vi.resetModules();
    return { ...(await load()) };
  };
  return {
    program,
    blockWith(text) {
      const found = blocks.filter((block) => block.includes(text));
      expect(found, text).toHaveLength(1);
      return found[0] as string;
    },
    async bash(commands) {
      // The programs of tests are in this process, which the engine has to be told.
      const host = await languageHost(program);
      const pulumiUp = `pulumi() { if [ "$1" = up ]; then command pulumi "$@" --client=${host.address} --exec-kind auto.inline; else command pulumi "$@"; fi; }`;
      const env = { ...cli.project.env, ...cli.accountEnv() };
      const script = ["set -e", pulumiUp, commands].join("\n");
      const result = await runCommand("bash", ["-c", script], { cwd: cli.project.folders.work, env });
      host.close();
      expect(result, result.output).toMatchObject({ exitCode: 0 });
      return result.output;
    },
  };
}
