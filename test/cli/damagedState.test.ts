import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { cacheFolder } from "../../provider/config";
import { readCreations } from "../../provider/lifecycle/creations/journalReader";
import { program } from "../engine/fixture";
import { mutations, useCli } from "./fixture";
import { outcomes } from "./reports";

const cli = useCli();

const below = (...parts: string[]) => join(cli.project.folders.backend, ".pulumi", ...parts);
const stateOf = (stack: string) => below("stacks", "test", `${stack}.json`);
const lockOf = (stack: string) => below("locks", "organization", "test", stack, "1.json");

/** Cuts a file off, as a full disk does; makes it where it is not there. */
async function cut(file: string, length = 100): Promise<string> {
  await mkdir(dirname(file), { recursive: true });
  const text = existsSync(file) ? (await readFile(file, "utf8")).slice(0, length) : "";
  await writeFile(file, text);
  return text;
}

/** A lock that is this old. */
async function lock(stack: string, ageMs = 0): Promise<void> {
  await mkdir(dirname(lockOf(stack)), { recursive: true });
  const since = new Date(Date.now() - ageMs);
  const held = { pid: 4_711, username: "ann", hostname: "elsewhere", timestamp: since.toISOString() };
  await writeFile(lockOf(stack), JSON.stringify(held));
  await utimes(lockOf(stack), since, since);
}

const HOUR_MS = 3_600_000;
const BREAK_AN_HOUR = ["--break-locks-older-than", "1h"];

/** A stack with a key of this name that its program chose. */
async function made(stack: string, ...names: string[]) {
  const made = await cli.stack(stack, program(Object.fromEntries(names.map((name) => [name, { name }]))));
  await made.up();
  cli.takeRequests();
  return made;
}

/**
 * A stack with a key that its state knew, until the state was cut off: its only whole copies are older. The key's name is
 * generated.
 */
async function forgetful(name: string): Promise<{ lost: string }> {
  const stack = await cli.stack(name, program({ first: { name: "first" } }));
  await stack.up();
  const copies = ["backups", "history"].map((kind) => below(kind, "test", name));
  for (const copy of copies) await cp(copy, `${copy}-aside`, { recursive: true }).catch(() => {});
  stack.setProgram(program({ first: { name: "first" }, second: {} }));
  await stack.up();
  for (const copy of copies) {
    if (!existsSync(`${copy}-aside`)) continue;
    await rm(copy, { recursive: true });
    await cp(`${copy}-aside`, copy, { recursive: true });
    await rm(`${copy}-aside`, { recursive: true });
  }
  for (const file of [stateOf(name), `${stateOf(name)}.bak`]) await cut(file);
  cli.takeRequests();
  const lost = cli.names().find((key) => key.startsWith("second-")) ?? "";
  expect(lost).not.toBe("");
  return { lost };
}

const remembered = () =>
  readCreations(cacheFolder("creations", { XDG_CACHE_HOME: cli.project.folders.cache }));

/** Runs the commands of a message as a user would, in a shell. */
function follow({ nextStep }: { nextStep: string }): string[] {
  const commands = nextStep.split("\n").filter((line) => line.startsWith("  "));
  for (const command of commands) execFileSync("/bin/sh", ["-c", command]);
  return commands;
}

/** The problem of a command that refuses a damaged backend, and changes nothing. */
async function refusal(command: string[], options: Parameters<typeof cli.report>[1] = {}) {
  const { exitCode, problems } = await cli.report(command, options);
  expect(exitCode).toBe(3);
  expect(problems).toHaveLength(1);
  expect(mutations(cli.takeRequests())).toEqual([]);
  return problems[0] ?? { why: "", nextStep: "" };
}

