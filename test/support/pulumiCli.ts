import { createHash, randomUUID } from "node:crypto";
import { access, constants, mkdir, rename, rm, symlink } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, delimiter, dirname, join } from "node:path";

import { PulumiCommand } from "@pulumi/pulumi/automation";

import { ourCacheFolder } from "./cacheFolder";
import { buildPulumi, readPinnedBuild, type PinnedBuild } from "./goBuild";
import { isAtLeast, pulumiVersionOf } from "./pulumiVersion";

/** The oldest usable CLI: the package's peer range of @pulumi/pulumi starts here. */
export const MINIMUM_PULUMI_VERSION = "3.216.0";

/** Set (to anything but "0") to never download a CLI with Pulumi's own installer. */
export const NO_INSTALLER_VARIABLE = "PULUMI_ELECTRONHUB_NO_INSTALLER";

const DEFAULT_INSTALL_TIMEOUT_MS = 3 * 60_000;

export type PulumiCliSource = "path" | "cache" | "installer" | "go-build";

/** A Pulumi CLI that runs `pulumi version`. */
export interface PulumiCli {
  /** For the Automation API's `pulumiCommand`. */
  command: PulumiCommand;
  path: string;
  binFolder: string;
  /** Without the leading "v". */
  version: string;
  source: PulumiCliSource;
  /** One line with the path, the version and the source of the CLI. */
  summary: string;
}

export interface FindPulumiCliOptions {
  /** Default: this process's environment. */
  env?: NodeJS.ProcessEnv;
  platform?: NodeJS.Platform;
  homeFolder?: string;
  /** The Go module that pins the CLI. */
  moduleFolder?: string;
  /** Puts a CLI below `root`; the default is the installer of the Automation API, which fetches the SDK's version. */
  install?: (root: string) => Promise<PulumiCommand>;
  installTimeoutMs?: number;
  /** Receives a line before each slow step. Default: stderr. */
  report?: (line: string) => void;
}

/** No Pulumi CLI could be found, fetched or built. The message lists the attempts and what to install. */
export class PulumiCliMissingError extends Error {
  override readonly name = "PulumiCliMissingError";
  readonly attempts: readonly string[];

  constructor(attempts: readonly string[]) {
    super(
      `No usable Pulumi CLI. Tried: ${attempts.join("; ")}. Install Pulumi ${MINIMUM_PULUMI_VERSION} or newer ` +
        `(https://www.pulumi.com/docs/install/) and put it on PATH, or install Go (https://go.dev/dl/), and it will be built.`,
    );
    this.attempts = attempts;
  }
}

let ofThisProcess: Promise<PulumiCli> | undefined;

/**
 * Finds the Pulumi CLI: on PATH, in our cache, by Pulumi's installer, by building the pinned Go module; in that order.
 * Without options other than `report` the search runs once per process.
 *
 * @throws PulumiCliMissingError when all of them fail
 */
export function findPulumiCli(options: FindPulumiCliOptions = {}): Promise<PulumiCli> {
  if (Object.keys(options).some((option) => option !== "report")) return search(options);
  ofThisProcess ??= search(options);
  return ofThisProcess;
}

/** The options with all defaults. */
interface Search {
  env: NodeJS.ProcessEnv;
  platform: NodeJS.Platform;
  cacheFolder: string;
  pinned: PinnedBuild;
  install: (root: string) => Promise<PulumiCommand>;
  installTimeoutMs: number;
  report: (line: string) => void;
  /** The failed attempts and their reasons, for the error. */
  attempts: string[];
}

async function search(options: FindPulumiCliOptions): Promise<PulumiCli> {
  const env = options.env ?? process.env;
  const platform = options.platform ?? process.platform;
  const cacheFolder = ourCacheFolder(env, platform, options.homeFolder ?? homedir());
  const moduleFolder = options.moduleFolder ?? join(__dirname, "pulumi-cli");
  const state: Search = {
    env,
    platform,
    cacheFolder,
    pinned: await readPinnedBuild(moduleFolder, cacheFolder, platform),
    install: options.install ?? ((root) => PulumiCommand.install({ root })),
    installTimeoutMs: options.installTimeoutMs ?? DEFAULT_INSTALL_TIMEOUT_MS,
    report: options.report ?? ((line) => process.stderr.write(`${line}\n`)),
    attempts: [],
  };
  const found =
    (await fromPath(state)) ??
    (await fromCache(state)) ??
    (await fromInstaller(state)) ??
    (await fromGoBuild(state));
  if (found === undefined) throw new PulumiCliMissingError(state.attempts);
  return found;
}

