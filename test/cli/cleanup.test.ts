import { describe, expect, it } from "vitest";
import { declare, program, REMOVE, times } from "../engine/fixture";
import { ended, mutations, useCli } from "./fixture";
import { outcomes, stacksOf, unusedOf, type Report } from "./reports";

const cli = useCli();

const named = (...names: readonly string[]) =>
  program(Object.fromEntries(names.map((name) => [name, { name }])));

describe("every stack of a project", () => {
  it("is shown first, then removed; the credits that come back are the account's own", async () => {
    const account = cli.simulator.account();
    await (await cli.stack("one", named("bot", "spare"))).up();
    await (await cli.stack("two", named("third"))).up();
    account.spend("bot", 4);
    const states = await Promise.all(["one", "two"].map((stack) => cli.project.exportState(stack)));
    cli.takeRequests();

    const shown = await cli.run(["cleanup"]);
    expect(shown).toMatchObject({ exitCode: 0 });
    expect(mutations(cli.takeRequests())).toEqual([]);
    expect(await Promise.all(["one", "two"].map((stack) => cli.project.exportState(stack)))).toEqual(states);
    expect(shown.stdout).toMatch(/^ {2}bot +pk-[0-9a-f]{16} +bot +\d{4}-\S+Z +6 +would be removed$/m);
    expect(shown.stdout).toMatch(/^ {2}spare +pk-[0-9a-f]{16} +spare +never +10 +would be removed$/m);
    expect(shown.stdout).toMatch(/^Dry run: 3 keys of 2 stacks would be removed, and 26 unused credits /m);
    // Without a terminal: plain lines, nothing that is written over.
    for (const control of ["\r", "\u001B"]) expect(shown.output).not.toContain(control);

    const unused = unusedOf(account.keys());
    const before = account.balance;
    const done = await cli.report(["cleanup", "--stack", "*", "--yes", "--remove-stack"]);
    expect(stacksOf(done)).toEqual({ one: "removed", two: "removed" });
    expect(done).toMatchObject({ command: "cleanup", dryRun: false, exitCode: 0, creditsReturned: unused });
    expect(account.balance - before).toBe(unused);
    expect(cli.names()).toEqual([]);
    expect(await cli.stackNames()).toEqual([]);
    expect(mutations(cli.takeRequests())).toEqual(times(3, REMOVE));

    expect(await cli.report(["cleanup", "--stack", "*", "--yes"])).toMatchObject({ exitCode: 0, stacks: [] });
  });
  it("is removed although the output is closed", async () => {
    for (const stack of ["pr-1", "pr-2"]) await cli.project.pulumi(["stack", "init", stack]);
    const running = cli.start(["cleanup", "--stack", "*", "--yes", "--remove-stack"]);
    running.child.stdout?.destroy();
    running.child.stderr?.destroy();
    await running.done;
    expect(await cli.stackNames()).toEqual([]);
  });
});

describe("a stack", () => {
  it("whose keys stay, or are gone already, is cleaned up", async () => {
    const account = cli.simulator.account();
    const stack = await cli.stack("kept", async () => {
      declare("parked", { name: "parked", budget: 10, onDestroy: "disable" });
      declare("parked-gone", { name: "parked-gone", budget: 10, onDestroy: "disable" });
      declare("retained", { name: "retained", budget: 10 }, { retainOnDelete: true });
      declare("gone", { name: "gone", budget: 10 });
      declare("plain", { name: "plain", budget: 10 });
    });
    await stack.up();
    for (const name of ["gone", "parked-gone"]) account.removeKey(name);

    const expected = {
      retained: "kept",
      parked: "kept",
      gone: "already-gone",
      "parked-gone": "already-gone",
    };
    const shown = await cli.report(["cleanup"]);
    expect(outcomes(shown.stacks[0]?.keys ?? [])).toEqual({ ...expected, plain: "would-remove" });
    const done = await cli.report(["cleanup", "--stack", "*", "--yes", "--remove-stack"]);
    expect(done).toMatchObject({ exitCode: 0, creditsReturned: 10, stacks: [{ outcome: "removed" }] });
    expect(outcomes(done.stacks[0]?.keys ?? [])).toEqual({ ...expected, plain: "removed" });
    const left = account.keys().map(({ name, isActive }) => [name, isActive] as const);
    expect(Object.fromEntries(left)).toEqual({ parked: false, retained: true });
  });

  it("with a protected key fails, and says how to go on", async () => {
    const stack = await cli.stack("protected", async () => {
      declare("guarded", { name: "guarded", budget: 10 }, { protect: true });
    });
    await stack.up();
    const failed = await cli.report(["cleanup", "--stack", "*", "--yes", "--remove-stack"]);
    expect(failed).toMatchObject({ exitCode: 1, creditsReturned: 0, stacks: [{ outcome: "failed" }] });
    const [key] = failed.stacks[0]?.keys ?? [];
    expect(key).toMatchObject({ name: "guarded", outcome: "failed" });
    expect(`${key?.why} ${key?.nextStep}`).toMatch(/protect/);
    expect(`${key?.why} ${key?.nextStep}`).toMatch(/pulumi state unprotect|set `protect` to false/);
    expect(cli.names()).toEqual(["guarded"]);
    await cli.project.pulumi(["state", "unprotect", "--all", "--yes", "--stack", "protected"]);
    expect(await cli.run(["cleanup", "--stack", "*", "--yes", "--remove-stack"])).toMatchObject({
      exitCode: 0,
    });
  });
});

