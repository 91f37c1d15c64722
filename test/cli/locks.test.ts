import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CREATE, declare, program } from "../engine/fixture";
import { createEngineProject } from "../support/engine";
import { mutations, useCli } from "./fixture";

const cli = useCli();

const COMMANDS = [
  ["recover", "--stack", "dev", "--yes"],
  ["recover", "--stack", "dev", "--yes"],
  ["cleanup", "--stack", "dev", "--yes"],
];

describe("the lock of a run", () => {
  it("that goes on keeps every command away", async () => {
    const { held, up, engine } = await cli.upInFlight(
      "dev",
      async () => {
        // An account that has answered before keeps no other request waiting.
        const quick = declare("quick", { budget: 10 });
        declare("slow", { budget: 10 }, { dependsOn: quick });
      },
      { on: { keyName: /^slow-/ } },
    );
    for (const command of COMMANDS) {
      const refused = await cli.report(command);
      expect(refused.exitCode, command.join(" ")).toBe(3);
      const { problems } = refused.stacks?.[0] ?? refused;
      expect(problems).toEqual([
        {
          why: expect.stringMatching(
            new RegExp(`^Stack dev is locked by \\S+@\\S+ \\(pid ${engine.pid}\\) since `),
          ),
          nextStep: expect.stringMatching(/Wait for that run to end/),
        },
      ]);
    }
    // A dry run looks at no lock: it also shows what the run is just making.
    const shown = await cli.report(["cleanup"]);
    expect(shown).toMatchObject({
      dryRun: true,
      exitCode: 0,
      stacks: [{ outcome: "planned", problems: [] }],
    });
    expect(shown.stacks[0]?.keys).toContainEqual(
      expect.objectContaining({ resource: "quick", outcome: "would-remove" }),
    );
    expect(mutations(cli.takeRequests())).toEqual([CREATE, CREATE]);
    held.remove();
    await up;
    expect(Object.keys(await cli.keysInState("dev")).toSorted()).toEqual(["quick", "slow"]);
    expect(cli.names()).toEqual([expect.stringMatching(/^quick-/), expect.stringMatching(/^slow-/)]);
  });

  it("in a backend that keeps none, as Pulumi's own service, is what it says of updates in progress", async () => {
    for (const stack of ["dev", "idle"]) await cli.project.pulumi(["stack", "init", stack]);
    const env = await cli.withPulumi(`case "$*" in
      whoami*) echo '{"user":"ann","url":"https://api.pulumi.com"}'; exit;;
      "stack ls"*) "$PULUMI" "$@" | sed 's#"name": ".*dev",#&"updateInProgress": true,#'; exit;;
      *rename*) echo "error: it must not be asked" >&2; exit 255;;
    esac`);
    const busy = await cli.report(["cleanup", "--stack", "*", "--yes", "--remove-stack"], { env });
    expect(busy.stacks).toMatchObject([
      {
        stack: "organization/test/dev",
        outcome: "busy",
        problems: [{ why: "Stack organization/test/dev is locked by an update that is in progress." }],
      },
      { stack: "organization/test/idle", outcome: "removed", problems: [] },
    ]);
    expect([busy.exitCode, await cli.stackNames()]).toEqual([1, ["dev"]]);
  });

  it.each([
    ["?prefix=", "buckets?prefix=team/", "buckets"],
    ["# in its path", "c#/state", "c"],
  ])("keeps `recover` away in a folder's backend with %s", async (_, tail, folder) => {
    const { root } = cli.project.folders;
    for (const path of [folder, tail.replace(/\?.*/, "")]) await mkdir(join(root, path), { recursive: true });
    const odd = await createEngineProject({ name: "odd", backendUrl: `file://${join(root, tail)}` });
    try {
      const stack = await odd.stack("prod", program({ bot: {} }), { config: cli.config() });
      const held = cli.simulator.inject({ on: { path: "/auth/proxy/create" }, hold: true, applied: true });
      const up = stack.up();
      await held.reached();
      const made = cli.names();
      const env = { ...odd.env, XDG_CACHE_HOME: join(odd.folders.root, "another-machine") };
      const refused = await cli.run(["recover", "--stack", "prod", "--yes"], { cwd: odd.folders.work, env });
      expect(refused).toMatchObject({ exitCode: 3 });
      expect(refused.output).toMatch(/Stack prod is locked by \S+@\S+ \(pid \d+\)/);
      expect(cli.names()).toEqual(made);
      held.release();
      await up;
    } finally {
      await odd.dispose();
    }
  });

  it("counts, although no process here has its id, and its clock is years behind", async () => {
    const { held, up, engine } = await cli.upInFlight("dev", program({ slow: { name: "slow" } }));
    await cli.editLocks("dev", { pid: 999_999_999, timestamp: new Date(0).toISOString() });
    for (const age of [[], ["--break-locks-older-than", "1h"]]) {
      const refused = await cli.report(["cleanup", "--stack", "dev", "--yes", ...age]);
      expect(refused).toMatchObject({ exitCode: 3, stacks: [{ outcome: "busy" }] });
    }
    await cli.editLocks("dev", { pid: engine.pid });
    held.remove();
    await up;
    expect(cli.names()).toEqual(["slow"]);
  });

  it("stays although it looks old, because this machine's clock is ahead", async () => {
    const { held, up } = await cli.upInFlight("busy", program({ slow: { name: "slow" } }));
    const takenMs = Date.now() - 7_200_000;
    await cli.editLocks("busy", { timestamp: new Date(takenMs).toISOString() }, takenMs);
    const headers = { date: new Date(takenMs + 60_000).toUTCString() };
    cli.simulator.inject({ on: { path: "/auth/proxy" }, times: Infinity, status: 200, body: [], headers });
    const age = ["--break-locks-older-than", "1h"];
    const refused = await cli.report(["recover", "--stack", "busy", "--yes", ...age], {
      env: cli.accountEnv(),
    });
    expect(refused).toMatchObject({ exitCode: 3 });
    expect(refused.problems[0]?.why).toMatch(/: this machine's clock is .* ahead of the API's\.$/);
    held.remove();
    await up;
    expect(cli.names()).toEqual(["slow"]);
  });

  it("that is left goes when it is older than the user says, by its time and by its file", async () => {
    await cli.crashedUp("left", program({ bot: {} }), { known: false });
    const recover = ["recover", "--stack", "left", "--yes"];
    const hoursAgo = Date.now() - 7_200_000;
    await cli.editLocks("left", { hostname: "elsewhere", timestamp: new Date(hoursAgo).toISOString() });
    const refused = await cli.run([...recover, "--break-locks-older-than", "1h"]);
    expect(refused).toMatchObject({ exitCode: 3 });
    expect(refused.output).toMatch(/locked by \S+@elsewhere \(pid \d+\)/);
    expect(refused.output).toMatch(/`pulumi cancel --stack left`.*--break-locks-older-than 6h`/);
    await cli.editLocks("left", {}, hoursAgo);
    expect(await cli.run(recover)).toMatchObject({ exitCode: 3 });
    expect(mutations(cli.takeRequests())).toEqual([]);
    expect(cli.names()).toHaveLength(1);

    const done = await cli.run([...recover, "--break-locks-older-than", "1h"]);
    expect(done).toMatchObject({ exitCode: 0 });
    expect(done.stderr).toMatch(/breaking a lock: \S+@elsewhere \(pid \d+\) since \S+, 2 h( 1 min)? ago/);
    expect(cli.names()).toEqual([]);
  });
});
