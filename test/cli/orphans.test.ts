import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { afterAll, beforeAll, expect, it } from "vitest";
import { backendUrl } from "../support/engineEnvironment";
import { createEngineProject, type EngineProject } from "../support/engine";
import { declare, LIST, LOOKUP, program, REMOVE } from "../engine/fixture";
import { endProcesses } from "../support/processes";
import { ended, mutations, useCli } from "./fixture";
import { outcomes } from "./reports";

const cli = useCli();

/** Another project, in the same backend. */
let neighbour: EngineProject;
beforeAll(async () => {
  neighbour = await createEngineProject({ name: "neighbour", backendUrl: backendUrl(cli.project.folders) });
});
afterAll(() => neighbour.dispose());

const daysAgo = (days: number) => Math.floor(Date.now() / 1_000) - days * 86_400;

function orphans(...args: string[]) {
  return cli.report(["orphans", ...args], { env: cli.accountEnv() });
}

it("are the keys that no stack of the backend knows or is making; they go on demand, and nothing else does", async () => {
  const account = cli.simulator.account();
  const elsewhere = await neighbour.stack("prod", program({ far: { name: "far" } }), {
    config: cli.config(),
  });
  await elsewhere.up();
  await (await cli.stack("dev", program({ near: { name: "near" } }))).up();
  await cli.crashedUp("crashed", program({ made: {} }));
  const idleSince = daysAgo(40);
  const old = { createdAtUnixS: daysAgo(60), allocatedAmount: 5 };
  account.addKey({ name: "ci-unused", ...old });
  account.addKey({ name: "ci-idle", ...old, usedAmount: 2, lastUsedUnixS: idleSince });
  account.addKey({ name: "ci-busy", ...old, usedAmount: 2, lastUsedUnixS: daysAgo(3) });
  account.addKey({ name: "by-hand" });
  cli.takeRequests();

  const all = await orphans();
  expect(all).toMatchObject({
    command: "orphans",
    dryRun: true,
    exitCode: 1,
    stackCount: 3,
    creditsReturned: 0,
  });
  const made = cli.names().find((name) => name.startsWith("made-"));
  expect(all.orphans.find(({ name }) => name === made)).toMatchObject({
    outcome: "unknown",
    why: expect.stringMatching(/^A run is creating a key named /),
    nextStep: expect.stringMatching(/run `recover` on its stack/),
  });
  expect(
    all.orphans.flatMap(({ name, outcome }) => (outcome === "would-remove" ? name : [])).toSorted(),
  ).toEqual(["by-hand", "ci-busy", "ci-idle", "ci-unused"]);
  const idle = all.orphans.find(({ name }) => name === "ci-idle");
  expect(idle).toMatchObject({ resource: null, unusedCredits: 3, outcome: "would-remove" });
  expect(Date.parse(idle?.createdAt ?? "")).toBe(old.createdAtUnixS * 1_000);
  expect(Date.parse(idle?.lastUsedAt ?? "")).toBe(idleSince * 1_000);

  const text = await cli.run(["orphans", "--name-prefix", "ci-", "--unused-for", "30d", "--remove"], {
    env: cli.accountEnv(),
  });
  expect(text.exitCode).toBe(0);
  expect(text.stdout).toMatch(/^ci-unused +pk-[0-9a-f]{16} +60 d ago +never +5$/m);
  expect(text.stdout).toMatch(/^ci-idle +pk-[0-9a-f]{16} +60 d ago +40 d ago +3$/m);
  expect(text.stdout).toMatch(/^2 keys in none of 3 stacks of the backend, with 8 unused credits\.$/m);
  expect(text.stdout).toMatch(/^Dry run: nothing was changed; add --yes to remove them\.$/m);
  expect(cli.takeRequests()).toEqual([LIST, LIST]);

  // Some of the stacks know less than all of them do: that is for looking only.
  const some = await orphans("--stacks", "dev");
  expect(some.orphans.map(({ name }) => name)).toContain("far");
  expect(some.stackCount).toBe(1);

  const args = ["--stacks", "dev", "--name-prefix", "ci-", "--unused-for", "30d", "--remove", "--yes"];
  const { balance } = account;
  const done = await orphans(...args);
  expect(done).toMatchObject({ dryRun: false, exitCode: 0, stackCount: 3, creditsReturned: 8 });
  expect(outcomes(done.orphans)).toEqual({ "ci-unused": "removed", "ci-idle": "removed" });
  expect(account.balance).toBe(balance + 8);
  expect(cli.names()).toEqual(["by-hand", "ci-busy", "far", made, "near"]);
});

