import { chmod, mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runCommand, startCommand } from "../support/command";
import { REPOSITORY_ROOT } from "../support/engineEnvironment";

const DIST = join(REPOSITORY_ROOT, "dist");

let cache: string;
let compiled: string;

beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), "compiled-"));
  compiled = join(cache, "pulumi-electronhub", "compiled");
});
afterEach(() => rm(cache, { recursive: true, force: true }));

/** As a user has it: the test runner's own processes share a folder. */
function environment(more: Record<string, string> = {}): NodeJS.ProcessEnv {
  return { ...process.env, NODE_COMPILE_CACHE: undefined, XDG_CACHE_HOME: cache, ...more };
}

/** Runs a program that Pulumi kills as soon as it has loaded the module, or that ends. @returns what Node says of its cache. */
async function load(
  modules: readonly string[],
  { end = "process.kill(process.pid, 'SIGKILL')", ...more }: { end?: string } & Record<string, string> = {},
): Promise<string> {
  const text = `(async () => { for (const name of ${JSON.stringify(modules)}) await import(name); ${end}; })();`;
  const env = environment({ NODE_DEBUG_NATIVE: "COMPILE_CACHE", ...more });
  const { output } = await runCommand(process.execPath, ["-e", text], { cwd: REPOSITORY_ROOT, env });
  return output;
}

async function files(folder = compiled): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return found.filter((entry) => entry.isFile()).map(({ name }) => name);
}

const HANDLER = join(DIST, "dynamic", "handler.js");
const accepted = (output: string, file: string) =>
  new RegExp(`cache for CommonJS .*${file}.* was accepted`).test(output);

describe("the compiled code of the package", () => {
  it("is kept for later processes although Pulumi kills the host", async () => {
    const first = await load([HANDLER]);
    expect(accepted(first, "dist/lifecycle/provider.js")).toBe(false);
    expect((await files()).length).toBeGreaterThan(100);
    const second = await load([HANDLER]);
    for (const file of ["dist/lifecycle/provider.js", "zod/v4/classic/schemas.cjs"])
      expect(accepted(second, file), file).toBe(true);
  });

  it("is for the user alone", async () => {
    await load([HANDLER]);
    for (const folder of [join(cache, "pulumi-electronhub"), compiled])
      expect((await stat(folder)).mode & 0o777, folder).toBe(0o700);
  });

  it("is kept by the plugin, which the engine kills", async () => {
    const plugin = startCommand(process.execPath, [join(DIST, "plugin", "main.js")], { env: environment() });
    await plugin.waitForOutput(/^\d+\n/);
    await expect.poll(async () => (await files()).length, { timeout: 30_000 }).toBeGreaterThan(50);
    plugin.kill("SIGKILL");
    await plugin.done;
  });

  it("is kept by the command", async () => {
    const { exitCode } = await runCommand(process.execPath, [join(DIST, "cli", "main.js"), "--version"], {
      cwd: REPOSITORY_ROOT,
      env: environment(),
    });
    expect(exitCode).toBe(0);
    expect((await files()).length).toBeGreaterThan(10);
  });

  it("is not kept by a program that imports the package, which may hold secrets of its own", async () => {
    await load([join(DIST, "index.js")], { end: "" });
    expect(await files(cache)).toEqual([]);
  });

  it("is kept where the user has chosen, by Node, or nowhere", async () => {
    const chosen = join(cache, "chosen");
    await load([HANDLER], { end: "", NODE_COMPILE_CACHE: chosen });
    expect((await files(chosen)).length).toBeGreaterThan(100);
    await load([HANDLER], { end: "", NODE_DISABLE_COMPILE_CACHE: "1" });
    expect(await files()).toEqual([]);
  });
});

describe("compiled code that another user could have written", () => {
  it.each([
    ["the folder", () => compiled],
    ["the folder above it", () => join(cache, "pulumi-electronhub")],
  ])("is neither run nor written: others can write to %s", async (_, folderOf) => {
    await mkdir(compiled, { recursive: true, mode: 0o700 });
    await chmod(folderOf(), 0o770);
    await load([HANDLER], { end: "" });
    expect(await files()).toEqual([]);
  });

  it("is neither run nor written: the folder is a link", async () => {
    const elsewhere = join(cache, "elsewhere");
    await mkdir(elsewhere);
    await mkdir(join(cache, "pulumi-electronhub"), { mode: 0o700 });
    await symlink(elsewhere, compiled);
    await load([HANDLER], { end: "" });
    expect(await files(elsewhere)).toEqual([]);
  });
});

describe("a cache that cannot be used", () => {
  it("changes nothing else: the cache folder is a file", async () => {
    const output = await load([HANDLER], { end: "console.log('loaded')", XDG_CACHE_HOME: "/dev/null" });
    expect(output).toContain("loaded");
  });

  it("changes nothing else: what is kept is damaged", async () => {
    await load([HANDLER]);
    const found = await readdir(compiled, { recursive: true, withFileTypes: true });
    for (const entry of found.filter((one) => one.isFile()))
      await writeFile(join(entry.parentPath, entry.name), "damaged");
    const output = await load([HANDLER], { end: "console.log('loaded')" });
    expect(output).toContain("loaded");
    expect(accepted(output, "dist/lifecycle/provider.js")).toBe(false);
  });
});
