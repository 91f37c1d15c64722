import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { cacheFolder } from "../../provider/config";
import { declare, program, urnOf } from "../engine/fixture";
import { useCli } from "./fixture";
import { outcomes } from "./reports";

const cli = useCli();

it("a stack that is named like an option is removed, and the selected one stays", async () => {
  await (await cli.stack("prod", program({ live: { name: "live" } }))).up();
  expect((await cli.project.pulumi(["stack", "init", "--stack=-f", "--no-select"])).exitCode).toBe(0);
  await (await cli.stack("-f", program({ spare: { name: "spare" } }))).up();
  expect((await cli.project.pulumi(["stack", "select", "--stack", "prod"])).exitCode).toBe(0);
  const report = await cli.report(["cleanup", "--stack", "*", "--yes", "--remove-stack"]);
  expect(report).toMatchObject({ exitCode: 0, stacks: [{ stack: "-f", outcome: "removed" }] });
  expect(await cli.stackNames()).toEqual(["prod"]);
  expect(cli.names()).toEqual(["live"]);
});

it("a key that a destroy would only drop from the state (deletedWith) is refused, with the command that removes it", async () => {
  const stack = await cli.stack("drops", async () => {
    const first = declare("first", { name: "first", budget: 1 });
    declare("second", { name: "second", budget: 1 }, { dependsOn: [first] });
  });
  await stack.up();
  await cli.editCheckpoint("drops", ({ resources }) => {
    for (const resource of resources)
      if (String(resource["urn"]).endsWith("::second"))
        resource["deletedWith"] = urnOf(cli, "drops", "first");
  });
  for (const yes of [[], ["--yes"]])
    expect(await cli.report(["cleanup", "--stack", "drops", ...yes])).toMatchObject({
      exitCode: 3,
      stacks: [{ outcome: "refused", problems: [{ why: expect.stringContaining("deletedWith (second)") }] }],
    });
  expect(cli.names()).toEqual(["first", "second"]);
  const { stdout } = await cli.run(["cleanup", "--stack", "drops", "--yes"]);
  const words = /`pulumi (destroy [^`]+)`/.exec(stdout.replaceAll(/\s+/g, " "))?.[1] ?? "";
  const command = words.replaceAll("'", "").split(" ");
  expect(await cli.project.pulumi([...command, "--yes", "--skip-preview"])).toMatchObject({ exitCode: 0 });
  expect(cli.names()).toEqual(["first"]);
  const { exitCode, stacks } = await cli.report(["cleanup", "--stack", "drops", "--yes"]);
  expect({ exitCode, keys: outcomes(stacks[0]?.keys ?? []) }).toEqual({
    exitCode: 0,
    keys: { first: "removed" },
  });
});

it.each(["retainOnDelete", "disable"] as const)(
  "a key that the stack has let go of (%s) stays, although the clock was ahead when it was created",
  async (how) => {
    const stack = await cli.stack(how, async () => {
      const onDestroy = how === "disable" ? { onDestroy: "disable" as const } : {};
      declare(
        "kept",
        { name: "kept", budget: 1, ...onDestroy },
        { retainOnDelete: how === "retainOnDelete" },
      );
    });
    await stack.up();
    const folder = cacheFolder("creations", { XDG_CACHE_HOME: cli.project.folders.cache });
    for (const name of await readdir(folder)) {
      const text = await readFile(join(folder, name), "utf8");
      const ahead = text.replaceAll(/"startedMs":(\d+)/g, (_, ms) => `"startedMs":${Number(ms) + 3_600_000}`);
      expect(ahead).not.toBe(text);
      await writeFile(join(folder, name), ahead);
    }
    expect((await cli.project.destroy(how)).exitCode).toBe(0);
    const report = await cli.report(["cleanup", "--stack", how, "--yes", "--remove-stack"]);
    expect(report).toMatchObject({
      exitCode: 3,
      stacks: [
        { keys: [], problems: [{ why: expect.stringMatching(/^Key "kept" .* on purpose is unknown/) }] },
      ],
    });
    expect(cli.names()).toEqual(["kept"]);
  },
);
