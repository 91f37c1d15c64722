import { expect, it } from "vitest";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { program } from "../engine/fixture";
import { mutations, useCli } from "./fixture";
import { outcomes, stacksOf } from "./reports";
import { usePluginStacks } from "./pluginFixture";

const cli = useCli();
const plugin = usePluginStacks(cli);

const PROBLEM = {
  why: expect.stringMatching(
    /^Stack (?:organization\/test\/)?newer \(electronhub:index:Team\) has resource types that pulumi-electronhub \S+ does not know, /,
  ),
  nextStep: expect.stringMatching(/^Update pulumi-electronhub, /),
};

/** A stack of a later version of this package, with a key that this version knows, and perhaps with others. */
async function newerStack(): Promise<void> {
  await plugin.deploy("newer", (stack) => {
    const provider = stack.provider(plugin.settings());
    const own = stack.key("own", plugin.madeKey("ci-own", provider));
    plugin.madeKey("ci-of-team", provider);
    return { resources: [provider, own, stack.other("electronhub:index:Team", "team", provider)] };
  });
  cli.takeRequests();
}

it("a state with a type that this version does not know lets no command remove or import a key because no state has it", async () => {
  await newerStack();
  const env = cli.accountEnv();
  const args = ["orphans", "--name-prefix", "ci-"];
  const orphans = [{ name: "ci-of-team", outcome: "unknown" }];
  expect(await cli.report(args, { env })).toMatchObject({ exitCode: 1, orphans, problems: [PROBLEM] });
  const text = await cli.run(args, { env });
  expect(text.stdout).toContain("electronhub:index:Team");
  expect(text.stdout).not.toContain("--yes");
  expect(await cli.report([...args, "--remove", "--yes"], { env })).toMatchObject({
    exitCode: 3,
    orphans,
    problems: [PROBLEM],
  });
  const refused = await cli.run(["import", "--out", "unknown.json"], { env });
  expect(refused).toMatchObject({ exitCode: 3, stdout: "", stderr: expect.stringContaining("Update") });
  expect(existsSync(join(cli.project.folders.work, "unknown.json"))).toBe(false);
  expect(mutations(cli.takeRequests())).toEqual([]);
  expect(cli.names()).toEqual(["ci-of-team", "ci-own"]);
});

it("such a stack is neither cleaned up nor recovered, and a dry run says so; other stacks are cleaned up", async () => {
  await newerStack();
  for (const yes of [[], ["--yes"]]) {
    const recovered = await cli.report(["recover", "--stack", "newer", ...yes]);
    expect(recovered).toMatchObject({ exitCode: 3, problems: [PROBLEM] });
    const cleaned = await cli.report(["cleanup", "--stack", "newer", ...yes]);
    expect(cleaned).toMatchObject({
      exitCode: 3,
      stacks: [{ outcome: "refused", keys: [], problems: [PROBLEM] }],
    });
  }
  expect(cli.takeRequests()).toEqual([]);
  await (await cli.stack("older", program({ bot: { name: "bot" } }))).up();
  const both = await cli.report(["cleanup", "--stack", "*", "--yes"]);
  expect(both.exitCode).toBe(1);
  expect(stacksOf(both)).toEqual({ newer: "refused", older: "cleaned" });
  expect(cli.names()).toEqual(["ci-of-team", "ci-own"]);
});

it("a lost key of another stack is left alone, since such a state may have it", async () => {
  await newerStack();
  await plugin.deploy("crashed", (stack) => {
    const provider = stack.provider(plugin.settings());
    const own = stack.key("bot", plugin.madeKey("bot", provider));
    plugin.madeKey("lost-abcdefg", provider);
    const creation = stack.creation("lost", provider, { __createdAs: "lost-abcdefg" });
    return { resources: [provider, own], operations: [creation] };
  });
  const names = cli.names();
  for (const yes of [[], ["--yes"]]) {
    const recovered = await cli.report(["recover", "--stack", "crashed", ...yes]);
    expect(recovered).toMatchObject({ exitCode: 3, problems: [PROBLEM] });
    const cleaned = await cli.report(["cleanup", "--stack", "crashed", ...yes]);
    expect(cleaned).toMatchObject({ exitCode: 3, stacks: [{ outcome: "refused", problems: [PROBLEM] }] });
    expect(outcomes(cleaned.stacks[0]?.keys ?? [])).toEqual(yes.length === 0 ? { bot: "unknown" } : {});
  }
  expect(mutations(cli.takeRequests())).toEqual([]);
  expect(cli.names()).toEqual(names);
  expect(await cli.project.pendingOperations("crashed")).toHaveLength(1);
});
