import { createHash, randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";

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

/**
 * Builds the pinned CLI into the cache. The binary is built under a temporary name, run once and
 * then renamed, so that neither a second builder nor a killed one leaves a broken file.
 */
export async function buildPulumi(build: PinnedBuild, env: NodeJS.ProcessEnv): Promise<void> {
  const binFolder = join(build.root, "bin");
  await mkdir(binFolder, { recursive: true });
  await removeStaleBuilds(binFolder);
  // Windows needs the suffix.
  const suffix = build.path.endsWith(".exe") ? ".exe" : "";
  const temporary = join(binFolder, `.building-${randomUUID()}${suffix}`);
  try {
    await goBuild(build, temporary, env);
    const version = await pulumiVersionOf(temporary, env);
    if (version !== build.version) throw new Error(`go built Pulumi ${version} instead of ${build.version}`);
    await rename(temporary, build.path);
  } finally {
    await rm(temporary, { force: true });
  }
}

async function goBuild(build: PinnedBuild, target: string, env: NodeJS.ProcessEnv): Promise<void> {
  // Without the flag the version stays empty, and the Automation API rejects such a CLI.
  const versionFlag = `-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=${build.version}`;
  const args = ["build", "-o", target, "-ldflags", versionFlag, `${PULUMI_MODULE}/cmd/pulumi`];
  const result = await runCommand("go", args, {
    cwd: build.moduleFolder,
    // Without cgo no C compiler is needed. GOWORK and GOFLAGS of the user are ignored.
    env: { ...env, CGO_ENABLED: "0", GOWORK: "off", GOFLAGS: "-buildvcs=false" },
    timeoutMs: BUILD_TIMEOUT_MS,
  }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") throw new Error("go is not on PATH");
    throw error;
  });
  if (result.exitCode !== 0) throw new Error(`go build failed: ${lastLines(result.output)}`);
}

async function removeStaleBuilds(binFolder: string): Promise<void> {
  for (const name of await readdir(binFolder)) {
    if (!name.startsWith(".building-")) continue;
    const file = join(binFolder, name);
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