describe("a cleanup", () => {
  it("that is interrupted ends the removal under way and says what is left; the next one does the rest", async () => {
    // The second is removed after the first is gone, and the third not before the second.
    const stack = await cli.stack("interrupted", async () => {
      const third = declare("third", { name: "third", budget: 10 });
      const second = declare("second", { name: "second", budget: 10 }, { dependsOn: third });
      declare("first", { name: "first", budget: 10 }, { dependsOn: second });
    });
    await stack.up();
    const held = cli.simulator.inject({ on: { path: "/auth/proxy/remove", keyName: "second" }, hold: true });
    const running = cli.start(["cleanup", "--stack", "*", "--yes", "--remove-stack", "--json"]);
    await held.reached();
    running.kill("SIGINT");
    await running.waitForOutput(/the engine finishes what is in progress/);
    held.release();
    const { exitCode, stdout } = await running.done;
    expect(exitCode).toBe(1);
    expect(cli.names()).toEqual(["third"]);
    const [report] = (JSON.parse(stdout) as Report).stacks;
    expect(report?.problems.map(({ why }) => why)).toContain("The command was interrupted.");
    expect(outcomes(report?.keys ?? [])).toEqual({ first: "removed", second: "removed", third: "failed" });
    expect(report?.creditsReturned).toBe(20);

    const done = await cli.report(["cleanup", "--stack", "*", "--yes", "--remove-stack"]);
    expect(done).toMatchObject({ exitCode: 0, creditsReturned: 10 });
    expect(cli.names()).toEqual([]);
  });

  it("that is interrupted twice ends at once, and the next one does the rest", async () => {
    await (await cli.stack("impatient", named("one", "two"))).up();
    const held = cli.simulator.inject({ on: { path: "/auth/proxy/remove" }, hold: true, times: Infinity });
    const running = cli.start(["cleanup", "--stack", "*", "--yes", "--remove-stack"]);
    await held.reached();
    running.kill("SIGINT");
    await running.waitForOutput(/^SIGINT: .*A second signal ends the command at once/m);
    await expect
      .poll(
        () => {
          running.kill("SIGINT");
          return running.child.exitCode;
        },
        { timeout: 60_000 },
      )
      .toBe(1);
    held.remove();
    // Its engine ends what is under way, and may leave its lock.
    await ended(running.orphans);
    const next = ["cleanup", "--stack", "*", "--yes", "--remove-stack", "--break-locks-older-than", "0s"];
    expect(await cli.run(next)).toMatchObject({ exitCode: 0 });
    expect([cli.names(), await cli.stackNames()]).toEqual([[], []]);
  });

  it("that cannot remove the stack itself still says which keys it has removed", async () => {
    await (await cli.stack("stuck", named("one"))).up();
    const env = await cli.withPulumi(
      `case "$*" in "stack rm"*) echo "error: the disk is full" >&2; exit 255;; esac`,
    );
    const failed = await cli.report(["cleanup", "--stack", "*", "--yes", "--remove-stack"], { env });
    expect(failed).toMatchObject({ exitCode: 1, creditsReturned: 10, stacks: [{ outcome: "failed" }] });
    expect(outcomes(failed.stacks[0]?.keys ?? [])).toEqual({ one: "removed" });
    expect(failed.stacks[0]?.problems[0]?.why).toContain("the disk is full");
    expect(await cli.run(["cleanup", "--stack", "*", "--yes", "--remove-stack"])).toMatchObject({
      exitCode: 0,
    });
  });
});
