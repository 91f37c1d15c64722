import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, symlink } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";

import type { PulumiCli } from "./pulumiCli";

/** The repository's root: two folders above this file. */
export const REPOSITORY_ROOT = join(__dirname, "..", "..");

/** The provider plugin's executable. */
const PLUGIN = join(REPOSITORY_ROOT, "dist", "plugin", "main.js");

/** Set by the test runner: the dynamic-provider host starts in less CPU time. */
export const QUICK_HOST_VARIABLE = "QUICK_HOST";

/** The folders of one engine project, all below `root`. */
export interface ProjectFolders {
  root: string;
  /** The working directory of commands, from which the plugin resolves modules. */
  work: string;
  /** The state: checkpoints, history, backups, locks. */
  backend: string;
  /** PULUMI_HOME: credentials, plugins, workspaces. The user's own is not used. */
  home: string;
  /** TMPDIR of every command. */
  temporary: string;
  /** On the PATH of every command: has the provider plugin. */
  bin: string;
  /** XDG_CACHE_HOME: the plugin's shared window files. */
  cache: string;
}

/** Makes the folders. Default: under the repository's git-ignored `.scratch`. */
export async function makeProjectFolders(
  root = join(REPOSITORY_ROOT, ".scratch", randomUUID().slice(0, 8)),
): Promise<ProjectFolders> {
  const folders: ProjectFolders = {
    root,
    work: join(root, "work"),
    backend: join(root, "backend"),
    home: join(root, "home"),
    temporary: join(root, "tmp"),
    bin: join(root, "bin"),
    cache: join(root, "cache"),
  };
  for (const folder of Object.values(folders)) await mkdir(folder, { recursive: true });
  await symlink(PLUGIN, join(folders.bin, "pulumi-resource-electronhub"));
  return folders;
}

/**
 * Variables of the shell that must not reach an engine or a plugin: the user's Electron Hub and Pulumi accounts, proxies
 * between the plugin and the simulator, and variables of the test runner.
 */
const NOT_INHERITED = [
  /^ELECTRONHUB_/i,
  /^PULUMI_/i,
  /^(HTTP|HTTPS|ALL|NO)_PROXY$/i,
  /^NODE_(OPTIONS|ENV|USE_ENV_PROXY)$/,
  /^(VITEST|QUICK_)/,
];

/** The full environment for a child process. */
export function engineEnvironment(
  cli: PulumiCli,
  folders: ProjectFolders,
  extra: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const inherited = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && isInherited(entry[0]),
  );
  return {
    ...Object.fromEntries(inherited),
    PATH: [...toolFolders(cli), folders.bin, process.env["PATH"] ?? ""].join(delimiter),
    PULUMI_HOME: folders.home,
    PULUMI_BACKEND_URL: backendUrl(folders),
    PULUMI_CONFIG_PASSPHRASE: "only for tests",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    TMPDIR: folders.temporary,
    // The shared window files are in the user's cache: each project has its own.
    XDG_CACHE_HOME: folders.cache,
    TMP: folders.temporary,
    TEMP: folders.temporary,
    NO_COLOR: "1",
    ...extra,
  };
}

/**
 * The same for the Automation API, which starts the CLI with this process's environment beneath ours: an explicit
 * `undefined` is what makes Node leave a variable out.
 */
export function automationEnvironment(environment: Readonly<Record<string, string>>): Record<string, string> {
  const removed = Object.keys(process.env).filter((name) => !isInherited(name));
  const overrides = {
    ...Object.fromEntries(removed.map((name) => [name, undefined])),
    ...environment,
  };
  // The Automation API's type excludes `undefined`, but it only passes the value to Node.
  return overrides as Record<string, string>;
}

export function backendUrl(folders: ProjectFolders): string {
  return `file://${folders.backend.replaceAll("\\", "/")}`;
}

/** Where a backend in files keeps the state of a stack. */
export function stateFile({ backend }: ProjectFolders, project: string, stack: string): string {
  return join(backend, ".pulumi", "stacks", project, `${stack}.json`);
}

function isInherited(name: string): boolean {
  return !NOT_INHERITED.some((pattern) => pattern.test(name));
}

/** The pinned Node first, then a launcher of the dynamic-provider host, then the CLI. */
function toolFolders(cli: PulumiCli): string[] {
  const modules = join(REPOSITORY_ROOT, "node_modules");
  const pinnedNode = join(modules, ".bin", process.platform === "win32" ? "node.cmd" : "node");
  const nodeFolder = existsSync(pinnedNode) ? dirname(pinnedNode) : dirname(process.execPath);
  const host =
    process.env[QUICK_HOST_VARIABLE] === undefined
      ? join(modules, "@pulumi", "pulumi")
      : join(__dirname, "quickHost");
  return [nodeFolder, host, cli.binFolder];
}
