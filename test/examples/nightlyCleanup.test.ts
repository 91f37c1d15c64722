import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { runCommand, type CommandResult } from "../support/command";
import { REPOSITORY_ROOT } from "../support/engineEnvironment";
import { useExample } from "./fixture";

const example = useExample(() => import("../../examples/nightly-cleanup/index.ts"));

async function git(folder: string, ...args: string[]): Promise<void> {
  const identity = [
    "-c",
    "user.name=test",
    "-c",
    "user.email=test@localhost",
    "-c",
    "init.defaultBranch=main",
  ];
  const result = await runCommand("git", [...identity, ...args], { cwd: folder, env: example.project.env });
  expect(result.exitCode, result.output).toBe(0);
}

/** A clone whose remote has these branches, with the command installed as npm does it. */
async function makeClone(branches: readonly string[]): Promise<void> {
  const { work, temporary } = example.project.folders;
  const remote = join(temporary, "remote.git");
  await git(temporary, "init", "--quiet", "--bare", remote);
  await git(work, "init", "--quiet");
  await git(work, "remote", "add", "origin", remote);
  await git(work, "commit", "--quiet", "--allow-empty", "--message", "first");
  for (const branch of branches) await git(work, "push", "--quiet", "origin", `HEAD:refs/heads/${branch}`);
  const bin = join(work, "node_modules", ".bin");
  await mkdir(bin, { recursive: true });
  await symlink(join(REPOSITORY_ROOT, "dist", "cli", "main.js"), join(bin, "pulumi-electronhub"));
}

function clean(...args: string[]): Promise<CommandResult> {
  const script = join(REPOSITORY_ROOT, "examples", "nightly-cleanup", "cleanClosedBranches.sh");
  const { folders, env } = example.project;
  // Hides every stack from the script's list.
  return runCommand(script, args, { cwd: folders.work, env: { ...env, PULUMI_OPTION_TAG: "no=stack" } });
}

async function stackNames(): Promise<string[]> {
  const { stdout } = await example.project.pulumi(["stack", "ls", "--json"]);
  return (JSON.parse(stdout) as { name: string }[]).map(({ name }) => name).toSorted();
}

it("removes the stacks of branches that are gone, and those alone", async () => {
  const { account } = example;
  for (const stack of ["branch-feature-new-bot", "branch-gone", "branch-refs-heads-bot", "prod"]) {
    await (await example.stack(stack)).up();
  }
  await makeClone(["main", "Feature/New_bot", "refs/heads/bot"]);
  const nameOf = ({ name }: { name: string }) => name;
  const before = account.keys().map(nameOf);

  const young = await clean("--yes");
  expect(young).toMatchObject({ exitCode: 0 });
  expect(young.stdout).toContain("but none was last updated more than 24 h ago");

  const shown = await clean("--older-than", "0s");
  expect(shown).toMatchObject({ exitCode: 0 });
  expect(shown.stdout).toContain("branch-gone");
  expect(shown.stdout).not.toContain("branch-feature-new-bot");
  expect(account.keys().map(nameOf)).toEqual(before);

  const done = await clean("--older-than", "0s", "--yes");
  expect(done).toMatchObject({ exitCode: 0 });
  expect(await stackNames()).toEqual(["branch-feature-new-bot", "branch-refs-heads-bot", "prod"]);
  expect(account.keys()).toHaveLength(3);
  expect(account.keys().some(({ name }) => name.includes("branch-gone"))).toBe(false);
});

it("does nothing when the branches cannot be listed", async () => {
  const { temporary, work } = example.project.folders;
  const before = example.account.keys();
  await git(work, "remote", "set-url", "origin", join(temporary, "no-such-remote.git"));
  const failed = await clean("--older-than", "0s", "--yes");
  expect(failed.exitCode).not.toBe(0);
  await git(temporary, "init", "--quiet", "--bare", join(temporary, "empty.git"));
  await git(work, "remote", "set-url", "origin", join(temporary, "empty.git"));
  const empty = await clean("--older-than", "0s", "--yes");
  expect(empty).toMatchObject({ exitCode: 1 });
  expect(empty.stderr).toContain("nothing was done");
  expect(example.account.keys()).toEqual(before);
  expect(await stackNames()).toEqual(["branch-feature-new-bot", "branch-refs-heads-bot", "prod"]);
});
