import { describe, expect, it } from "vitest";
import { stacksOf, useCli } from "./fixture";

const cli = useCli();

describe("the stacks of a cleanup", () => {
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
    expect(await chosen("--except", "acme/test/prod")).toEqual(["acme/test/dev", "other/test/prod"]);
    expect(await chosen("--except", "acme/prod")).toEqual(["acme/test/dev", "other/test/prod"]);
    expect(await chosen("--except", "prod")).toEqual(["acme/test/dev"]);
    expect(await chosen("--stack", "acme/test/*")).toEqual(["acme/test/prod", "acme/test/dev"]);
    expect(await chosen("--stack", "acme/prod", "other/test/prod")).toEqual([
      "acme/test/prod",
      "other/test/prod",
    ]);
  });

  it("are not changed if an exception matches none; a dry run shows that", async () => {
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
