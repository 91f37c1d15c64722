import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { program } from "../engine/fixture";
import { useCli } from "./fixture";
import { outcomes, stacksOf, type Report } from "./reports";

const cli = useCli();

const labels = { owner: "team-a", purpose: "preview" };
const LABEL = ["--label", "owner=team-a"];

describe("cleanup --label", () => {
  it("cleans up the stacks whose keys all have the labels, refuses those of which some do, and skips the others", async () => {
    const up = async (stack: string, keys: Parameters<typeof program>[0]) =>
      (await cli.stack(stack, program(keys))).up();
    await up("all", { one: { name: "one", labels }, two: { name: "two", labels } });
    await up("some", { three: { name: "three", labels }, four: { name: "four" } });
    await up("other", { five: { name: "five", labels: { owner: "team-b" } } });
    await cli.project.pulumi(["stack", "init", "empty"]);

    const shown = await cli.run(["cleanup", ...LABEL]);
    expect(shown.stdout).toMatch(/^ {2}one +pk-\S+ .* owner=team-a purpose=preview +would be removed$/m);
    expect(shown.stdout).toMatch(
      /^ {2}! 1 of the 2 keys of stack some do not have the labels owner=team-a: "four" \(pk-[0-9a-f]{16}\)\.$/m,
    );
    expect(shown.stdout).toMatch(
      /^Dry run: 2 keys of 2 stacks with the labels owner=team-a would be removed/m,
    );
    expect(shown.stdout).not.toMatch(/other|empty|five/);

    const done = await cli.report(["cleanup", "--stack", "*", ...LABEL, "--yes"]);
    expect(done).toMatchObject({ exitCode: 1, labels: { owner: "team-a" } });
    expect(stacksOf(done)).toEqual({ all: "cleaned", some: "refused" });
    expect(done.stacks.find(({ stack }) => stack === "all")?.keys).toMatchObject([{ labels }, { labels }]);
    expect(cli.names()).toEqual(["five", "four", "three"]);

    const none = await cli.run(["cleanup", "--stack", "all", ...LABEL, "--label", "purpose=test", "--yes"]);
    expect(none).toMatchObject({
      exitCode: 0,
      stdout: "No key of 1 stack has the labels owner=team-a purpose=test. Nothing to do.\n",
    });
  });

  it("counts keys in the making, and refuses a stack with one whose labels only its lost operation had", async () => {
    const own = { name: "own", labels };
    await (await cli.stack("pr-1", program({ own }))).up();
    await cli.crashedUp("pr-1", program({ own, bot: { labels } }));
    const planned = await cli.report(["cleanup", ...LABEL]);
    expect(planned.stacks[0]?.keys).toMatchObject([
      { resource: "own", labels, outcome: "would-remove" },
      { resource: "bot", labels, outcome: "would-remove" },
    ]);

    // As after the death of the plugin alone: this machine's journal is the only record.
    await cli.editCheckpoint("pr-1", (latest) => delete latest.pending_operations);
    for (const args of [[], ["--stack", "pr-1", "--yes"]]) {
      const refused = await cli.report(["cleanup", ...LABEL, ...args]);
      expect(refused).toMatchObject({
        exitCode: 3,
        stacks: [
          {
            outcome: "refused",
            problems: [{ why: expect.stringMatching(/has made keys that no state has.*: "bot-\S+" \(pk-/) }],
          },
        ],
      });
    }
    expect(cli.names()).toHaveLength(2);
    const done = await cli.report(["cleanup", "--stack", "pr-1", "--yes"]);
    expect(done).toMatchObject({ exitCode: 0 });
    expect(cli.names()).toEqual([]);
  });

  it("leaves a stack alone that another run gave a key without the labels meanwhile", async () => {
    const stack = await cli.stack("pr-1", program({ one: { name: "one", labels } }));
    await stack.up();
    cli.takeRequests();
    const list = cli.simulator.inject({
      on: { method: "GET", path: "/auth/proxy" },
      hold: true,
      applied: true,
    });
    const running = cli.start(["cleanup", "--stack", "pr-1", ...LABEL, "--yes", "--json"]);
    await list.reached();
    const later = await cli.stack("pr-1", program({ one: { name: "one", labels }, two: { name: "two" } }));
    await later.up();
    list.release();
    const { exitCode, stdout } = await running.done;
    const report = JSON.parse(stdout) as Report;
    expect({ exitCode, stacks: stacksOf(report) }).toEqual({ exitCode: 3, stacks: { "pr-1": "refused" } });
    expect(outcomes(report.stacks[0]?.keys ?? [])).toEqual({});
    expect(cli.names()).toEqual(["one", "two"]);
  });

  it("says what was done before another run gave the stack a key without the labels", async () => {
    const own = { name: "own", labels };
    await (await cli.stack("pr-1", program({ own }))).up();
    await cli.crashedUp("pr-1", program({ own, bot: { labels } }));
    const list = cli.simulator.inject({
      on: { method: "GET", path: "/auth/proxy" },
      hold: true,
      applied: true,
    });
    const log = join(cli.project.folders.work, "audit.jsonl");
    const running = cli.start(["cleanup", "--stack", "pr-1", ...LABEL, "--yes", "--settle", "1s"], {
      env: { ELECTRONHUB_AUDIT_LOG: log },
    });
    await list.reached();
    await (await cli.stack("pr-1", program({ own, two: { name: "two" } }))).up();
    list.release();
    const { exitCode, stdout } = await running.done;
    expect({ exitCode, names: cli.names() }).toEqual({ exitCode: 1, names: ["own", "two"] });
    expect(stdout).toContain(`1 of the 3 keys of stack pr-1 do not have the labels owner=team-a: "two"`);
    expect(stdout).not.toMatch(/nothing was done/i);
    expect(JSON.parse(await readFile(log, "utf8"))).toMatchObject({ outcome: "removed", labels });
  });

  it.each([
    [["--label", "owner"], /takes name=value/],
    [[...LABEL, "--label", "owner=team-b"], /"owner" twice/],
    [[...LABEL, "--yes"], /--yes needs --stack/],
  ])("is refused as %j", async (args, why) => {
    const { exitCode, stderr } = await cli.run(["cleanup", ...args]);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(why);
  });
});