async function fromPath(state: Search): Promise<PulumiCli | undefined> {
  const candidates = await executablesOnPath(state);
  if (candidates.length === 0) state.attempts.push("no pulumi on PATH");
  for (const path of candidates) {
    try {
      const version = await pulumiVersionOf(path, state.env);
      if (isAtLeast(version, MINIMUM_PULUMI_VERSION))
        return describe("path", path, version, await commandFor(path, state.cacheFolder), state);
      state.attempts.push(`${path} is ${version}, too old`);
    } catch (error) {
      state.attempts.push(`${path} does not work (${reasonOf(error)})`);
    }
  }
  return undefined;
}

async function fromCache(state: Search): Promise<PulumiCli | undefined> {
  const { path, root, version } = state.pinned;
  if (!(await isExecutable(path))) return undefined;
  try {
    // Runs `pulumi version`.
    const command = await PulumiCommand.get({ root });
    const actual = String(command.version);
    if (actual !== version) throw new Error(`it is ${actual}, not ${version}`);
    return describe("cache", path, version, command, state);
  } catch (error) {
    state.attempts.push(`the cached build ${path} does not work (${reasonOf(error)})`);
    return undefined;
  }
}

async function fromInstaller(state: Search): Promise<PulumiCli | undefined> {
  const switchedOff = state.env[NO_INSTALLER_VARIABLE] ?? "";
  if (switchedOff !== "" && switchedOff !== "0") {
    state.attempts.push(`Pulumi's installer is switched off by ${NO_INSTALLER_VARIABLE}`);
    return undefined;
  }
  const root = join(state.cacheFolder, "installed");
  try {
    const command = await withinTime(state.install(root), state.installTimeoutMs);
    const version = await pulumiVersionOf(command.command, state.env);
    return describe("installer", command.command, version, command, state);
  } catch (error) {
    state.attempts.push(`Pulumi's installer failed (${reasonOf(error)})`);
    return undefined;
  }
}

async function fromGoBuild(state: Search): Promise<PulumiCli | undefined> {
  const { path, root, version } = state.pinned;
  state.report(`Building the Pulumi CLI ${version} with go, once; this takes some minutes.`);
  try {
    await buildPulumi(state.pinned, state.env);
    return describe("go-build", path, version, await PulumiCommand.get({ root }), state);
  } catch (error) {
    state.attempts.push(`building it with go failed (${reasonOf(error)})`);
    return undefined;
  }
}

function describe(
  source: PulumiCliSource,
  path: string,
  version: string,
  command: PulumiCommand,
  { attempts }: Search,
): PulumiCli {
  const origin = {
    path: "found on PATH",
    cache: "built earlier from the pinned Go module",
    installer: "from Pulumi's installer",
    "go-build": "just built from the pinned Go module",
  }[source];
  const skipped = attempts.filter((attempt) => attempt !== "no pulumi on PATH");
  const remark = skipped.length === 0 ? "" : `; skipped: ${skipped.join("; ")}`;
  const summary = `Pulumi CLI ${version}, ${origin}: ${path}${remark}`.replaceAll(/\s+/g, " ");
  return { command, path, binFolder: dirname(path), version, source, summary };
}

/**
 * The Automation API runs only `<root>/bin/pulumi` by absolute path, and puts that folder first on PATH: for a system's
 * bin folder this would also put the system's node first. A link in a separate folder avoids both.
 */
async function commandFor(path: string, cacheFolder: string): Promise<PulumiCommand> {
  const name = createHash("sha256").update(path).digest("hex").slice(0, 12);
  const root = join(cacheFolder, "links", name);
  const link = join(root, "bin", basename(path));
  const temporary = `${link}-${randomUUID()}`;
  try {
    await mkdir(dirname(link), { recursive: true });
    await symlink(path, temporary);
    await rename(temporary, link);
    return await PulumiCommand.get({ root });
  } catch (error) {
    await rm(temporary, { force: true });
    // Windows may not permit links for unprivileged users.
    if (basename(dirname(path)) !== "bin") throw error;
    return PulumiCommand.get({ root: dirname(dirname(path)) });
  }
}

async function executablesOnPath({ env, platform }: Search): Promise<string[]> {
  const names = platform === "win32" ? ["pulumi.exe"] : ["pulumi"];
  const folders = (env["PATH"] ?? env["Path"] ?? "").split(delimiter).filter(Boolean);
  const files = [...new Set(folders)].flatMap((folder) => names.map((name) => join(folder, name)));
  const usable = await Promise.all(files.map(isExecutable));
  return files.filter((_, index) => usable[index]);
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** Stops waiting for the installer, which cannot be cancelled. */
async function withinTime<T>(work: Promise<T>, limitMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${limitMs / 1000} s`)), limitMs);
  });
  return Promise.race([work, limit]).finally(() => clearTimeout(timer));
}

function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return (message.trim().split("\n", 1)[0] ?? "").replace(/[.:]$/, "");
}
