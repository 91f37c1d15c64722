import { expect, it } from "vitest";
import type { OutsideChange } from "../../provider/testing";
import { LIST, LOOKUP, program, REMOVE } from "../engine/fixture";
import { useCli } from "./fixture";
import { outcomes, type Report } from "./reports";

const cli = useCli();

const daysAgo = (days: number) => Math.floor(Date.now() / 1_000) - days * 86_400;

/** A stack's own key, so that the backend is that of the account, and keys of no stack. */
async function addKeys(keys: Readonly<Record<string, OutsideChange>>): Promise<void> {
  const account = cli.simulator.account();
  await (await cli.stack("dev", program({ own: { name: "own" } }))).up();
  for (const [name, change] of Object.entries(keys)) {
    account.addKey({ name, createdAtUnixS: daysAgo(60) });
    account.updateKey(name, change);
  }
  cli.takeRequests();
}

const orphans = (...args: string[]) => cli.report(["orphans", ...args], { env: cli.accountEnv() });
const REMOVAL = ["--name-prefix", "ci-", "--remove", "--yes"];

it("orphans that are disabled or expired are listed and removed alone, and the options narrow each other", async () => {
  const expired = { expiresAtUnixS: daysAgo(1) };
  await addKeys({
    "ci-disabled": { isActive: false },
    "ci-expired": expired,
    "ci-both": { isActive: false, ...expired },
    "ci-both-used": { isActive: false, ...expired, lastUsedUnixS: daysAgo(1) },
    "ci-works": { expiresAtUnixS: daysAgo(-1) },
    "other-disabled": { isActive: false },
  });
  const named = async (...args: string[]) =>
    (await orphans(...args)).orphans.map(({ name }) => name).toSorted();
  expect(await named("--disabled")).toEqual(["ci-both", "ci-both-used", "ci-disabled", "other-disabled"]);
  expect(await named("--expired")).toEqual(["ci-both", "ci-both-used", "ci-expired"]);
  expect(await named("--expired", "--disabled", "--unused-for", "48h")).toEqual(["ci-both"]);
  expect(await orphans("--disabled", "--expired", "--remove", "--yes")).toMatchObject({ exitCode: 2 });

  const { stdout } = await cli.run(["orphans"], { env: cli.accountEnv() });
  expect(stdout).toMatch(/^ci-both +pk-\S+ +60 d ago +never +\S+ +disabled, expired$/m);
  expect(stdout).toMatch(/^ci-works +pk-\S+ +60 d ago +never +\S+$/m);

  cli.takeRequests();
  const done = await orphans("--disabled", "--unused-for", "48h", ...REMOVAL);
  expect(done).toMatchObject({ exitCode: 0, dryRun: false });
  expect(outcomes(done.orphans)).toEqual({ "ci-disabled": "removed", "ci-both": "removed" });
  expect(cli.takeRequests()).toEqual([LIST, LOOKUP, REMOVE, LOOKUP, REMOVE]);
  expect(outcomes((await orphans("--expired", ...REMOVAL)).orphans)).toEqual({
    "ci-expired": "removed",
    "ci-both-used": "removed",
  });
  expect(cli.names()).toEqual(["ci-works", "other-disabled", "own"]);
});

it.each<[string, OutsideChange, OutsideChange, RegExp]>([
  [
    "--disabled",
    { isActive: false },
    { isActive: true },
    /is kept: it was enabled again after it was listed\.$/,
  ],
  [
    "--expired",
    { expiresAtUnixS: daysAgo(1) },
    { expiresAtUnixS: daysAgo(-1) },
    /is kept: its expiry was changed after it was listed, and it expires at \S+Z now\.$/,
  ],
])("orphans %s that work again by the time of their removal are kept", async (option, before, after, why) => {
  await addKeys({ "ci-again": before, "ci-stopped": before });
  const list = cli.simulator.inject({
    on: { method: "GET", path: "/auth/proxy" },
    hold: true,
    applied: true,
  });
  const running = cli.start(["orphans", option, ...REMOVAL, "--json"], { env: cli.accountEnv() });
  await list.reached();
  cli.simulator.account().updateKey("ci-again", after);
  list.release();
  const { exitCode, stdout } = await running.done;
  const { orphans: reported } = JSON.parse(stdout) as Report;
  expect({ exitCode, outcomes: outcomes(reported) }).toEqual({
    exitCode: 0,
    outcomes: { "ci-again": "kept", "ci-stopped": "removed" },
  });
  expect(reported.find(({ name }) => name === "ci-again")?.why).toMatch(why);
  expect(cli.takeRequests()).toEqual([LIST, LOOKUP, LOOKUP, REMOVE]);
  expect(cli.names()).toEqual(["ci-again", "own"]);
});

it("no key counts as expired or unused while the responses have no date", async () => {
  await addKeys({ "ci-expired": { expiresAtUnixS: daysAgo(1) } });
  const listed = cli.simulator
    .account()
    .keys()
    .map((key) => ({
      name: key.name,
      key: key.key,
      allocated_ammount: key.allocatedAmount,
      expires_at: key.expiresAtUnixS,
      is_active: key.isActive,
      last_used: null,
      created_at: daysAgo(60),
    }));
  cli.simulator.inject({
    on: { method: "GET", path: "/auth/proxy" },
    status: 200,
    headers: { date: "unknown" },
    body: listed,
  });
  const report = await orphans("--expired", "--unused-for", "48h", ...REMOVAL);
  expect(report).toMatchObject({
    exitCode: 3,
    orphans: [],
    problems: [
      { why: "The API's responses have no date, so no key counts as unused." },
      {
        why: "The API's responses have no date, so no key counts as expired.",
        nextStep: "Leave out --expired, or check any proxy between here and the API.",
      },
    ],
  });
  expect(cli.names()).toEqual(["ci-expired", "own"]);
});
