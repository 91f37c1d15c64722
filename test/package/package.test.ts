import { cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSimulator, type Simulator } from "../../provider/testing";
import { parseExportedState } from "../support/checkpoint";
import { REPOSITORY_ROOT } from "../support/engineEnvironment";
import { createFreshProject, INSTALL_OPTIONS, mustSucceed, say, type FreshProject } from "./freshProject";
import { CHECKED, COMPILERS, errorsOf, tsc, usedBy, writeConsumers } from "./consumers";
import { BOTH, COMMONJS, DEEP_IMPORT, ESM, INLINE_PROGRAM, sharedWindowProgram } from "./programs";

interface Manifest {
  version: string;
  main: string;
  types: string;
  bin: Record<string, string>;
  exports: Record<string, string | Record<string, string>>;
  typesVersions: Record<string, Record<string, string[]>>;
  dependencies: Record<string, string>;
}

let project: FreshProject;
let manifest: Manifest;

beforeAll(async () => {
  project = await createFreshProject({ beside: COMPILERS });
  const installed = join(project.folders.work, "node_modules", "pulumi-electronhub", "package.json");
  manifest = JSON.parse(await readFile(installed, "utf8")) as Manifest;
});
afterAll(() => project?.dispose());

describe("the tarball", () => {
  const paths = () => project.tarball.files.map(({ path }) => path);

  it("holds the built package and what a reader needs, and nothing else", () => {
    const beside = paths().filter((path) => !path.startsWith("dist/"));
    expect(beside.toSorted()).toEqual(["CHANGELOG.md", "LICENSE", "README.md", "package.json"]);
    expect(paths().filter((path) => path.startsWith("dist/") && !/\.(?:js|d\.ts)$/.test(path))).toEqual([
      "dist/plugin/schema.json",
    ]);
    expect(paths().filter((path) => /\.test\.|tsbuildinfo|__/.test(path))).toEqual([]);
    expect(project.tarball.size).toBeLessThan(320_000);
  });

  it("holds no file whose source is gone", () => {
    const stale = paths()
      .filter((path) => path.startsWith("dist/"))
      .filter((path) => {
        const source = path.replace(/^dist/, "provider").replace(/(?:\.d\.ts|\.js)$/, ".ts");
        return !existsSync(join(REPOSITORY_ROOT, source));
      });
    expect(stale).toEqual([]);
  });

  it("holds every file that its manifest names", () => {
    const { bin, exports, main, types, typesVersions } = manifest;
    const targets = Object.values(exports).flatMap((target) =>
      typeof target === "string" ? [target] : Object.values(target),
    );
    const older = Object.values(typesVersions).flatMap((names) => Object.values(names).flat());
    const named = [main, types, ...targets, ...older, ...Object.values(bin)].map((path) =>
      path.replace(/^\.\//, ""),
    );
    expect(named.length).toBeGreaterThan(11);
    expect(named.filter((path) => !paths().includes(path))).toEqual([]);
  });

  it("brings few dependencies, and leaves the SDK to the user", async () => {
    expect(Object.keys(manifest.dependencies).toSorted()).toEqual([
      "@grpc/grpc-js",
      "commander",
      "google-protobuf",
      "undici",
      "zod",
    ]);
    const tree = mustSucceed(await project.run("npm", ["ls", "--all", "--json", "@pulumi/pulumi"])).stdout;
    const { dependencies } = JSON.parse(tree) as { dependencies: Record<string, unknown> };
    const own = dependencies["pulumi-electronhub"] as { dependencies: Record<string, { path?: string }> };
    const nested = join(
      project.folders.work,
      "node_modules",
      "pulumi-electronhub",
      "node_modules",
      "@pulumi",
    );
    expect(Object.keys(own.dependencies)).toEqual(["@pulumi/pulumi"]);
    expect(existsSync(nested), "one SDK for both").toBe(false);
  });

  it("shares gRPC and protobuf with the SDK, whose ranges are the same", async () => {
    const shared = ["@grpc/grpc-js", "google-protobuf"];
    const ls = mustSucceed(await project.run("npm", ["ls", "--all", "--parseable", ...shared])).stdout;
    const modules = join(project.folders.work, "node_modules");
    const copies = ls.split("\n").filter((path) => shared.some((name) => path.endsWith(`/${name}`)));
    expect(copies.toSorted()).toEqual(shared.map((name) => join(modules, name)));
    const sdk = JSON.parse(
      await readFile(join(modules, "@pulumi", "pulumi", "package.json"), "utf8"),
    ) as Manifest;
    for (const name of shared) expect(manifest.dependencies[name]).toBe(sdk.dependencies[name]);
  });
});

describe("a program loads it", () => {
  const HANDLER = ["check", "configure", "create", "delete", "diff", "read", "rotation", "update"];

  it.each([
    ["by require", "program.cjs", COMMONJS],
    ["by import, with its names", "program.mjs", ESM],
  ])("%s", async (_, file, text) => {
    await project.write(file, text);
    const { stdout } = mustSucceed(await project.run("node", [file]));
    expect(JSON.parse(stdout)).toEqual(["function", HANDLER, "function", manifest.version]);
  });

  it("both ways as one", async () => {
    await project.write("both.mjs", BOTH);
    expect(mustSucceed(await project.run("node", ["both.mjs"])).stdout).toBe("true\n");
  });

  it("by no other path than those that it promises", async () => {
    await project.write("deep.cjs", DEEP_IMPORT);
    const { exitCode, output } = await project.run("node", ["deep.cjs"]);
    expect(exitCode).not.toBe(0);
    expect(output).toContain("ERR_PACKAGE_PATH_NOT_EXPORTED");
  });
});

describe("a compiler understands it, and refuses what is wrong", () => {
  let used: ReturnType<typeof usedBy>;

  beforeAll(async () => {
    await writeConsumers(project);
    used = usedBy(project);
  });

  it("in a project of Pulumi's template, as a whole, with the programs of all READMEs", async () => {
    const { exitCode, output } = await tsc(project, "5.9", []);
    expect({ exitCode, output }).toEqual({ exitCode: 0, output: "" });
  });

  it.each(CHECKED)("TypeScript %s, with the configuration: %s", async (version, configuration) => {
    expect(await errorsOf(project, version, configuration)).toEqual([]);
  });

  it("by a program that names every export and reads every published declaration", () => {
    const published = project.tarball.files.filter(({ path }) => path.endsWith(".d.ts"));
    expect(used.unnamed).toEqual([]);
    expect(used.declarations.toSorted()).toEqual(published.map(({ path }) => path).toSorted());
  });

  it("without a package other than the SDK, such as zod", async () => {
    const installed = join(project.folders.work, "node_modules", "pulumi-electronhub");
    for (const path of used.declarations) {
      const text = await readFile(join(installed, path), "utf8");
      expect(text, path).not.toMatch(/\bzod\b|<reference|\b(?:from|import) ?\(?"(?!\.|@pulumi\/pulumi["/])/);
    }
  });
});

