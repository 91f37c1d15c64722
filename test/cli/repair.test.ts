import { existsSync } from "node:fs";
import { cp, mkdir, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { creationsFolder } from "../../provider/config";
import { readCreations } from "../../provider/lifecycle/creations/journalReader";
import { program } from "../engine/fixture";
import { mutations, outcomes, useCli } from "./fixture";

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

const remembered = () => readCreations(creationsFolder({ XDG_CACHE_HOME: cli.project.folders.cache }));

/** What is kept of damaged states. */
const kept = async () => (await readdir(below("stacks", "test"))).filter((file) => file.includes(".damaged"));

describe("a state that was cut off", () => {
  it("is restored from the copy beside it, and its stack cleaned up", async () => {
    await made("dev", "one", "two");
    const text = await cut(stateOf("dev"));
    expect(await cli.project.pulumi(["stack", "ls"])).not.toMatchObject({ exitCode: 0 });

    const shown = await cli.report(["cleanup"]);
    expect(shown).toMatchObject({
      exitCode: 3,
      problems: [
        {
          why: expect.stringMatching(/state of stack test\/dev cannot be read.*lists no stack/),
          nextStep: expect.stringMatching(/recover --stack dev`, which restores it as of \d{4}-/),
        },
      ],
    });
    expect(await readFile(stateOf("dev"), "utf8")).toBe(text);

    const done = await cli.run(["cleanup", "--yes", "--remove-stack"]);
    expect(done, done.output).toMatchObject({ exitCode: 0 });
    expect(done.stderr).toMatch(/test\/dev: its state was cut off.* Restored as of .*\.json\.damaged/);
    expect([cli.names(), await cli.stackNames(), remembered()]).toEqual([[], [], []]);
    const [damaged = "", ...others] = await kept();
    expect([damaged, others]).toEqual([expect.stringMatching(/^dev\.json\.damaged-\d+$/), []]);
    expect(await readFile(below("stacks", "test", damaged), "utf8")).toBe(text);
  });

  it("is restored from a backup, and the key that was made after it is found by what this machine remembers", async () => {
    const { lost } = await forgetful("dev");
    expect(remembered()).toMatchObject([{ delivered: true }]);
    // On a stack that lives on somebody may have received it.
    const told = await cli.report(["recover", "--stack", "dev"]);
    expect(told).toMatchObject({
      exitCode: 1,
      keys: [],
      problems: [{ why: expect.stringMatching(`^Key "${lost}" .* was made after the copy `) }],
    });
    expect([cli.names(), remembered().length]).toEqual([["first", lost], 1]);
    expect(Object.keys(await cli.keysInState("dev"))).toEqual(["first"]);
    expect(await kept()).toEqual(["dev.json.damaged"]);

    const done = await cli.report(["cleanup", "--stack", "dev", "--yes"]);
    expect(done).toMatchObject({ exitCode: 0, creditsReturned: 20 });
    expect(outcomes(done.stacks[0]?.keys ?? [])).toEqual({ first: "removed", [lost]: "removed" });
    expect([cli.names(), remembered()]).toEqual([[], []]);
    expect(await kept()).toEqual([expect.stringMatching(/^dev\.json\.damaged-\d+$/)]);
    // From now on the state is the truth again.
    expect(await cli.report(["recover", "--stack", "dev"])).toMatchObject({ exitCode: 0, keys: [] });
  });

  it("is doubted until the key that was made after the copy is removed", async () => {
    const { lost } = await forgetful("dev");
    const refused = cli.simulator.inject({
      on: { path: "/auth/proxy/remove", keyName: lost },
      times: Infinity,
      status: 403,
      body: { error: { message: "Your plan is paused", type: "error", param: null, code: 403 } },
    });
    const failed = await cli.report(["cleanup", "--yes", "--stack", "dev"]);
    expect(failed).toMatchObject({ exitCode: 1 });
    expect(outcomes(failed.stacks[0]?.keys ?? [])).toMatchObject({ [lost]: "failed" });
    expect(cli.names()).toEqual([lost]);

    refused.remove();
    const done = await cli.report(["cleanup", "--yes", "--stack", "dev"]);
    expect(outcomes(done.stacks[0]?.keys ?? [])).toMatchObject({ [lost]: "removed" });
    expect([done.exitCode, cli.names(), remembered()]).toEqual([0, [], []]);
  });

  it("is doubted by the next command when the one that restored it was killed before it was done", async () => {
    const { lost } = await forgetful("dev");
    const list = cli.simulator.inject({ on: { path: "/auth/proxy", method: "GET" }, hold: true });
    const first = cli.start(["cleanup", "--stack", "dev", "--yes"]);
    await list.reached();
    first.kill("SIGKILL");
    await first.done;
    list.remove();
    expect(await kept()).toEqual(["dev.json.damaged"]);

    const done = await cli.report(["cleanup", "--stack", "dev", "--yes"]);
    expect(done).toMatchObject({ exitCode: 0 });
    expect(outcomes(done.stacks[0]?.keys ?? [])).toEqual({ first: "removed", [lost]: "removed" });
    expect([cli.names(), remembered()]).toEqual([[], []]);
  });

  it("is restored once when two commands want it at the same time", async () => {
    await made("dev", "one");
    const text = await cut(stateOf("dev"));
    const both = await Promise.all([0, 1].map(() => cli.run(["recover", "--stack", "dev"])));
    expect(both.map(({ exitCode }) => exitCode)).toContain(0);
    expect(Object.keys(await cli.keysInState("dev"))).toEqual(["one"]);
    const [damaged = "", ...others] = await kept();
    expect(others).toEqual([]);
    expect(await readFile(below("stacks", "test", damaged), "utf8")).toBe(text);
  });

  it("of which there is no whole copy is refused, and what is said to do helps", async () => {
    await made("dev", "one");
    await cli.project.pulumi(["stack", "init", "other"]);
    await cut(stateOf("dev"), 0);
    await rm(`${stateOf("dev")}.bak`);
    for (const kind of ["backups", "history"]) await rm(below(kind), { recursive: true, force: true });
    for (const command of [["cleanup", "--yes"], ["recover", "--stack", "dev"], ["cleanup"]]) {
      const refused = await cli.report(command);
      expect(refused).toMatchObject({
        exitCode: 3,
        problems: [
          {
            why: expect.stringMatching(/There is no whole copy of it\.$/),
            nextStep: expect.stringMatching(/^Delete that file, .*orphans/),
          },
        ],
      });
      expect(refused.problems[0]?.why).toContain(`(${stateOf("dev")})`);
    }
    expect(mutations(cli.takeRequests())).toEqual([]);
    await rm(stateOf("dev"));
    expect(await cli.stackNames()).toEqual(["other"]);
    // For two hours this machine remembers that a run has just made the key.
    await rm(join(cli.project.folders.cache, "pulumi-electronhub", "creations"), { recursive: true });
    const found = await cli.report(["orphans"], { env: cli.accountEnv() });
    expect(found.orphans.map(({ name }) => name)).toEqual(["one"]);
  });

  it("is not touched by commands that are about another stack, which say whose it is", async () => {
    for (const stack of ["dev", "other"]) await made(stack, stack);
    for (const stack of ["dev", "other"]) await cut(stateOf(stack));
    for (const command of [
      ["cleanup", "--yes", "--stack", "dev"],
      ["recover", "--stack", "dev"],
    ]) {
      const refused = await cli.report(command);
      expect(refused).toMatchObject({
        exitCode: 3,
        problems: [{ nextStep: expect.stringContaining("recover --stack other") }],
      });
    }
    // Nor is the one that could have been mended.
    expect(await kept()).toEqual([]);
    expect(await cli.report(["cleanup", "--yes", "--remove-stack"])).toMatchObject({ exitCode: 0 });
    expect(cli.names()).toEqual([]);
  });

  it("is left to the run that is at work on it, and mended once that is older than the user says", async () => {
    await made("dev", "one");
    const text = await cut(stateOf("dev"));
    await lock("dev", HOUR_MS / 2);
    for (const command of [
      ["cleanup", "--yes"],
      ["cleanup", "--yes", ...BREAK_AN_HOUR],
      ["recover", "--stack", "dev"],
    ]) {
      const refused = await cli.report(command);
      expect(refused).toMatchObject({
        exitCode: 3,
        problems: [
          {
            why: expect.stringContaining("It is locked by ann@elsewhere (pid 4711)"),
            nextStep: expect.stringContaining("`pulumi cancel --stack dev`"),
          },
        ],
      });
    }
    expect(await readFile(stateOf("dev"), "utf8")).toBe(text);
    await lock("dev", 2 * HOUR_MS);
    expect(await cli.report(["cleanup", "--yes", "--remove-stack", ...BREAK_AN_HOUR])).toMatchObject({
      exitCode: 0,
    });
    expect(cli.names()).toEqual([]);
  });
});

describe("what was cut off and says nothing", () => {
  it("is taken away: a state's attributes", async () => {
    await made("dev", "one");
    await cut(`${stateOf("dev")}.attrs`, 0);
    expect(await cli.report(["cleanup"])).toMatchObject({
      exitCode: 3,
      problems: [{ nextStep: expect.stringMatching(/recover --stack dev`, which takes it away/) }],
    });
    const done = await cli.run(["cleanup", "--yes", "--remove-stack"]);
    expect(done.stderr).toMatch(/test\/dev: took away \S+dev\.json\.attrs, which was cut off/);
    expect([done.exitCode, cli.names()]).toEqual([0, []]);
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
    expect(refused.stacks[0]?.problems[0]?.why).toContain(`by a lock that was cut off (${lockOf("dev")})`);
    const done = await cli.run([...command, ...BREAK_AN_HOUR]);
    expect(done, done.output).toMatchObject({ exitCode: 0 });
    expect(done.stderr).toMatch(/^dev: breaking a lock: a lock that was cut off/m);
    expect([cli.names(), existsSync(lockOf("other"))]).toEqual([[], true]);
  });
});
