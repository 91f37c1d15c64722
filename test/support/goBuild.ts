import { createHash, randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";

import { runCommand } from "./command";
import { pulumiVersionOf } from "./pulumiVersion";

const PULUMI_MODULE = "github.com/pulumi/pulumi/pkg/v3";

/** A cold build takes four minutes on two cores; this is for a slow machine that also has to download. */
const BUILD_TIMEOUT_MS = 30 * 60_000;
/** A temporary binary older than this belongs to a build that was killed. */
const STALE_BUILD_MS = 60 * 60_000;

/** The CLI that the pinned Go module builds, and where its binary is kept. */
export interface PinnedBuild {
  moduleFolder: string;
  /** The version in go.mod, without the leading "v". */
  version: string;
  /** The root folder for the Automation API, with `bin/pulumi` in it. */
  root: string;
  path: string;
}

/** Reads the pin: go.mod names the version, and go.mod and go.sum together name the cache entry. */
export async function readPinnedBuild(
  moduleFolder: string,
  cacheFolder: string,
  platform: NodeJS.Platform,
): Promise<PinnedBuild> {
  const goMod = await readFile(join(moduleFolder, "go.mod"), "utf8");
  const goSum = await readFile(join(moduleFolder, "go.sum"), "utf8");
  const version = goMod.split(`${PULUMI_MODULE} v`)[1]?.match(/^\S+/)?.[0];
  if (version === undefined) throw new Error(`${moduleFolder}/go.mod does not require ${PULUMI_MODULE}`);
  const hash = createHash("sha256").update(goMod).update(goSum).digest("hex").slice(0, 12);
  const root = join(cacheFolder, `pulumi-${version}-${hash}`);
  return { moduleFolder, version, root, path: join(root, "bin", executableName(platform)) };
}

/** Builds the pinned CLI into the cache. */
export function buildPulumi(
  { moduleFolder, path, version }: PinnedBuild,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const program = {
    moduleFolder,
    package: `${PULUMI_MODULE}/cmd/pulumi`,
    // Without the flag the version stays empty, and the Automation API rejects such a CLI.
    linkerFlags: `-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=${version}`,
    path,
  };
  return buildGoProgram(program, env, async (built) => {
    const actual = await pulumiVersionOf(built, env);
    if (actual !== version) throw new Error(`go built Pulumi ${actual} instead of ${version}`);
  });
}

/** A program of a Go module, and where its binary is put. */
export interface GoProgram {
  moduleFolder: string;
  /** The import path, or a path relative to the module. */
  package: string;
  linkerFlags?: string;
  path: string;
}

/**
 * Builds a program. The binary is built under a temporary name, checked and then renamed, so that neither a second builder
 * nor a killed one leaves a broken file.
 */
export async function buildGoProgram(
  program: GoProgram,
  env: NodeJS.ProcessEnv,
  check: (built: string) => Promise<void> = async () => {},
): Promise<void> {
  const folder = dirname(program.path);
  await mkdir(folder, { recursive: true });
  await removeStaleBuilds(folder);
  // Windows needs the suffix.
  const suffix = program.path.endsWith(".exe") ? ".exe" : "";
  const temporary = join(folder, `.building-${randomUUID()}${suffix}`);
  try {
    await goBuild(program, temporary, env);
    await check(temporary);
    await rename(temporary, program.path);
  } finally {
    await rm(temporary, { force: true });
  }
}

async function goBuild(program: GoProgram, target: string, env: NodeJS.ProcessEnv): Promise<void> {
  const flags = program.linkerFlags === undefined ? [] : ["-ldflags", program.linkerFlags];
  const result = await runCommand("go", ["build", "-o", target, ...flags, program.package], {
    cwd: program.moduleFolder,
    // Without cgo no C compiler is needed. GOWORK and GOFLAGS of the user are ignored.
    env: { ...env, CGO_ENABLED: "0", GOWORK: "off", GOFLAGS: "-buildvcs=false" },
    timeoutMs: BUILD_TIMEOUT_MS,
  }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") throw new Error("go is not on PATH");
    throw error;
  });
  if (result.exitCode !== 0) throw new Error(`go build failed: ${lastLines(result.output)}`);
}

async function removeStaleBuilds(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(".building-")) continue;
    const file = join(folder, name);
    const info = await stat(file).catch(() => undefined);
    if (info !== undefined && Date.now() - info.mtimeMs > STALE_BUILD_MS) await rm(file, { force: true });
  }
}

function executableName(platform: NodeJS.Platform): string {
  return platform === "win32" ? "pulumi.exe" : "pulumi";
}

function lastLines(text: string): string {
  return text.trim().split("\n").slice(-3).join("; ") || "no output";
}