it("without the client of the shared window, it names the package to install, and goes on", async () => {
  const simulator = await startSimulator();
  try {
    const settings = {
      ELECTRONHUB_API_KEY: simulator.account().apiKey,
      ELECTRONHUB_BASE_URL: simulator.baseUrl,
      ELECTRONHUB_SHARED_WINDOW: "redis://team:correct-horse@127.0.0.1:9",
    };
    await project.write("shared.cjs", sharedWindowProgram(settings));
    const { stdout, output } = mustSucceed(await project.run("node", ["shared.cjs"]));
    expect(stdout).toMatch(/^0 keys$/m);
    expect(
      output.match(/client that is not installed.*Install it: `npm install @redis\/client`/g),
    ).toHaveLength(1);
    expect(output).not.toContain("correct-horse");
  } finally {
    await simulator.close();
  }
});

describe("Pulumi runs it", () => {
  const DESTROY = ["destroy", "--yes", "--skip-preview", "--stack", "test"];
  let simulator: Simulator;

  beforeAll(async () => {
    simulator = await startSimulator();
    await project.write("inline.mjs", INLINE_PROGRAM);
  });
  afterAll(() => simulator?.close());

  const inline = async (verb: "up" | "refresh") => {
    const args = ["inline.mjs", verb, simulator.account().apiKey, simulator.baseUrl];
    const { stdout } = mustSucceed(await project.run("node", args));
    simulator.clearJournal();
    return JSON.parse(stdout) as { changes: Record<string, number>; outputs: Record<string, unknown> };
  };
  const inState = async () => {
    const { stdout } = await project.run("pulumi", ["stack", "export", "--stack", "test"]);
    return parseExportedState(stdout).deployment.resources ?? [];
  };

  it("from an inline program: up, refresh, and the literal destroy", async () => {
    const { changes, outputs } = await inline("up");
    expect(changes).toMatchObject({ create: 3 });
    const keys = simulator.account().keys();
    expect(new Set(keys.map(({ allocatedAmount }) => allocatedAmount))).toEqual(new Set([25, 5]));
    expect(outputs["key"]).toEqual({
      secret: true,
      value: keys.find((key) => key.allocatedAmount === 25)?.key,
    });
    expect(JSON.stringify(await inState())).not.toContain("ek-proxy-");

    expect((await inline("refresh")).changes).toEqual({ same: 3 });
    expect(mustSucceed(await project.run("pulumi", DESTROY)).stdout).toMatch(/deleted/);
    expect(simulator.account().keys()).toEqual([]);
    expect(await inState()).toEqual([]);
    expect(simulator.requests()).toEqual(["POST /auth/proxy/remove", "POST /auth/proxy/remove"]);
    expect(simulator.violations).toEqual([]);
  });

  it("and the command that it brings cleans up", async () => {
    await inline("up");
    const command = (...args: string[]) =>
      project.run("npx", ["--no-install", "pulumi-electronhub", ...args]);
    expect(mustSucceed(await command("--version")).stdout).toBe(`${manifest.version}\n`);
    const { stdout } = mustSucceed(await command("cleanup", "--stack", "test", "--remove-stack", "--yes"));
    expect(stdout).toContain("2 keys removed, 30 credits returned.");
    expect(simulator.account().keys()).toEqual([]);
    expect((await project.run("pulumi", ["stack", "ls", "--json"])).stdout.trim()).toBe("[]");
    expect(simulator.violations).toEqual([]);
  });

  it("not from a folder where it is not installed, says what to do, and does it once that is done", async () => {
    await inline("up");
    const { work, root } = project.folders;
    const elsewhere = join(root, "elsewhere");
    await cp(join(work, "Pulumi.test.yaml"), join(elsewhere, "Pulumi.test.yaml"));
    // The Automation API's own names the folder of its program; this one is about the folder that it lies in.
    await writeFile(join(elsewhere, "Pulumi.yaml"), "name: fresh\nruntime: nodejs\n");
    const sdk = join("node_modules", "@pulumi", "pulumi");
    await mkdir(dirname(join(elsewhere, sdk)), { recursive: true });
    await symlink(join(work, sdk), join(elsewhere, sdk), "junction");

    const { exitCode, output } = await project.run("pulumi", [...DESTROY, "--parallel", "1"], elsewhere);
    expect(exitCode).not.toBe(0);
    const message = `pulumi-electronhub is not installed for ${elsewhere}: add pulumi-electronhub to this project's dependencies`;
    const diagnostics = output.slice(output.lastIndexOf("\nDiagnostics:"));
    expect(diagnostics.split(message).length - 1).toBe(1);
    expect(output).not.toMatch(/^ +at /m);
    expect(simulator.requests()).toEqual([]);
    expect(await inState()).not.toEqual([]);

    // The lock names the tarball relative to the folder, which is beside the first.
    for (const file of ["package.json", "package-lock.json"])
      await cp(join(work, file), join(elsewhere, file));
    const ci = mustSucceed(await project.run("npm", ["ci", ...INSTALL_OPTIONS], elsewhere));
    say(`npm ci: ${(ci.durationMs / 1_000).toFixed(1)} s`);
    mustSucceed(await project.run("pulumi", DESTROY, elsewhere));
    expect(simulator.account().keys()).toEqual([]);
    expect(await inState()).toEqual([]);
  });
});
