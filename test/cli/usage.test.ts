import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { useCli } from "./fixture";

const cli = useCli();

/** An empty folder. */
async function emptyFolder(): Promise<string> {
  return mkdtemp(join(cli.project.folders.temporary, "empty-"));
}

async function projectFolder(): Promise<string> {
  const folder = await emptyFolder();
  await writeFile(join(folder, "Pulumi.yaml"), "name: test\nruntime: nodejs\n");
  return folder;
}

describe("a wrong command line", () => {
  it.each([
    ["an unknown option", ["cleanup", "--yess"], /unknown option '--yess'[^]*Did you mean --yes\?/],
    ["an unknown command", ["cleenup"], /unknown command 'cleenup'[^]*Did you mean cleanup\?/],
    ["an argument too many", ["cleanup", "pr-1"], /too many arguments/],
    [
      "a duration that is none",
      ["cleanup", "--older-than", "7 days"],
      /Write a duration such as 90s, 15m, 24h or 7d/,
    ],
    ["a negative settle time", ["recover", "--settle", "-1s"], /--settle/],
    ["an option without its value", ["orphans", "--stack"], /argument missing/],
    [
      "a choice that is none",
      ["import", "--budget-window", "yearly"],
      /Allowed choices are daily, weekly, monthly/,
    ],
    ["a real cleanup of no named stack", ["cleanup", "--yes"], /--yes needs --stack/],
    ["a removal of orphans that is half said", ["orphans", "--yes"], /--yes needs --remove/],
    ["no command", [], /Usage: pulumi-electronhub/],
  ])("with %s is refused with what would be right", async (_, args, says) => {
    const { exitCode, stdout, stderr } = await cli.run(args.length === 0 ? ["--"] : args);
    expect(stderr).toMatch(says);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
  });

  it.each([
    ["cleanup", ["--yess"], /^unknown option '--yess' \(Did you mean --yes\?\)$/],
    ["orphans", ["--yes"], /^--yes needs --remove\.$/],
    [
      "cleanup",
      ["--except", "prod", "--older-than", "7d", "--include-production", "--yes"],
      /^--yes needs --stack/,
    ],
    ["recover", ["--settle", "soon"], /--settle/],
    ["doctor", ["--dir="], /--dir <folder>/],
    ["cleenup", [], /unknown command 'cleenup'/],
    ["import", [], /unknown option '--json'/],
  ])("is reported to programs as well: %s %j", async (command, args, why) => {
    const report = await cli.report([command, ...args]);
    expect(report).toEqual({
      command,
      exitCode: 2,
      problems: [{ why: expect.stringMatching(why), nextStep: expect.stringContaining("--help") }],
    });
  });
});

describe("help", () => {
  it.each(["cleanup", "recover", "orphans", "revoke", "import", "doctor", "simulate"])(
    "of %s has examples and the exit codes",
    async (command) => {
      const { exitCode, stdout } = await cli.run([command, "--help"]);
      expect(exitCode).toBe(0);
      expect(stdout).toMatch(new RegExp(`^Examples:\\n  \\$ pulumi-electronhub ${command}`, "m"));
      expect(stdout).toMatch(/^Exit codes:\n {2}0 {2}\S/m);
    },
  );

  it("of the command lists all of them, and its version is the package's", async () => {
    const { stdout } = await cli.run(["--help"]);
    for (const command of ["cleanup", "recover", "orphans", "revoke", "import", "doctor", "simulate"]) {
      expect(stdout).toMatch(new RegExp(`^ {2}${command} `, "m"));
    }
    expect(await cli.run(["--version"])).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
  });
});

describe("a command that cannot begin is refused with what to do", () => {
  const COMMANDS = ["cleanup", "recover"];

  it.each(COMMANDS)("%s without a Pulumi CLI", async (command) => {
    const bin = join(await emptyFolder(), "bin");
    await mkdir(bin);
    await symlink(process.execPath, join(bin, "node"));
    const refused = await cli.report([command], { cwd: await projectFolder(), env: { PATH: bin } });
    expect(refused).toEqual({
      command,
      exitCode: 3,
      problems: [
        {
          why: "There is no Pulumi CLI on PATH.",
          nextStep: expect.stringMatching(/get\.pulumi\.com.*winget install pulumi/),
        },
      ],
    });
  });

  it.each(COMMANDS)("%s without a project", async (command) => {
    // The project's own folder for temporary files is below this repository's Pulumi.yaml.
    const outside = await mkdtemp(join(tmpdir(), "no-project-"));
    onTestFinished(() => rm(outside, { recursive: true }));
    const refused = await cli.report([command], { cwd: outside });
    expect(refused).toEqual({
      command,
      exitCode: 3,
      problems: [{ why: "There is no Pulumi project here.", nextStep: expect.stringContaining("--dir") }],
    });
  });

  it("in a folder that is not there", async () => {
    const refused = await cli.run(["cleanup", "--dir", "no-such-folder"]);
    expect(refused).toMatchObject({ exitCode: 3, stdout: "" });
    expect(refused.stderr).toMatch(/There is no folder \S+no-such-folder\.\nName the folder .* --dir/);
  });

  it.each(COMMANDS)("%s without a login", async (command) => {
    const env = { PULUMI_HOME: await emptyFolder(), PULUMI_BACKEND_URL: "" };
    const refused = await cli.report([command], { cwd: await projectFolder(), env });
    expect(refused).toEqual({
      command,
      exitCode: 3,
      problems: [
        {
          why: "You are not logged in to a Pulumi backend.",
          nextStep: expect.stringMatching(/pulumi login.*PULUMI_ACCESS_TOKEN/),
        },
      ],
    });
  });

  it.each([["cleanup"], ["recover", "--stack", "prod"]])(
    "%s in a backend of the older layout, whose stacks may be another project's",
    async (...args) => {
      const env = {
        PULUMI_BACKEND_URL: `file://${await emptyFolder()}`,
        PULUMI_DIY_BACKEND_LEGACY_LAYOUT: "true",
        PULUMI_SELF_MANAGED_STATE_LEGACY_LAYOUT: "true",
        PULUMI_DIY_BACKEND_IGNORE_DEPRECATION_ERROR: "1",
      };
      const made = await cli.project.pulumi(["stack", "init", "prod"], { env });
      expect(made, made.output).toMatchObject({ exitCode: 0 });
      const refused = await cli.report(args, { cwd: await projectFolder(), env });
      expect(refused).toMatchObject({
        exitCode: 3,
        problems: [
          {
            why: expect.stringMatching(/older layout.*: prod\.$/),
            nextStep: expect.stringContaining("`pulumi state upgrade`"),
          },
        ],
      });
    },
  );

  it.each([["cleanup"], ["orphans", "--json"], ["doctor"], ["doctor", "--json"]])(
    "%s with a backend that does not answer, without its password",
    async (...args) => {
      const env = { ...cli.accountEnv(), PULUMI_BACKEND_URL: "postgres://ann:hunter2secret@127.0.0.1:1/db" };
      const { output } = await cli.run(args, { env });
      expect(output).toContain("postgres://ann:[redacted]@127.0.0.1:1");
      expect(output).not.toContain("hunter2secret");
    },
  );

  it("orphans without an API key", async () => {
    const refused = await cli.report(["orphans"], { cwd: await projectFolder() });
    expect(refused).toMatchObject({
      exitCode: 3,
      problems: [
        {
          why: "No Electron Hub API key is configured.",
          nextStep: expect.stringContaining("pulumi config set"),
        },
      ],
    });
  });
});
