import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { runCommand, startCommand } from "../support/command";
import { REPOSITORY_ROOT } from "../support/engineEnvironment";
import { isAlive } from "../support/processes";
import { findPulumiCli } from "../support/pulumiCli";

const TSX = join(REPOSITORY_ROOT, "node_modules", ".bin", "tsx");
const DEMO = [join("test", "demo", "main.ts")];
const QUIET = { NO_COLOR: "1", FORCE_COLOR: undefined };

let emptyFolder: string;

beforeAll(async () => {
  // A first run may have to build the CLI, which is not what this is about.
  await findPulumiCli();
  emptyFolder = await mkdtemp(join(tmpdir(), "demo-"));
});
afterAll(() => rm(emptyFolder, { recursive: true, force: true }));

it("shows the whole life of a stack, in less than 60 lines, without a secret", async () => {
  const { exitCode, output, stderr } = await runCommand(TSX, DEMO, {
    cwd: REPOSITORY_ROOT,
    env: { ...process.env, ...QUIET },
  });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  expect(output).toMatch(/^ {3}Pulumi CLI \d+\.\d+\.\d+, /m);
  expect(output).toMatch(/^ {3}ci-bot +\[secret\] +pk-[0-9a-f]{16} +ci-bot-[a-z2-7]{7} +25 monthly/m);
  expect(output).toMatch(/^ {3}budget +40 +400$/m);
  expect(output).toMatch(/^ {3}enabled +true +false$/m);
  expect(output).toMatch(/Cannot remove proxy key "partner-[a-z2-7]{7}" \(pk-[0-9a-f]{16}\)/);
  expect(output).toMatch(/^ {3}ci-bot +200 removed +gone +- +gone$/m);
  expect(output).toMatch(/^ {3}web-app +200 removed +gone +- +gone$/m);
  expect(output).toMatch(/^ {3}nightly +404 already deleted, done +gone +- +gone$/m);
  expect(output).toMatch(/^ {3}partner +403 refused, a hard failure +gone +yes +kept$/m);
  expect(output).toContain("Everything went as described");

  expect(output).not.toMatch(/\bek-/);
  expect(output).not.toContain("\u001B[");
  expect(output.split("\n").length).toBeLessThan(60);
});

it("says what is missing without a Pulumi CLI, and no more", async () => {
  const { exitCode, output } = await runCommand(TSX, DEMO, {
    cwd: REPOSITORY_ROOT,
    env: {
      ...QUIET,
      PATH: join(REPOSITORY_ROOT, "node_modules", ".bin"),
      HOME: emptyFolder,
      LOCALAPPDATA: emptyFolder,
      PULUMI_ELECTRONHUB_NO_INSTALLER: "1",
    },
  });
  expect(exitCode).toBe(1);
  expect(output).toContain("No usable Pulumi CLI.");
  expect(output).not.toMatch(/^\s+at /m);
});

it("ends what it started and leaves nothing behind when it is interrupted", async () => {
  const before = await demoFolders();
  const running = startCommand(TSX, DEMO, { cwd: REPOSITORY_ROOT, env: { ...process.env, ...QUIET } });
  const isAtWork = () =>
    running.descendants().some(({ commandLine }) => /dynamic-provider/.test(commandLine));
  await expect.poll(isAtWork, { timeout: 60_000 }).toBe(true);
  running.kill("SIGINT");
  const { exitCode, stderr } = await running.done;
  expect({ exitCode, stderr }).toEqual({ exitCode: 130, stderr: "" });
  await expect.poll(() => running.orphans.filter(isAlive), { timeout: 10_000 }).toEqual([]);
  expect((await demoFolders()).filter((folder) => !before.includes(folder))).toEqual([]);
});

/** The folders in which a demo is at work, or was. */
async function demoFolders(): Promise<string[]> {
  const scratch = join(REPOSITORY_ROOT, ".scratch");
  const names = await readdir(scratch);
  const settings = await Promise.all(
    names.map((name) => readFile(join(scratch, name, "work", "Pulumi.yaml"), "utf8").catch(() => "")),
  );
  return names.filter((_, index) => /^name: demo$/m.test(settings[index] ?? ""));
}