describe.runIf(process.platform !== "win32")("a truncated state", () => {
  it("is named by every command, with what restores the copy beside it; then its stack is cleaned up", async () => {
    await made("dev", "one", "two");
    const text = await cut(stateOf("dev"));
    expect(await cli.project.pulumi(["stack", "ls"])).not.toMatchObject({ exitCode: 0 });
    for (const command of [
      ["cleanup"],
      ["cleanup", "--stack", "*", "--yes"],
      ["recover", "--stack", "dev"],
      ["orphans"],
    ]) {
      const { why } = await refusal(command, { env: cli.accountEnv() });
      expect(why).toContain(`truncated ${stateOf("dev")} (stack test/dev)`);
      expect(await readFile(stateOf("dev"), "utf8")).toBe(text);
    }
    const { stdout } = await cli.run(["doctor"]);
    expect(stdout).toMatch(/^error {4}Stack .*truncated .*\.json \(stack test\/dev\)/m);
    expect(stdout).toContain(`mv ${stateOf("dev")} ${stateOf("dev")}.damaged && cp `);
    const commands = follow(await refusal(["cleanup", "--stack", "*", "--yes"]));
    expect(commands).toEqual([expect.stringMatching(/^ {2}mv \S+ \S+\.damaged && cp \S+ \S+ && rm -f \S+$/)]);
    const done = await cli.run(["cleanup", "--stack", "*", "--yes", "--remove-stack"]);
    expect(done, done.output).toMatchObject({ exitCode: 0 });
    expect([cli.names(), await cli.stackNames(), remembered()]).toEqual([[], [], []]);
    expect(await readFile(`${stateOf("dev")}.damaged`, "utf8")).toBe(text);
  });

  it("is restored from a backup, and the journal has the key that was made after it", async () => {
    const { lost } = await forgetful("dev");
    expect(remembered()).toMatchObject([
      { delivered: true, isLost: false },
      { delivered: true, isLost: false },
    ]);
    follow(await refusal(["recover", "--stack", "dev", "--yes"]));
    // The stack lives on, and a program may have received the key.
    const report = await cli.report(["recover", "--stack", "dev", "--yes"]);
    expect(report).toMatchObject({
      exitCode: 1,
      keys: [],
      problems: [{ why: expect.stringMatching(`^Key "${lost}" .* a program may have received it`) }],
    });
    expect([cli.names(), remembered().length]).toEqual([["first", lost], 1]);
    expect(Object.keys(await cli.keysInState("dev"))).toEqual(["first"]);

    const refused = cli.simulator.inject({
      on: { path: "/auth/proxy/remove", keyName: lost },
      times: Infinity,
      status: 403,
      body: { error: { message: "Your plan is paused", type: "error", param: null, code: 403 } },
    });
    const failed = await cli.report(["cleanup", "--yes", "--stack", "dev"]);
    expect(failed).toMatchObject({ exitCode: 1 });
    expect(outcomes(failed.stacks[0]?.keys ?? [])).toMatchObject({ [lost]: "failed" });
    refused.remove();
    const done = await cli.report(["cleanup", "--stack", "dev", "--yes"]);
    expect(outcomes(done.stacks[0]?.keys ?? [])).toMatchObject({ [lost]: "removed" });
    expect([done.exitCode, cli.names(), remembered()]).toEqual([0, [], []]);
  });

  it("without a whole copy is moved aside, and Pulumi forgets the stack", async () => {
    await made("dev", "one");
    await cli.project.pulumi(["stack", "init", "other"]);
    await cut(stateOf("dev"), 0);
    await rm(`${stateOf("dev")}.bak`);
    for (const kind of ["backups", "history"]) await rm(below(kind), { recursive: true, force: true });
    const problem = await refusal(["cleanup", "--stack", "*", "--yes"]);
    expect(problem.why).toContain(`There is no intact copy of ${stateOf("dev")}`);
    follow(problem);
    expect(await cli.stackNames()).toEqual(["other"]);
    // A key is not an orphan while its journal entry is younger than two hours.
    await cli.forgetCreations();
    const found = await cli.report(["orphans"], { env: cli.accountEnv() });
    expect(found.orphans.map(({ name }) => name)).toEqual(["one"]);
  });

  it("is one of several, and its stack is locked", async () => {
    for (const stack of ["dev", "other"]) await made(stack, stack);
    for (const stack of ["dev", "other"]) await cut(stateOf(stack));
    await cut(`${stateOf("dev")}.attrs`, 0);
    await lock("dev");
    const problem = await refusal(["cleanup", "--yes", "--stack", "dev"]);
    expect(problem.nextStep).toContain("(locked by ann@elsewhere (pid 4711))");
    expect(follow(problem)).toHaveLength(3);
    await rm(lockOf("dev"));
    expect(await cli.report(["cleanup", "--stack", "*", "--yes", "--remove-stack"])).toMatchObject({
      exitCode: 0,
    });
    expect(cli.names()).toEqual([]);
  });
});

describe("truncated files that Pulumi does not need", () => {
  it("are named: a state's attributes", async () => {
    await made("dev", "one");
    await cut(`${stateOf("dev")}.attrs`, 0);
    expect(follow(await refusal(["cleanup"]))).toEqual([`  rm -f ${stateOf("dev")}.attrs`]);
    expect(await cli.report(["cleanup", "--stack", "*", "--yes", "--remove-stack"])).toMatchObject({
      exitCode: 0,
    });
    expect(cli.names()).toEqual([]);
  });

  it.each<[string, () => Promise<unknown>]>([
    ["a lock without its holder", () => cut(lockOf("dev"))],
    [
      "a lock whose attributes are nothing",
      async () => {
        await lock("dev");
        await writeFile(`${lockOf("dev")}.attrs`, "");
      },
    ],
  ])("goes at the user's word: %s, and that of another stack stays", async (_, damage) => {
    await made("dev", "one");
    await damage();
    await cut(lockOf("other"));
    expect(await cli.report(["cleanup"])).toMatchObject({ exitCode: 0 });
    const command = ["cleanup", "--stack", "dev", "--yes", "--remove-stack"];
    for (const more of [[], BREAK_AN_HOUR]) {
      const refused = await cli.report([...command, ...more]);
      expect(refused).toMatchObject({ exitCode: 3, stacks: [{ outcome: "busy" }] });
    }
    const old = new Date(Date.now() - 2 * HOUR_MS);
    await writeFile(lockOf("dev"), "{");
    await utimes(lockOf("dev"), old, old);
    const refused = await cli.report(command);
    expect(refused.stacks[0]?.problems[0]?.why).toContain(`by a truncated lock (${lockOf("dev")})`);
    const done = await cli.run([...command, ...BREAK_AN_HOUR]);
    expect(done, done.output).toMatchObject({ exitCode: 0 });
    expect(done.stderr).toMatch(/^dev: breaking a lock: a truncated lock/m);
    expect([cli.names(), existsSync(lockOf("other"))]).toEqual([[], true]);
  });
});
