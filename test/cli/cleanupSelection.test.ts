import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { program } from "../engine/fixture";
import { useCli } from "./fixture";
import { stacksOf } from "./reports";

const cli = useCli();

describe("the stacks of a cleanup", () => {
  it("are those of the project whose file is in a parent folder", async () => {
    await cli.project.pulumi(["stack", "init", "pr-1"]);
    const inner = join(cli.project.folders.work, "src", "deep");
    await mkdir(inner, { recursive: true });
    const shown = await cli.report(["cleanup"], { cwd: inner });
    expect(stacksOf(shown)).toEqual({ "pr-1": "planned" });
    expect(await cli.report(["recover", "--stack", "pr-1", "--dir", inner], { cwd: "/" })).toMatchObject({
      exitCode: 0,
      stack: "pr-1",
    });
    expect(await cli.run(["cleanup", "--dir", "srk"])).toMatchObject({
      exitCode: 3,
      stderr: expect.stringMatching(/^There is no folder /),
    });
  });

  it("are chosen by patterns of names and by age", async () => {
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

  it("are not those that only look old, because this machine's clock is ahead", async () => {
    await (await cli.stack("pr-1", program({ bot: { name: "bot" } }))).up();
    const updatedMs = Date.now() - 2 * 3_600_000;
    await cli.editCheckpoint("pr-1", (latest) => {
      latest.manifest.time = new Date(updatedMs).toISOString();
    });
    const [bot] = cli.simulator.account().keys();
    const body = [
      { name: "bot", key: bot?.key ?? "", expires_at: -1, allocated_ammount: 1, is_active: true },
    ];
    const date = new Date(updatedMs + 60_000).toUTCString();
    const answer = { on: { path: "/auth/proxy" }, times: Infinity, status: 200, body, headers: { date } };
    const answers = cli.simulator.inject(answer);
    const report = await cli.report(["cleanup", "--stack", "pr-1", "--older-than", "1h", "--yes"]);
    answers.remove();
    expect(report).toMatchObject({ exitCode: 3, stacks: [{ outcome: "refused", keys: [] }] });
    expect(report.stacks[0]?.problems[0]?.why).toMatch(/: this machine's clock is .* ahead of the API's\.$/);
    expect(cli.names()).toEqual(["bot"]);
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

  it("do not include those that an exception names in any form, or of another organization", async () => {
    const env = await likeCloud("acme/test/prod", "acme/test/dev", "other/test/prod");
    const chosen = async (...args: string[]) =>
      Object.keys(stacksOf(await cli.report(["cleanup", ...args], { env })));
    const all = "--include-production";
    expect(await chosen(all, "--except", "acme/test/prod")).toEqual(["acme/test/dev", "other/test/prod"]);
    expect(await chosen(all, "--except", "acme/prod")).toEqual(["acme/test/dev", "other/test/prod"]);
    expect(await chosen(all, "--except", "prod")).toEqual(["acme/test/dev"]);
    expect(await chosen(all, "--stack", "acme/test/*")).toEqual(["acme/test/prod", "acme/test/dev"]);
    expect(await chosen("--stack", "acme/test/*")).toEqual(["acme/test/dev"]);
    expect(await chosen("--stack", "acme/prod", "other/test/prod")).toEqual([
      "acme/test/prod",
      "other/test/prod",
    ]);
  });

  it("include no production that only a wildcard matches, and the report names it", async () => {
    for (const stack of ["pr-1", "prod", "Live"])
      await (await cli.stack(stack, program({ [stack]: { name: stack } }))).up();
    const shown = await cli.run(["cleanup"]);
    expect(shown.stdout).toMatch(
      /1 key of 1 stack would be removed.*; add --stack with the stacks' names, and --yes, to do it/,
    );
    expect(shown.stderr).toContain("Left alone, because their names look like production: Live, prod.");
    expect(await cli.report(["cleanup", "--yes"])).toMatchObject({ exitCode: 2 });
    expect(cli.names()).toEqual(["Live", "pr-1", "prod"]);
    const done = await cli.report(["cleanup", "--stack", "*", "p*", "--yes", "--remove-stack"]);
    expect(done).toMatchObject({ exitCode: 0, leftOut: ["Live", "prod"], unmatched: [] });
    expect([cli.names(), await cli.stackNames()]).toEqual([
      ["Live", "prod"],
      ["Live", "prod"],
    ]);
    expect(await cli.run(["cleanup", "--stack", "pro?", "--yes"])).toMatchObject({
      exitCode: 0,
      stdout: "No other stack matches: nothing to do.\n",
    });
    await cli.report(["cleanup", "--stack", "Live", "--yes", "--remove-stack"]);
    expect(await cli.stackNames()).toEqual(["prod"]);
    await cli.report(["cleanup", "--stack", "*", "--include-production", "--yes", "--remove-stack"]);
    expect([cli.names(), await cli.stackNames()]).toEqual([[], []]);
  });

  it("are not changed if an exception matches none; a dry run shows that", async () => {
    for (const stack of ["pr-1", "prod"]) await cli.project.pulumi(["stack", "init", stack]);
    const problem = { why: "--except 'prd*' matches no stack of the project.", nextStep: expect.any(String) };
    const args = ["cleanup", "--stack", "*", "--except", "prod", "--except", "prd*"];
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
  it("are removed without a change of the selected stack", async () => {
    for (const stack of ["pr-1", "prod"]) await cli.project.pulumi(["stack", "init", stack]);
    await cli.project.pulumi(["stack", "select", "prod"]);
    expect(await cli.run(["cleanup", "--stack", "pr-*", "--yes", "--remove-stack"])).toMatchObject({
      exitCode: 0,
    });
    const { stdout } = await cli.project.pulumi(["stack", "ls", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject([{ name: "prod", current: true }]);
  });

  it("are removed without a change of the selected stack while PULUMI_STACK selects another", async () => {
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
});
