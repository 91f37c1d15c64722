import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { PulumiCommand } from "@pulumi/pulumi/automation";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { readPinnedBuild } from "../../support/goBuild";
import {
  findPulumiCli,
  MINIMUM_PULUMI_VERSION,
  NO_INSTALLER_VARIABLE,
  PulumiCliMissingError,
  type FindPulumiCliOptions,
} from "../../support/pulumiCli";

const PINNED_VERSION = "3.259.7";

let folder: string;
let reports: string[];
let installs: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "pulumi-cli-"));
  reports = [];
  installs = [];
  await write("module/go.mod", `module m\n\nrequire github.com/pulumi/pulumi/pkg/v3 v${PINNED_VERSION}\n`);
  await write("module/go.sum", "h1:x\n");
});

afterEach(() => rm(folder, { recursive: true, force: true }));

/** A search that sees only the temporary folder: these folders as PATH, no network, no Go. */
function options(pathFolders: string[], more: FindPulumiCliOptions = {}): FindPulumiCliOptions {
  return {
    env: { PATH: pathFolders.map((name) => join(folder, name)).join(":") },
    platform: "linux",
    homeFolder: join(folder, "home"),
    moduleFolder: join(folder, "module"),
    install: async (root) => {
      installs.push(root);
      throw new Error("no network");
    },
    report: (line) => reports.push(line),
    ...more,
  };
}

async function write(name: string, text: string): Promise<string> {
  const file = join(folder, name);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return file;
}

async function writeScript(name: string, body: string): Promise<string> {
  const file = await write(name, `#!/bin/sh\n${body}\n`);
  await chmod(file, 0o755);
  return file;
}

/** A `go` that "builds" a script with this version, where `go build -o <target>` wants it. */
function writeGo(version: string): Promise<string> {
  return writeScript("go/go", `printf '#!/bin/sh\\necho v${version}\\n' > "$3"; /bin/chmod 755 "$3"`);
}

async function cachedPath(): Promise<string> {
  const cache = join(folder, "home", ".cache", "pulumi-electronhub");
  const { path } = await readPinnedBuild(join(folder, "module"), cache, "linux");
  return path;
}

async function writeCached(body: string): Promise<string> {
  return writeScript((await cachedPath()).slice(folder.length + 1), body);
}

async function missing(search: FindPulumiCliOptions): Promise<PulumiCliMissingError> {
  const error: unknown = await findPulumiCli(search).catch((reason: unknown) => reason);
  if (error instanceof PulumiCliMissingError) return error;
  throw new Error(`Expected PulumiCliMissingError, got ${String(error)}`);
}

