import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Account } from "pulumi-electronhub";
import { describe, expect, it } from "vitest";
import { declare, program, REMOVE, times } from "../engine/fixture";
import { ended, mutations, outcomes, unusedOf, useCli, type Report } from "./fixture";

const cli = useCli([{ name: "main" }, { name: "other" }]);

const named = (...names: readonly string[]) =>
  program(Object.fromEntries(names.map((name) => [name, { name }])));

/** What became of the stacks, by name. */
function stacksOf({ stacks }: Report): Record<string, string> {
  return Object.fromEntries(stacks.map(({ stack, outcome }) => [stack, outcome]));
}

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
    expect(shown.stdout).toMatch(/^ {2}spare +pk-[0-9a-f]{16} +spare +never used +10 +would be removed$/m);
    expect(shown.stdout).toMatch(/^Dry run: 3 keys of 2 stacks would be removed, and 26 unused credits /m);
    // Without a terminal: plain lines, nothing that is written over.
    for (const control of ["\r", "\u001B"]) expect(shown.output).not.toContain(control);

    const unused = unusedOf(account.keys());
    const before = account.balance;
    const done = await cli.report(["cleanup", "--yes", "--remove-stack"]);
    expect(stacksOf(done)).toEqual({ one: "removed", two: "removed" });
    expect(done).toMatchObject({ command: "cleanup", dryRun: false, exitCode: 0, creditsReturned: unused });
    expect(account.balance - before).toBe(unused);
    expect(cli.names()).toEqual([]);
    expect(await cli.stackNames()).toEqual([]);
    expect(mutations(cli.takeRequests())).toEqual(times(3, REMOVE));

    expect(await cli.report(["cleanup", "--yes"])).toMatchObject({ exitCode: 0, stacks: [] });
  });

  it("is chosen by patterns of names and by age", async () => {
    for (const stack of ["pr-1", "pr-2", "prod"]) {
      expect(await cli.project.pulumi(["stack", "init", stack])).toMatchObject({ exitCode: 0 });
    }
    const chosen = async (...args: string[]) => Object.keys(stacksOf(await cli.report(["cleanup", ...args])));
    expect(await chosen("--stack", "pr-*", "--except", "pr-2")).toEqual(["pr-1"]);
    expect(await chosen("--except", "prod")).toEqual(["pr-1", "pr-2"]);
    // A branch may have such a name.
    expect(await chosen("--stack", "!prod", "!(x)", "@(prod|pr-1)")).toEqual([]);
    await cli.editCheckpoint("pr-2", (latest) => {
      latest.manifest.time = new Date(Date.now() - 8 * 86_400_000).toISOString();
    });
    expect(await chosen("--older-than", "7d")).toEqual(["pr-2"]);
    expect(await chosen("--older-than", "9d")).toEqual([]);
  });

  /** A CLI that lists stacks as Pulumi Cloud does, to a user whose default organization is acme. */
  const likeCloud = (...stacks: string[]) =>
    cli.withPulumi(`
list() { printf '['; sep=; for name in "$@"; do printf '%s{"name":"%s","current":false}' "$sep" "$name"; sep=,; done; echo ']'; }
case "$*" in
  "stack ls"*--fully-qualify-stack-names*) list ${stacks.join(" ")}; exit;;
  "stack ls"*) list ${stacks.map((stack) => stack.replace("acme/test/", "").replace("/test/", "/")).join(" ")}; exit;;
  "whoami"*) echo '{"user":"ann","url":"https://app.pulumi.com/ann"}'; exit;;
esac`);

  it("is left alone by an exception in whatever form, as is one of the default organization", async () => {
    const env = await likeCloud("acme/test/prod", "acme/test/dev", "other/test/prod");
    const chosen = async (...args: string[]) =>
      Object.keys(stacksOf(await cli.report(["cleanup", ...args], { env })));
    expect(await chosen("--except", "acme/test/prod")).toEqual(["acme/test/dev", "other/test/prod"]);
    expect(await chosen("--except", "acme/prod")).toEqual(["acme/test/dev", "other/test/prod"]);
    expect(await chosen("--except", "prod")).toEqual(["acme/test/dev"]);
    expect(await chosen("--stack", "acme/test/*")).toEqual(["acme/test/prod", "acme/test/dev"]);
    expect(await chosen("--stack", "acme/prod", "other/test/prod")).toEqual([
      "acme/test/prod",
      "other/test/prod",
    ]);
  });

  it("is not touched when an exception fits none of them; a dry run shows that", async () => {
    for (const stack of ["pr-1", "prod"]) await cli.project.pulumi(["stack", "init", stack]);
    const problem = { why: "--except 'prd*' matches no stack of the project.", nextStep: expect.any(String) };
    const args = ["cleanup", "--except", "prod", "--except", "prd*"];
    expect(await cli.report([...args, "--yes", "--remove-stack"])).toEqual({
      command: "cleanup",
      exitCode: 3,
      problems: [problem],
    });
    expect(await cli.stackNames()).toEqual(["pr-1", "prod"]);
    const shown = await cli.report(args);
    expect(shown).toMatchObject({ exitCode: 1, problems: [problem] });
    expect(stacksOf(shown)).toEqual({ "pr-1": "planned" });
    // In a self-managed backend every form of the name is the same.
    for (const form of ["prod", "organization/prod", "organization/test/prod"]) {
      expect(stacksOf(await cli.report(["cleanup", "--except", form]))).toEqual({ "pr-1": "planned" });
    }
    expect(await cli.report(["cleanup", "--stack", "pr-9", "--yes"])).toMatchObject({
      exitCode: 0,
      stacks: [],
      unmatched: ["pr-9"],
    });
  });

  it("is removed although nobody reads what is said", async () => {
    for (const stack of ["pr-1", "pr-2"]) await cli.project.pulumi(["stack", "init", stack]);
    const running = cli.start(["cleanup", "--yes", "--remove-stack"]);
    running.child.stdout?.destroy();
    running.child.stderr?.destroy();
    await running.done;
    expect(await cli.stackNames()).toEqual([]);
  });

  it("is removed without a change of the stack that is selected", async () => {
    for (const stack of ["pr-1", "prod"]) await cli.project.pulumi(["stack", "init", stack]);
    await cli.project.pulumi(["stack", "select", "prod"]);
    expect(await cli.run(["cleanup", "--stack", "pr-*", "--yes", "--remove-stack"])).toMatchObject({
      exitCode: 0,
    });
    const { stdout } = await cli.project.pulumi(["stack", "ls", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject([{ name: "prod", current: true }]);
  });

  it("is removed without a change of that stack either while PULUMI_STACK selects another", async () => {
    for (const stack of ["pr-1", "prod", "dev"]) await cli.project.pulumi(["stack", "init", stack]);
    await cli.project.pulumi(["stack", "select", "dev"]);
    const args = ["cleanup", "--stack", "pr-*", "--yes", "--remove-stack"];
    expect(await cli.run(args, { env: { PULUMI_STACK: "prod" } })).toMatchObject({ exitCode: 0 });
    const { stdout } = await cli.project.pulumi(["stack", "ls", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject([
      { name: "dev", current: true },
      { name: "prod", current: false },
    ]);
  });

  it("is shown as unknown where the API key is another account's by now: nothing says that its keys are gone", async () => {
    const stack = await cli.project.stack("moved", named("bot"), { config: {}, env: cli.accountEnv() });
    await stack.up();
    const args = ["cleanup", "--stack", "moved"];
    const shown = await cli.report(args, { env: cli.accountEnv("other") });
    expect(outcomes(shown.stacks[0]?.keys ?? [])).toEqual({ bot: "unknown" });
    expect(shown.stacks[0]?.keys[0]?.why).toMatch(/created with another API key/);
    expect(shown.exitCode).toBe(3);

    const done = await cli.report([...args, "--yes"], { env: cli.accountEnv() });
    expect(done.exitCode).toBe(0);
    expect(cli.names()).toEqual([]);
  });

  it("is cleaned up although a key of another one is refused; a second run does the rest", async () => {
    const { simulator, project } = cli;
    await (await cli.stack("mixed", named("mine", "theirs"))).up();
    await (await cli.stack("plain", named("plain"))).up();
    await project.pulumi(["stack", "select", "mixed"]);
    const { theirs = "" } = await cli.secretKeys("mixed");
    simulator.account().removeKey(theirs);
    simulator.account("other").addKey({ name: "theirs", key: theirs });

    const failed = await cli.report(["cleanup", "--yes"]);
    expect(failed.exitCode).toBe(1);
    expect(stacksOf(failed)).toEqual({ mixed: "failed", plain: "cleaned" });
    const [mixed] = failed.stacks;
    expect(outcomes(mixed?.keys ?? [])).toEqual({ mine: "removed", theirs: "failed" });
    const refused = mixed?.keys.find(({ outcome }) => outcome === "failed");
    expect(refused?.why).toMatch(/owned by another account .*HTTP 403/);
    expect(refused?.nextStep).toMatch(/Use the API key of the account that owns it/);
    expect(failed.creditsReturned).toBe(20);
    expect([cli.names(), cli.names("other")]).toEqual([[], ["theirs"]]);

    expect(await cli.run(["cleanup", "--yes", "--stack", "mixed"])).toMatchObject({
      exitCode: 1,
      stdout: expect.stringMatching(
        /mixed .*FAILED in part[^]*owned by another account[^]*1 stack of 1 not done/,
      ),
    });
    const { stdout } = await project.pulumi(["stack", "ls", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject([{ name: "mixed", current: true }, { name: "plain" }]);

    simulator.account("other").removeKey(theirs);
    simulator.account().addKey({ name: "theirs", key: theirs });
    const done = await cli.report(["cleanup", "--yes", "--remove-stack", "--stack", "mixed"]);
    expect(stacksOf(done)).toEqual({ mixed: "removed" });
    expect(cli.names()).toEqual([]);
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
    const done = await cli.report(["cleanup", "--yes", "--remove-stack"]);
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
    const failed = await cli.report(["cleanup", "--yes", "--remove-stack"]);
    expect(failed).toMatchObject({ exitCode: 1, creditsReturned: 0, stacks: [{ outcome: "failed" }] });
    const [key] = failed.stacks[0]?.keys ?? [];
    expect(key).toMatchObject({ name: "guarded", outcome: "failed" });
    expect(`${key?.why} ${key?.nextStep}`).toMatch(/protect/);
    expect(`${key?.why} ${key?.nextStep}`).toMatch(/pulumi state unprotect|set `protect` to false/);
    expect(cli.names()).toEqual(["guarded"]);
    await cli.project.pulumi(["state", "unprotect", "--all", "--yes", "--stack", "protected"]);
    expect(await cli.run(["cleanup", "--yes", "--remove-stack"])).toMatchObject({ exitCode: 0 });
  });

  it("of two accounts is cleaned up from a fresh checkout, and with a wrong passphrase left alone", async () => {
    const { apiKey } = cli.simulator.account("other");
    const stack = await cli.stack("accounts", async () => {
      const other = new Account("other", { apiKey, baseUrl: cli.simulator.baseUrl });
      declare("of-main", { name: "of-main", budget: 10 });
      declare("of-other", { name: "of-other", budget: 5 }, { provider: other });
    });
    await stack.up();
    cli.takeRequests();

    const wrong = await cli.report(["cleanup", "--yes"], { env: { PULUMI_CONFIG_PASSPHRASE: "wrong" } });
    expect(wrong).toMatchObject({ exitCode: 3, stacks: [{ outcome: "refused", keys: [] }] });
    expect(wrong.stacks[0]?.problems[0]).toMatchObject({
      why: expect.stringMatching(/secrets cannot be read.*incorrect passphrase/),
      nextStep: expect.stringContaining("PULUMI_CONFIG_PASSPHRASE"),
    });
    expect(cli.takeRequests()).toEqual([]);

    const checkout = join(cli.project.folders.root, "checkout");
    await mkdir(checkout);
    await writeFile(join(checkout, "Pulumi.yaml"), "name: test\nruntime: nodejs\n");
    const done = await cli.report(["cleanup", "--dir", checkout, "--yes", "--remove-stack"]);
    expect(done).toMatchObject({ exitCode: 0, creditsReturned: 15, stacks: [{ outcome: "removed" }] });
    expect([cli.names(), cli.names("other")]).toEqual([[], []]);
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
    const running = cli.start(["cleanup", "--yes", "--remove-stack", "--json"]);
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

    const done = await cli.report(["cleanup", "--yes", "--remove-stack"]);
    expect(done).toMatchObject({ exitCode: 0, creditsReturned: 10 });
    expect(cli.names()).toEqual([]);
  });

  it("that is interrupted twice ends at once, and the next one does the rest", async () => {
    await (await cli.stack("impatient", named("one", "two"))).up();
    const held = cli.simulator.inject({ on: { path: "/auth/proxy/remove" }, hold: true, times: Infinity });
    const running = cli.start(["cleanup", "--yes", "--remove-stack"]);
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
    const next = ["cleanup", "--yes", "--remove-stack", "--break-locks-older-than", "0s"];
    expect(await cli.run(next)).toMatchObject({ exitCode: 0 });
    expect([cli.names(), await cli.stackNames()]).toEqual([[], []]);
  });

  it("of which one account refuses removes the keys of the others", async () => {
    const { apiKey } = cli.simulator.account("other");
    const stack = await cli.stack("half", async () => {
      const other = new Account("other", { apiKey, baseUrl: cli.simulator.baseUrl });
      declare("of-main", { name: "of-main", budget: 10 });
      declare("of-other", { name: "of-other", budget: 5 }, { provider: other });
    });
    await stack.up();
    const refusal = cli.simulator.inject({
      on: { account: "other" },
      times: Infinity,
      status: 401,
      body: { error: { message: "Invalid API key", type: "error", param: null, code: 401 } },
    });
    const shown = await cli.report(["cleanup"]);
    expect(outcomes(shown.stacks[0]?.keys ?? [])).toEqual({
      "of-main": "would-remove",
      "of-other": "unknown",
    });
    const failed = await cli.report(["cleanup", "--yes", "--remove-stack"]);
    expect(failed).toMatchObject({ exitCode: 1, creditsReturned: 10, stacks: [{ outcome: "failed" }] });
    expect(outcomes(failed.stacks[0]?.keys ?? [])).toEqual({ "of-main": "removed", "of-other": "failed" });
    expect(failed.stacks[0]?.keys.find(({ name }) => name === "of-other")?.why).toMatch(/HTTP 401/);
    expect([cli.names(), cli.names("other")]).toEqual([[], ["of-other"]]);

    refusal.remove();
    expect(await cli.run(["cleanup", "--yes", "--remove-stack"])).toMatchObject({ exitCode: 0 });
    expect(cli.names("other")).toEqual([]);
  });

  it("that cannot remove the stack itself still says which keys it has removed", async () => {
    await (await cli.stack("stuck", named("one"))).up();
    const env = await cli.withPulumi(
      `case "$*" in "stack rm"*) echo "error: the disk is full" >&2; exit 255;; esac`,
    );
    const failed = await cli.report(["cleanup", "--yes", "--remove-stack"], { env });
    expect(failed).toMatchObject({ exitCode: 1, creditsReturned: 10, stacks: [{ outcome: "failed" }] });
    expect(outcomes(failed.stacks[0]?.keys ?? [])).toEqual({ one: "removed" });
    expect(failed.stacks[0]?.problems[0]?.why).toContain("the disk is full");
    expect(await cli.run(["cleanup", "--yes", "--remove-stack"])).toMatchObject({ exitCode: 0 });
  });
});
