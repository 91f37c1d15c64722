import { mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand, type CommandResult } from "../support/command";
import {
  engineEnvironment,
  makeProjectFolders,
  REPOSITORY_ROOT,
  type ProjectFolders,
} from "../support/engineEnvironment";
import { installNodeHost } from "../support/nodeHost";
import { findPulumiCli } from "../support/pulumiCli";

/** The executable of the provider plugin. */
export const PLUGIN_NAME = "pulumi-resource-electronhub";

/** What a user types for a project made from a template. */
const NAMED = ["--name", "fresh", "--description", "Made by a user"];

/** Of every `npm install`: quick, and without scripts. */
export const INSTALL_OPTIONS = ["--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"];

export interface PackedFile {
  /** Within the package. */
  path: string;
  size: number;
}

/** What `npm pack` made. */
export interface Tarball {
  path: string;
  size: number;
  unpackedSize: number;
  files: readonly PackedFile[];
}

/** A user's project outside of the repository, into which the package was installed from its tarball. */
export interface FreshProject {
  readonly tarball: Tarball;
  readonly folders: Readonly<ProjectFolders>;
  /** Runs a program of the pinned Node, npm or Pulumi in the project, or in another folder. */
  run(command: string, args: readonly string[], folder?: string): Promise<CommandResult>;
  /** Writes a file of the project. */
  write(name: string, text: string): Promise<void>;
  /** Removes everything that was made. */
  dispose(): Promise<void>;
}

/** What the project has beside the package. */
export interface FreshProjectOptions {
  /** The SDK's version. Default: the pinned one. */
  sdk?: string;
  /** Further packages, such as `zod@4`. */
  beside?: readonly string[];
  /** A folder of which `pulumi new` makes the project. Default: an empty project. */
  template?: string;
  /** Each package sees only the dependencies that it names, as with pnpm. */
  isolated?: boolean;
}

export async function createFreshProject(options: FreshProjectOptions = {}): Promise<FreshProject> {
  const root = await realpath(await mkdtemp(join(tmpdir(), "fresh-project-")));
  const folders = await makeProjectFolders(root);
  // The provider plugin has to be installed, too.
  await rm(join(folders.bin, PLUGIN_NAME));
  await installNodeHost(folders.bin);
  const env = withoutNpm(engineEnvironment(await findPulumiCli(), folders));
  // Pulumi's launcher of the dynamic-provider host is the user's own.
  const launcher = join(folders.work, "node_modules", "@pulumi", "pulumi");
  env["PATH"] = `${launcher}:${env["PATH"] ?? ""}`;

  const run: FreshProject["run"] = (command, args, folder = folders.work) =>
    runCommand(command, args, { cwd: folder, env });
  try {
    const tarball = await pack(root, run);
    await install(tarball, folders.work, run, options);
    return {
      tarball,
      folders,
      run,
      write: (name, text) => writeFile(join(folders.work, name), text),
      dispose: () => rm(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }),
    };
  } catch (error) {
    await rm(root, { recursive: true, force: true });
    throw error;
  }
}

/** Packs what `dist` holds now: nothing is built, since other tests use it at the same time. */
async function pack(root: string, run: FreshProject["run"]): Promise<Tarball> {
  const args = ["pack", "--ignore-scripts", "--json", "--pack-destination", root];
  const { stdout } = mustSucceed(await run("npm", args, REPOSITORY_ROOT));
  const [packed] = JSON.parse(stdout) as [Omit<Tarball, "path"> & { filename: string }];
  const { filename, size, unpackedSize, files } = packed;
  say(`${filename}: ${kilobytes(size)} packed, ${kilobytes(unpackedSize)} unpacked, ${files.length} files`);
  return { path: join(root, filename), size, unpackedSize, files };
}

async function install(
  tarball: Tarball,
  work: string,
  run: FreshProject["run"],
  { sdk: version, beside = [], template, isolated = false }: FreshProjectOptions,
): Promise<void> {
  const manifest = JSON.parse(await readFile(join(REPOSITORY_ROOT, "package.json"), "utf8")) as {
    devDependencies: Record<string, string>;
  };
  const packages = [`@pulumi/pulumi@${version ?? manifest.devDependencies["@pulumi/pulumi"]}`, ...beside];
  if (template === undefined)
    await writeFile(join(work, "package.json"), JSON.stringify({ name: "fresh", private: true }));
  else mustSucceed(await run("pulumi", ["new", template, "--generate-only", "--yes", ...NAMED]));
  const strategy = isolated ? ["--install-strategy=linked"] : [];
  const args = ["install", ...INSTALL_OPTIONS, ...strategy, tarball.path, ...packages];
  const { durationMs } = mustSucceed(await run("npm", args));
  say(`npm install of it and ${packages.join(", ")}: ${(durationMs / 1_000).toFixed(1)} s`);
}

export function mustSucceed(result: CommandResult): CommandResult {
  if (result.exitCode !== 0) throw new Error(`Exit code ${result.exitCode}:\n${result.output}`);
  return result;
}

/** A figure for people who read the log. */
export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1_000).toFixed(1)} kB`;
}

/** `npm test` sets variables about this repository, which a user does not have. */
function withoutNpm(env: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(npm_|INIT_CWD$)/i.test(name)));
}
