import { expect, it } from "vitest";
import { CREATE, program } from "../engine/fixture";
import { endProcesses } from "../support/processes";
import { ended, mutations, useCli } from "./fixture";
import type { Report } from "./reports";

const cli = useCli();

it("of two cleanups of one stack one does it, and the other names the holder of the lock and the next step", async () => {
  await (await cli.stack("contested", program({ one: {}, two: {} }))).up();
  const held = cli.simulator.inject({ on: { path: "/auth/proxy/remove" }, hold: true, times: Infinity });
  const winner = cli.start(["cleanup", "--stack", "contested", "--yes", "--remove-stack"]);
  await held.reached();
  const loser = await cli.report(["cleanup", "--stack", "*", "--yes", "--break-locks-older-than", "10m"]);
  expect(loser).toMatchObject({ exitCode: 3, stacks: [{ outcome: "busy" }] });
  const { why, nextStep } = loser.stacks[0]?.problems[0] ?? {};
  expect(why).toMatch(/^Stack contested is locked by \S+@\S+ \(pid \d+\) since \S+Z, \d+ s ago\.$/);
  expect(nextStep).toContain("`pulumi cancel --stack contested`");
  expect(nextStep).toMatch(
    /`npx pulumi-electronhub cleanup --stack '\*' --yes --json .*--break-locks-older-than 6h`/,
  );
  expect(nextStep?.match(/--break-locks-older-than/g)).toHaveLength(1);
  held.remove();
  expect(await winner.done).toMatchObject({ exitCode: 0 });
  expect(cli.names()).toEqual([]);
  expect(await cli.stackNames()).toEqual([]);
});

it.each<[string, string[], number, string, string[]]>([
  ["leaves it alone with --older-than", ["--older-than", "7d"], 0, "too-young", []],
  ["begins again with its new state", [], 0, "cleaned", ["one", "two"]],
])("a cleanup whose stack is updated while it waits %s", async (_, options, exitCode, outcome, removed) => {
  await (await cli.stack("used", program({ one: { name: "one" } }))).up();
  await cli.editCheckpoint("used", (latest) => {
    latest.manifest.time = new Date(Date.now() - 30 * 86_400_000).toISOString();
  });
  const list = cli.simulator.inject({ on: { path: "/auth/proxy", method: "GET" }, hold: true });
  const running = cli.start(["cleanup", "--stack", "used", ...options, "--yes", "--json"]);
  await list.reached();
  await (await cli.stack("used", program({ one: { name: "one" }, two: { name: "two" } }))).up();
  list.release();
  const { stacks, ...done } = JSON.parse((await running.done).stdout) as Report;
  expect([done.exitCode, stacks[0]?.outcome, stacks[0]?.problems]).toEqual([exitCode, outcome, []]);
  expect(stacks[0]?.keys.map(({ name }) => name).toSorted()).toEqual(removed);
  expect(cli.names()).toEqual(["one", "two"].filter((name) => !removed.includes(name)));
});

it("of two cleanups that break one lock at once, one loses the engine's lock, and changes nothing", async () => {
  await cli.crashedUp("contested", program({ one: {} }), { applied: false });
  await (await cli.stack("other", program({ two: {} }))).up();
  const before = cli.names();
  const lock = `${cli.project.folders.backend}/.pulumi/locks/organization/${cli.project.name}/contested`;
  // The other one is quicker by a moment: the lock is there when the engine starts.
  const env = await cli.withPulumi(`case "$*" in
    destroy*|*" destroy "*) mkdir -p "${lock}" && cat > "${lock}/other.json" <<END
{"pid":7,"username":"ann","hostname":"elsewhere","timestamp":"$(date -u +%Y-%m-%dT%H:%M:%SZ)"}
END
    ;;
  esac`);
  await cli.editCheckpoint("contested", (latest) => void (latest.pending_operations = []));
  await cli.forgetCreations();
  const lost = await cli.report(["cleanup", "--stack", "contested", "--yes"], { env });
  expect(lost).toMatchObject({
    exitCode: 3,
    stacks: [
      {
        outcome: "busy",
        problems: [
          { why: expect.stringMatching(/ was locked in the meantime by ann@elsewhere \(pid 7\) since /) },
        ],
      },
    ],
  });
  expect(mutations(cli.takeRequests())).toEqual([CREATE]);
  expect(cli.names()).toEqual(before);
  const done = await cli.report(["cleanup", "--stack", "contested", "--yes", "--remove-stack"]);
  expect(done).toMatchObject({ exitCode: 0 });
});

it("a cleanup whose process was killed leaves a lock that goes only at the user's word", async () => {
  await (await cli.stack("killed", program({ one: {}, two: {} }))).up();
  const held = cli.simulator.inject({ on: { path: "/auth/proxy/remove" }, hold: true });
  const first = cli.start(["cleanup", "--stack", "killed", "--yes"]);
  await held.reached();
  const engine = first.descendants();
  first.kill("SIGKILL");
  endProcesses(engine);
  await first.done;
  await ended(engine);
  held.remove();
  const again = ["cleanup", "--stack", "killed", "--yes", "--remove-stack"];
  expect(await cli.run(again)).toMatchObject({ exitCode: 3 });
  const done = await cli.run([...again, "--break-locks-older-than", "0s"]);
  expect(done, done.output).toMatchObject({ exitCode: 0 });
  expect(done.stderr).toMatch(/^killed: breaking a lock: \S+@\S+ \(pid \d+\) since \S+, \d+ s ago\.$/m);
  expect(cli.names()).toEqual([]);
  expect(await cli.stackNames()).toEqual([]);
});

it("a cleanup that another run overtakes after a removal has failed in part, and says what it has removed", async () => {
  await (await cli.stack("overtaken", program({ zero: { name: "zero" } }))).up();
  await cli.crashedUp("overtaken", program({ zero: { name: "zero" }, one: {} }));
  const held = cli.simulator.inject({ on: { path: "/auth/proxy/remove" }, hold: true });
  const running = cli.start(["cleanup", "--stack", "*", "--yes", "--json"]);
  await held.reached();
  const list = cli.simulator.inject({ on: { path: "/auth/proxy", method: "GET" }, hold: true });
  const refresh = cli.project.refresh("overtaken", ["--skip-pending-creates"]);
  await list.reached();
  held.release();
  const { exitCode, stdout } = await running.done;
  list.release();
  await refresh;
  const { stacks } = JSON.parse(stdout) as Report;
  expect([exitCode, stacks[0]?.outcome]).toEqual([1, "failed"]);
  expect(stacks[0]?.keys).toContainEqual(expect.objectContaining({ resource: "one", outcome: "removed" }));
  const problems = stacks[0]?.problems.map(({ why }) => why).join("\n");
  expect(problems).toMatch(/^Stack overtaken was locked in the meantime by /m);
});
