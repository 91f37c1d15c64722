import { expect, it, vi } from "vitest";
import { CREATE, REMOVE, UPDATE } from "../engine/fixture";
import { useCli } from "./fixture";
import { useReadme } from "./readmeCommands";

/** The example's list, and the commands of its README. */

type Teams = Record<string, { budget: number } | undefined>;

const cli = useCli();
const readme = useReadme(cli, "team-keys", () => import("../../examples/team-keys/index.ts"));

vi.setConfig({ testTimeout: 300_000 });

const LIST = "../../examples/team-keys/teams";

const keysOf = () => cli.simulator.account().keys();
const keys = () => keysOf().map(({ key }) => key);
const teamOf = (generatedName: string) => generatedName.replace(/-[a-z2-7]{7}$/, "");
const keyOf = (team: string) => keysOf().find(({ name }) => teamOf(name) === team)?.key;
const budgets = () =>
  Object.fromEntries(keysOf().map(({ name, allocatedAmount }) => [teamOf(name), allocatedAmount]));

it("makes a key for each team of the list, and its commands select by label", async () => {
  const config = { ...cli.config(), "electronhub:auditLog": { value: "audit.jsonl" } };
  const stack = await cli.stack("trial", readme.program, { config });
  await stack.setConfig({ purpose: { value: "trial" } });
  const { outputs } = await stack.up();
  expect(budgets()).toEqual({ search: 0.05, support: 0.1 });
  const [search, support] = ["search", "support"].map(keyOf);
  expect(outputs["keys"]).toEqual({ value: { search, support }, secret: true });
  cli.takeRequests();

  const { teams } = await vi.importActual<{ teams: Teams }>(LIST);
  const upWith = async (list: Teams) => {
    vi.doMock(LIST, () => ({ teams: list }));
    await stack.up();
    return cli.takeRequests();
  };
  // The window of a key is set by a second request.
  expect(await upWith({ sales: { budget: 0.02 }, ...teams })).toEqual([CREATE, UPDATE]);
  expect(budgets()).toEqual({ sales: 0.02, search: 0.05, support: 0.1 });
  expect(await upWith({ support: { budget: 0.2 }, search: teams["search"] })).toEqual([UPDATE, REMOVE]);
  expect(budgets()).toEqual({ search: 0.05, support: 0.2 });
  expect([keyOf("search"), keyOf("support")]).toEqual([search, support]);
  await cli.expectNoChange(stack);
  vi.doUnmock(LIST);

  await (await cli.stack("lost", readme.program, { config })).up();
  await cli.project.pulumi(["stack", "rm", "--force", "--yes", "--stack", "lost"]);
  await cli.forgetCreations();
  const made = keysOf().slice(2);
  const lostSupport = made.find(({ name }) => teamOf(name) === "support")?.key;
  const variable = readme.blockWith("pulumi stack init").match(/^export \S+/m)?.[0];
  const output = await readme.bash(`${variable}\n${readme.blockWith("orphans --label owner=search")}`);
  expect(output).toContain("owner=search purpose=production");
  // Keys that are created at once are in no order.
  expect(new Set(keys())).toEqual(new Set([search, support, lostSupport]));

  await readme.bash(readme.blockWith("revoke --label owner=support"));
  expect(new Set(keys())).toEqual(new Set([search, lostSupport]));

  await readme.bash(readme.blockWith("cleanup --stack '*' --label purpose=trial"));
  expect(keys()).toEqual([lostSupport]);
  expect(await cli.stackNames()).toEqual([]);
});
