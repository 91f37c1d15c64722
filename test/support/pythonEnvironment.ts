import { createHash, randomUUID } from "node:crypto";
import { access, mkdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";

import { ourCacheFolder } from "./cacheFolder";
import { runCommand, type CommandResult } from "./command";

/** The oldest Python that the pinned packages run on. */
const MINIMUM_MINOR = 10;

/** An install takes ten seconds; this is for a slow network. */
const INSTALL_TIMEOUT_MS = 10 * 60_000;

const REQUIREMENTS = join(__dirname, "python", "requirements.txt");

/**
 * A Python with Pulumi's SDK, made once from the pinned requirements and kept in the cache.
 *
 * @returns the interpreter.
 */
export async function findPython(): Promise<string> {
  const system = await systemPython();
  const hash = createHash("sha256").update(await readFile(REQUIREMENTS));
  const entry = `python-${system.version}-${hash.digest("hex").slice(0, 12)}`;
  const folder = join(ourCacheFolder(), entry);
  const interpreter = interpreterOf(folder);
  if (await isThere(interpreter)) return interpreter;
  process.stderr.write(`Installing Pulumi's SDK for Python ${system.version}, once.\n`);
  await makeEnvironment(system.name, folder);
  return interpreter;
}

/** Installs a package's folder where only the tests that name `site` in PYTHONPATH find it. */
export async function installPackage(python: string, source: string, site: string): Promise<void> {
  // `--no-build-isolation`: the pinned setuptools builds it.
  const args = ["install", "--no-deps", "--no-build-isolation", "--target", site, source];
  await pip(python, args);
}

/** Made under another name and renamed once it is complete, so that a killed or second one does no harm. */
async function makeEnvironment(python: string, folder: string): Promise<void> {
  const temporary = `${folder}-${randomUUID()}`;
  await mkdir(ourCacheFolder(), { recursive: true });
  try {
    succeeded(await run(python, ["-m", "venv", temporary]), "python -m venv");
    await pip(interpreterOf(temporary), [
      "install",
      "--require-hashes",
      "--only-binary",
      ":all:",
      "-r",
      REQUIREMENTS,
    ]);
    await rename(temporary, folder).catch(async (error: unknown) => {
      // Another process was faster.
      if (!(await isThere(interpreterOf(folder)))) throw error;
    });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function systemPython(): Promise<{ name: string; version: string }> {
  for (const name of ["python3", "python"]) {
    const { stdout } = await run(name, ["--version"]).catch(() => ({ stdout: "" }));
    const [, version, minor] = /^Python (3\.(\d+)\.\d+)/.exec(stdout) ?? [];
    if (version !== undefined && Number(minor) >= MINIMUM_MINOR) return { name, version };
  }
  throw new Error(`No Python on PATH. Install Python 3.${MINIMUM_MINOR} or newer, with venv and pip.`);
}

async function pip(python: string, args: readonly string[]): Promise<void> {
  const result = await run(python, ["-m", "pip", "--disable-pip-version-check", "--quiet", ...args]);
  succeeded(result, `pip ${args[0]}`);
}

function run(file: string, args: readonly string[]): Promise<CommandResult> {
  return runCommand(file, args, { env: process.env, timeoutMs: INSTALL_TIMEOUT_MS });
}

function succeeded({ exitCode, output }: CommandResult, what: string): void {
  if (exitCode !== 0) throw new Error(`${what} failed:\n${output}`);
}

/** An environment may be moved as long as it is only used through its interpreter. */
function interpreterOf(folder: string): string {
  return process.platform === "win32" ? join(folder, "Scripts", "python.exe") : join(folder, "bin", "python");
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
