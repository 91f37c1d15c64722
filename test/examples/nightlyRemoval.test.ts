import { mkdir, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { cacheFolder } from "../../provider/config";
import { runCommand, type CommandResult } from "../support/command";
import { REPOSITORY_ROOT } from "../support/engineEnvironment";
import { useExample } from "./fixture";

const example = useExample(() => import("../../examples/nightly-removal/index.ts"));

beforeAll(async () => {
  const bin = join(example.project.folders.work, "node_modules", ".bin");
  await mkdir(bin, { recursive: true });
  await symlink(join(REPOSITORY_ROOT, "dist", "cli", "main.js"), join(bin, "pulumi-electronhub"));
});

/** Runs the script itself, as the job does. */
function removeStopped(...args: string[]): Promise<CommandResult> {
  const script = join(REPOSITORY_ROOT, "examples", "nightly-removal", "removeStoppedKeys.sh");
  const { account, project, simulator } = example;
  return runCommand(script, args, {
    cwd: project.folders.work,
    env: {
      ...project.env,
      ELECTRONHUB_API_KEY: account.apiKey,
      ELECTRONHUB_BASE_URL: simulator.baseUrl,
    },
  });
}

const daysAgo = (days: number) => Math.floor(Date.now() / 1_000) - days * 86_400;

it("removes disabled and expired keys of no stack, and keeps one that was enabled again", async () => {
  const { account, project } = example;
  const keyOf = async (ticket: string) => {
    const up = await (await example.stack(ticket)).up();
    return String(up.outputs["key"]?.value);
  };
  const [ended, runs] = [await keyOf("ops-1"), await keyOf("ops-2")];
  const key = (await project.resources("ops-1")).find(({ type }) => type.endsWith(":ProxyKey"));
  expect(key?.outputs?.["labels"]).toEqual({ owner: "platform", purpose: "trial", ticket: "ops-1" });
  expect(await project.destroy("ops-1")).toMatchObject({ exitCode: 0 });
  expect(account.keys().map(({ isActive }) => isActive)).toEqual([false, true]);

  // Days later, this machine's creations are not recent any more.
  await rm(cacheFolder("creations", { XDG_CACHE_HOME: project.folders.cache }), { recursive: true });
  const old = { createdAtUnixS: daysAgo(40) };
  account.updateKey(ended, { ...old, lastUsedUnixS: daysAgo(3) });
  const { key: again } = account.addKey({ name: "trial-again", ...old });
  const { key: expired } = account.addKey({ name: "trial-expired", ...old });
  account.updateKey(expired, { expiresAtUnixS: daysAgo(10) });

  const left = () => account.keys().map(({ key: secret }) => secret);
  const shown = await removeStopped("trial-");
  expect(shown).toMatchObject({ exitCode: 0 });
  expect(shown.stdout).toMatch(/^trial-ops-1-.* disabled$/m);
  expect(shown.stdout).toMatch(/^trial-expired .* expired$/m);
  expect(shown.stdout).not.toMatch(/ops-2|again/);
  expect(left()).toEqual([ended, runs, again, expired]);

  expect(await removeStopped("trial-", "--yes")).toMatchObject({ exitCode: 0 });
  expect(left()).toEqual([runs, again]);
}, 240_000);

it("needs the prefix", async () => {
  for (const args of [[], [""], ["--yes"]]) {
    expect(await removeStopped(...args)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("usage:"),
    });
  }
});