// The stand-ins are shell scripts.
describe.skipIf(process.platform === "win32")("findPulumiCli", () => {
  it("takes the one on PATH when it is new enough", async () => {
    const path = await writeScript("bin/pulumi", "echo v3.250.1");
    await writeCached(`echo v${PINNED_VERSION}`);

    const cli = await findPulumiCli(options(["bin"]));

    expect(cli).toMatchObject({
      source: "path",
      path,
      binFolder: dirname(path),
      version: "3.250.1",
    });
    expect(cli.command.version?.toString()).toBe("3.250.1");
    expect(cli.summary).toBe(`Pulumi CLI 3.250.1, found on PATH: ${path}`);
  });

  it("hands the Automation API a folder with nothing but the CLI", async () => {
    await writeScript("shims/pulumi", "echo v3.250.1");
    await writeScript("shims/node", "exit 1");

    const { command } = await findPulumiCli(options(["shims"]));

    expect(await readdir(dirname(command.command))).toEqual(["pulumi"]);
  });

  it("skips one that is too old, says so, and looks further along PATH", async () => {
    const old = await writeScript("old/pulumi", "echo v3.199.9");
    const path = await writeScript("new/pulumi", `echo v${MINIMUM_PULUMI_VERSION}`);

    const cli = await findPulumiCli(options(["old", "new"]));

    expect(cli.path).toBe(path);
    expect(cli.summary).toContain(`skipped: ${old} is 3.199.9, too old`);
  });

  it("skips one that does not work", async () => {
    await writeScript("bin/pulumi", "exit 3");
    const path = await writeCached(`echo v${PINNED_VERSION}`);

    const cli = await findPulumiCli(options(["bin"]));

    expect(cli).toMatchObject({ source: "cache", path, version: PINNED_VERSION });
    expect(cli.summary).toContain("gave no version (exit 3)");
  });

  it("uses the cached build before it installs or builds", async () => {
    const path = await writeCached(`echo v${PINNED_VERSION}`);
    await writeGo(PINNED_VERSION);

    expect(await findPulumiCli(options(["go"]))).toMatchObject({ source: "cache", path });
    expect(installs).toEqual([]);
    expect(reports).toEqual([]);
  });

  it("replaces a broken cached build", async () => {
    const path = await writeCached("exit 1");
    await writeGo(PINNED_VERSION);

    const cli = await findPulumiCli(options(["go"]));

    expect(cli).toMatchObject({ source: "go-build", path, version: PINNED_VERSION });
    expect(cli.summary).toContain(`the cached build ${path} does not work`);
    expect(await findPulumiCli(options([]))).toMatchObject({ source: "cache", path });
  });

  it("uses Pulumi's installer when there is neither", async () => {
    const cli = await findPulumiCli(
      options([], {
        install: async (root) => {
          await writeScript(join(root.slice(folder.length + 1), "bin/pulumi"), "echo v3.270.0");
          return PulumiCommand.get({ root });
        },
      }),
    );

    expect(cli).toMatchObject({ source: "installer", version: "3.270.0" });
  });

  it("does not wait for ever for the installer", async () => {
    const search = options([], { install: () => new Promise(() => {}), installTimeoutMs: 1 });

    expect((await missing(search)).attempts).toContain("Pulumi's installer failed (not done after 0.001 s)");
  });

  it.each([
    ["1", 0],
    ["0", 1],
    ["", 1],
  ])("with the installer's switch at %j calls it %i times", async (value, calls) => {
    const search = options([]);
    search.env = { ...search.env, [NO_INSTALLER_VARIABLE]: value };

    const error = await missing(search);

    expect(installs).toHaveLength(calls);
    expect(error.message.includes(NO_INSTALLER_VARIABLE)).toBe(calls === 0);
  });

  it("announces a build in one line and leaves only the binary", async () => {
    await writeGo(PINNED_VERSION);

    const cli = await findPulumiCli(options(["go"]));

    expect(reports).toEqual([
      `Building the Pulumi CLI ${PINNED_VERSION} with go, once; this takes some minutes.`,
    ]);
    expect(await readdir(dirname(cli.path))).toEqual(["pulumi"]);
  });

  it("lets two builders run at once", async () => {
    await writeGo(PINNED_VERSION);

    const both = await Promise.all([findPulumiCli(options(["go"])), findPulumiCli(options(["go"]))]);

    for (const cli of both) expect(await readFile(cli.path, "utf8")).toContain(PINNED_VERSION);
    expect(await readdir(dirname(both[0].path))).toEqual(["pulumi"]);
  });

  it("caches nothing when the build gives another version", async () => {
    await writeGo("3.1.0");

    expect((await missing(options(["go"]))).message).toContain("go built Pulumi 3.1.0");
    expect(await readdir(dirname(await cachedPath()))).toEqual([]);
  });

  it("says what was tried and what to install", async () => {
    const { message, attempts } = await missing(options([]));

    expect(attempts).toEqual([
      "no pulumi on PATH",
      "Pulumi's installer failed (no network)",
      "building it with go failed (go is not on PATH)",
    ]);
    expect(message).toBe(
      `No usable Pulumi CLI. Tried: ${attempts.join("; ")}. Install Pulumi 3.216.0 or newer ` +
        "(https://www.pulumi.com/docs/install/) and put it on PATH, or install Go (https://go.dev/dl/), and it will be built.",
    );
  });
});
