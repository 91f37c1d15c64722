import { readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { LIST, program, REMOVE } from "../engine/fixture";
import { mutations, useCli } from "./fixture";
import { outcomesByResource } from "./reports";
import { usePluginStacks } from "./pluginFixture";

const cli = useCli([{ name: "main" }, { name: "team" }]);
const plugin = usePluginStacks(cli);

it("`orphans` and `import` leave keys alone that a stack of the plugin has, reads or is making, on any account", async () => {
  await plugin.deploy("dev", (stack) => {
    const main = stack.provider(plugin.settings());
    const team = stack.provider(plugin.settings("team"), "team");
    const resources = [
      main,
      team,
      stack.key("own", plugin.madeKey("ci-own", main)),
      stack.external("read", plugin.madeKey("ci-read", main)),
      stack.key("of-team", plugin.madeKey("ci-of-team", team, "team")),
    ];
    plugin.madeKey("ci-making", main);
    plugin.madeKey("ci-importing", main);
    const { resource } = stack.creation("importing", main, {});
    return {
      resources,
      operations: [
        stack.creation("making", main, { __createdAs: "ci-making" }),
        { type: "importing", resource: { ...resource, importID: "ci-importing" } },
      ],
    };
  });
  for (const account of ["main", "team"]) cli.simulator.account(account).addKey({ name: "ci-free" });
  const making = { outcome: "unknown", why: expect.stringMatching(/^A run is creating a key named /) };
  const args = ["--name-prefix", "ci-"];
  const { orphans } = await cli.report(["orphans", ...args], { env: cli.accountEnv() });
  expect(orphans.toSorted((a, b) => (a.name < b.name ? -1 : 1))).toMatchObject([
    { name: "ci-free", outcome: "would-remove" },
    { name: "ci-importing", ...making },
    { name: "ci-making", ...making },
  ]);
  const imported = await cli.run(["import", ...args], { env: cli.accountEnv() });
  expect(imported.stdout).toMatch(/^Left out: Stack dev has key "ci-own" [^]*^1 key: ci-free$/m);
  expect(await readFile(join(cli.project.folders.work, "pulumi-import.json"), "utf8")).not.toMatch(
    /ci-(?:own|read|making|importing)/,
  );

  cli.takeRequests();
  const env = cli.accountEnv("team");
  const done = await cli.report(["orphans", ...args, "--remove", "--yes"], { env });
  expect(done).toMatchObject({ exitCode: 0, orphans: [{ name: "ci-free", outcome: "removed" }] });
  expect(mutations(cli.takeRequests())).toEqual([REMOVE]);
  expect(cli.names("team")).toEqual(["ci-of-team"]);
});

it("a dry run of `cleanup` asks the account of each key, and counts keys that the program only reads as kept", async () => {
  await plugin.deploy("dev", (stack) => {
    const [main, team] = [stack.provider(plugin.settings()), stack.provider(plugin.settings("team"), "team")];
    const resources = [
      main,
      team,
      stack.key("bot", plugin.madeKey("bot", main)),
      stack.key("of-team", plugin.madeKey("of-team", team, "team")),
      stack.external("read", plugin.madeKey("read", main)),
      ...stack.rotating("rotating", main),
    ];
    return { resources };
  });
  cli.takeRequests();
  const planned = await cli.report(["cleanup", "--stack", "dev"]);
  expect(planned).toMatchObject({ exitCode: 0, stacks: [{ outcome: "planned", otherResources: 2 }] });
  expect(outcomesByResource(planned.stacks[0]?.keys ?? [])).toEqual({
    bot: "would-remove",
    "of-team": "would-remove",
    read: "kept",
  });
  expect(cli.takeRequests()).toEqual([LIST, LIST]);
});

it("`cleanup` without the plugin fails, names the plugin, and loses no key; with the plugin it destroys the stack", async () => {
  await plugin.deploy("dev", (stack) => {
    const provider = stack.provider(plugin.settings());
    return { resources: [provider, stack.key("bot", plugin.madeKey("bot", provider))] };
  });
  cli.takeRequests();
  const executable = join(cli.project.folders.bin, "pulumi-resource-electronhub");
  await rename(executable, `${executable}.away`);
  const failed = await cli.report(["cleanup", "--stack", "dev", "--yes", "--remove-stack"]);
  expect(failed).toMatchObject({
    exitCode: 1,
    stacks: [
      {
        outcome: "failed",
        keys: [{ name: "bot", resource: "bot", outcome: "failed" }],
        problems: [{ why: expect.stringContaining("electronhub") }],
      },
    ],
  });
  expect(mutations(cli.takeRequests())).toEqual([]);
  expect([cli.names(), await cli.stackNames()]).toEqual([["bot"], ["dev"]]);

  await rename(`${executable}.away`, executable);
  const done = await cli.report(["cleanup", "--stack", "dev", "--yes", "--remove-stack"]);
  expect(done).toMatchObject({
    exitCode: 0,
    stacks: [
      { outcome: "removed", keys: [{ name: "bot", resource: "bot", outcome: "removed" }], problems: [] },
    ],
  });
  expect(mutations(cli.takeRequests())).toEqual([REMOVE]);
  expect([cli.names(), await cli.stackNames()]).toEqual([[], []]);
});

it("`recover` removes the key of a creation that the plugin began, and clears it, without the plugin", async () => {
  await plugin.deploy("dev", (stack) => {
    const provider = stack.provider(plugin.settings());
    const own = plugin.madeKey("own", provider);
    plugin.madeKey("lost-abcdefg", provider);
    return {
      resources: [provider, stack.key("own", own)],
      operations: [stack.creation("lost", provider, { __createdAs: "lost-abcdefg" })],
    };
  });
  const shown = await cli.report(["recover", "--stack", "dev"]);
  const lost = { name: "lost-abcdefg", resource: "lost" };
  expect(shown).toMatchObject({ exitCode: 0, keys: [{ ...lost, outcome: "would-remove" }], problems: [] });
  cli.takeRequests();
  const done = await cli.report(["recover", "--stack", "dev", "--yes"]);
  expect(done).toMatchObject({ exitCode: 0, keys: [{ ...lost, outcome: "removed" }], cleared: 1 });
  expect(mutations(cli.takeRequests())).toEqual([REMOVE]);
  expect(cli.names()).toEqual(["own"]);
  expect(await cli.project.pendingOperations("dev")).toEqual([]);
  expect((await cli.project.resources("dev", "electronhub:index:ProxyKey")).map(({ urn }) => urn)).toEqual([
    "urn:pulumi:dev::test::electronhub:index:ProxyKey::own",
  ]);
});

it("a stack that the plugin has taken over in part has the keys of both providers", async () => {
  await (await cli.stack("half", program({ old: { name: "ci-old" } }))).up();
  await plugin.deploy("half", (stack) => {
    const provider = stack.provider(plugin.settings());
    return { resources: [provider, stack.key("new", plugin.madeKey("ci-new", provider))] };
  });
  const planned = await cli.report(["cleanup", "--stack", "half"]);
  expect(planned).toMatchObject({ exitCode: 0, stacks: [{ otherResources: 0 }] });
  expect(outcomesByResource(planned.stacks[0]?.keys ?? [])).toEqual({
    old: "would-remove",
    new: "would-remove",
  });
  const args = ["orphans", "--name-prefix", "ci-", "--remove", "--yes"];
  expect(await cli.report(args, { env: cli.accountEnv() })).toMatchObject({ exitCode: 0, orphans: [] });
  expect(cli.names()).toEqual(["ci-new", "ci-old"]);
});
