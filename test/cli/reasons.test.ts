import { expect, it, vi } from "vitest";
import { CREATE, REMOVE } from "../engine/fixture";
import { useCli } from "./fixture";
import { useReadme } from "./readmeCommands";

/** The example's commands for each reason to remove a key. */

const cli = useCli();
const readme = useReadme(cli, "incident", () => import("../../examples/incident/index.ts"));

vi.setConfig({ testTimeout: 300_000 });

const keysOf = () => cli.simulator.account().keys();
const nameOf = (resource: string) => expect.stringMatching(`^${resource}-`);
const keyOf = (resource: string) => keysOf().find(({ name }) => name.startsWith(`${resource}-`));
const isActive = (resource: string) => keyOf(resource)?.isActive;

async function up(name: string): Promise<void> {
  await (await cli.stack(name, readme.program)).up();
  cli.takeRequests();
}

it("a security incident: the leaked key is removed, and its stack gets a new one", async () => {
  await up("prod");
  const rehearsal = readme.blockWith("stack output searchKey").split("\n");
  await readme.bash(rehearsal.find((line) => line.startsWith("pulumi stack output")) ?? "exit 1");
  const [search, support] = [keyOf("search"), keyOf("support")];
  const output = await readme.bash(readme.blockWith("pulumi up --refresh --yes --stack prod"));
  expect(output).toContain("pulumi up --refresh --stack prod");
  expect(keysOf()).toHaveLength(2);
  expect(keyOf("support")?.key).toBe(support?.key);
  expect(keyOf("search")?.key).toMatch(/^ek-proxy-/);
  expect(keyOf("search")?.key).not.toBe(search?.key);
});

it("a complete project: its keys and its stack are removed", async () => {
  await up("pr-42");
  await readme.bash(readme.blockWith("cleanup --stack pr-42"));
  expect(keysOf()).toEqual([]);
  expect(await cli.stackNames()).not.toContain("pr-42");
});

it("a team that changes: its keys are disabled first, and can be enabled again", async () => {
  await up("team");
  const commands = readme.blockWith("revoke --label owner=team-a --yes");
  const [disable = "", remove = ""] = commands.trim().split("\n");
  await readme.bash(disable);
  expect([isActive("search"), isActive("support")]).toEqual([false, true]);
  await readme.bash("pulumi up --refresh --yes --stack team");
  expect([isActive("search"), isActive("support")]).toEqual([true, true]);
  await readme.bash(remove);
  expect(keysOf()).toMatchObject([{ name: nameOf("support") }]);
});

it("a rotation: the new keys are there before the old ones go", async () => {
  await up("prod");
  const before = keysOf();
  await readme.bash(readme.blockWith("keyGeneration 2"));
  expect(keysOf()).toHaveLength(2);
  expect(keysOf().filter(({ key }) => before.some((old) => old.key === key))).toEqual([]);
  expect(cli.takeRequests()).toEqual([CREATE, CREATE, REMOVE, REMOVE]);
});