it("include keys that a killed run may have left: whether a stack has them is unknown, and none is removed", async () => {
  await (await cli.stack("anchor", program({ own: { name: "own" } }))).up();
  const { plugin, up, held } = await cli.upInFlight("lost", program({ bot: {} }));
  endProcesses(plugin);
  await up;
  held.remove();
  await ended(plugin);
  cli.takeRequests();
  const shown = await cli.run(["orphans"], { env: cli.accountEnv() });
  expect(shown.exitCode).toBe(1);
  expect(shown.stdout).toMatch(/^bot-\S+ +pk-.* unknown$/m);
  expect(shown.stdout).toMatch(/run `recover` on its stack/);
  expect(shown.stdout).not.toMatch(/No orphans/);
  const refused = await orphans("--name-prefix", "bot-", "--remove", "--yes");
  expect(refused).toMatchObject({ exitCode: 3, orphans: [{ outcome: "unknown" }], problems: [] });
  expect(mutations(cli.takeRequests())).toEqual([]);
});

it("are shown one per line, with any name and any age", async () => {
  const account = cli.simulator.account();
  account.addKey({ name: "bot\nprod  pk-0000000000000000", createdAtUnixS: 1e15, lastUsedUnixS: -1e15 });
  account.addKey({ name: "x\u202E\u001B[2K", createdAtUnixS: daysAgo(60) });
  await cli.project.pulumi(["stack", "init", "dev"]);
  const { exitCode, stdout } = await cli.run(["orphans"], { env: cli.accountEnv() });
  // No stack has a key of the account.
  expect(exitCode).toBe(1);
  expect(stdout).toMatch(
    /^bot prod {2}pk-0{16} +pk-[0-9a-f]{16} +\? +\? +\d+ +unknown\nx +pk-[0-9a-f]{16} +60 d ago/m,
  );
  const { orphans: reported } = await orphans();
  expect(reported).toMatchObject([
    { name: "bot\nprod  pk-0000000000000000", createdAt: null },
    { name: "x\u202E\u001B[2K" },
  ]);
});

it("that came into use in the meantime stay", async () => {
  const account = cli.simulator.account();
  await (await cli.stack("dev", program({ own: { name: "own" } }))).up();
  for (const name of ["ci-used-now", "ci-unused"]) account.addKey({ name, createdAtUnixS: daysAgo(60) });
  cli.takeRequests();
  const list = cli.simulator.inject({
    on: { method: "GET", path: "/auth/proxy" },
    hold: true,
    applied: true,
  });
  const args = ["orphans", "--name-prefix", "ci-", "--unused-for", "30d", "--remove", "--yes", "--json"];
  const running = cli.start(args, { env: cli.accountEnv() });
  await list.reached();
  account.spend("ci-used-now", 0.5);
  list.release();
  const { exitCode, stdout } = await running.done;
  expect(exitCode).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    orphans: [
      { name: "ci-used-now", outcome: "failed", why: expect.stringMatching(/^The key was used /) },
      { name: "ci-unused", outcome: "removed" },
    ],
  });
  expect(cli.takeRequests()).toEqual([LIST, LOOKUP, LOOKUP, REMOVE]);
  expect(cli.names()).toEqual(["ci-used-now", "own"]);
});

it("are unknown while the state of one stack cannot be read, and nothing is removed", async () => {
  cli.simulator.account().addKey({ name: "nobodys" });
  for (const stack of ["dev", "damaged"]) await cli.project.pulumi(["stack", "init", stack]);
  const file = join(cli.project.folders.backend, ".pulumi", "stacks", "test", "damaged.json");
  await writeFile(file, (await readFile(file, "utf8")).slice(0, 40));
  cli.takeRequests();
  for (const args of [["--name-prefix", "n", "--remove", "--yes"], []]) {
    const refused = await orphans(...args);
    expect(refused).toMatchObject({
      exitCode: 3,
      problems: [
        {
          why: expect.stringMatching(
            /^Pulumi cannot list the stacks, .* has truncated \S+ \(stack test\/damaged\)/,
          ),
          nextStep: expect.stringContaining("damaged.json.bak"),
        },
      ],
    });
  }
  expect(cli.takeRequests()).toEqual([]);
  expect(cli.names()).toEqual(["nobodys"]);
});

it("are not the keys that a run is making, even under a name that is a secret", async () => {
  const { held, up } = await cli.upInFlight("making", async () => {
    declare("hidden", { name: pulumi.secret("not to be seen"), budget: 10 });
  });
  const report = await orphans("--name-prefix", "not", "--remove", "--yes");
  held.remove();
  await up;
  expect(report.orphans).toEqual([]);
  expect(mutations(cli.takeRequests())).not.toContain(REMOVE);
  expect(cli.names()).toEqual(["not to be seen"]);
});
