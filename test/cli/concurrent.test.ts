import { expect, it } from "vitest";
import { program } from "../engine/fixture";
import { useCli, type Report } from "./fixture";

const cli = useCli();

it("of two cleanups of one stack one does it, and the other is told who", async () => {
  await (await cli.stack("contested", program({ one: {}, two: {} }))).up();
  const held = cli.simulator.inject({ on: { path: "/auth/proxy/remove" }, hold: true, times: Infinity });
  const both = [0, 1].map(() => cli.start(["cleanup", "--stack", "contested", "--yes", "--remove-stack"]));
  const first = await Promise.race(both.map(({ done }, at) => done.then((result) => ({ ...result, at }))));
  expect(first.exitCode).toBe(3);
  const winner = both[1 - first.at];
  expect(first.output).toContain(`(pid ${winner?.child.pid})`);

  held.remove();
  expect(await winner?.done).toMatchObject({ exitCode: 0 });
  expect(cli.names()).toEqual([]);
  expect(await cli.stackNames()).toEqual([]);
});

it("a cleanup whose process was killed leaves nothing that keeps the next one away", async () => {
  await (await cli.stack("killed", program({ one: {}, two: {} }))).up();
  const held = cli.simulator.inject({ on: { path: "/auth/proxy/remove" }, hold: true });
  const first = cli.start(["cleanup", "--stack", "killed", "--yes"]);
  await held.reached();
  first.kill("SIGKILL");
  await first.done;
  held.remove();
  // Its engine ends when it next has something to say, or when it is done.
  await expect
    .poll(async () => (await cli.run(["cleanup", "--stack", "killed", "--yes", "--remove-stack"])).exitCode, {
      timeout: 60_000,
    })
    .toBe(0);
  expect(cli.names()).toEqual([]);
  expect(await cli.stackNames()).toEqual([]);
});

it("a cleanup that another run overtakes after a removal has failed in part, and says what it has removed", async () => {
  await (await cli.stack("overtaken", program({ zero: { name: "zero" } }))).up();
  await cli.crashedUp("overtaken", program({ zero: { name: "zero" }, one: {} }));
  const held = cli.simulator.inject({ on: { path: "/auth/proxy/remove" }, hold: true });
  const running = cli.start(["cleanup", "--yes", "--json"]);
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
  expect(problems).toMatch(/^Stack overtaken was locked by another run in the meantime/m);
});
