import { expect, describe, it } from "vitest";
import { program } from "../engine/fixture";
import { useRecover } from "./recoverFixture";

const { cli, remembered, crashed } = useRecover();

describe("a key that got its chosen name before its run was killed", () => {
  it("is found by the journal; another machine reports it and clears nothing", async () => {
    await cli.crashedUp("renamed", program({ bot: { name: "billing" } }), {
      on: { path: "/auth/proxy/update" },
    });
    expect(cli.names()).toEqual(["billing"]);
    const otherMachine = { XDG_CACHE_HOME: cli.project.folders.temporary };
    const reported = await cli.report(["recover", "--stack", "renamed", "--yes"], { env: otherMachine });
    expect(reported).toMatchObject({
      exitCode: 1,
      keys: [],
      cleared: 0,
      problems: [
        { why: expect.stringMatching(/a key of that name \(pk-[0-9a-f]{16}\) that is in no stack/) },
      ],
    });
    expect(cli.names()).toEqual(["billing"]);
    expect(await cli.report(["recover", "--stack", "renamed", "--yes"])).toMatchObject({
      exitCode: 0,
      keys: [{ name: "billing", resource: "bot", outcome: "removed" }],
      cleared: 1,
    });
    expect([cli.names(), remembered()]).toEqual([[], []]);
  });
});

describe("the account of a stack whose state has no key", () => {
  it("has to be proven before an interrupted creation counts as nothing", async () => {
    await cli.crashedUp("proof", program({ bot: { name: "billing" } }));
    await cli.forgetCreations();
    // As where the API key came from the environment.
    await cli.editCheckpoint("proof", ({ resources }) => {
      for (const resource of resources) {
        if (resource["type"] === "pulumi:providers:pulumi-nodejs") resource["inputs"] = {};
      }
    });
    for (const key of ["apiKey", "baseUrl"]) {
      const args = ["config", "rm", `electronhub:${key}`, "--stack", "proof"];
      expect(await cli.project.pulumi(args)).toMatchObject({ exitCode: 0 });
    }
    const { apiKey } = cli.simulator.addAccount({ name: "wrong" });
    const wrong = { ...cli.accountEnv(), ELECTRONHUB_API_KEY: apiKey };
    const keys = cli.names();

    const refused = await cli.report(["recover", "--stack", "proof", "--yes"], { env: wrong });
    expect(refused).toMatchObject({
      exitCode: 1,
      keys: [],
      cleared: 0,
      problems: [
        {
          why: expect.stringMatching(
            /key "billing" \(resource bot\).*SHA-256 begins with [0-9a-f]{16}\).*nothing proves/,
          ),
          nextStep: expect.stringContaining("`pulumi refresh --clear-pending-creates --stack proof`"),
        },
      ],
    });
    const cleanup = ["cleanup", "--stack", "proof", "--yes", "--remove-stack"];
    expect(await cli.report(cleanup, { env: wrong })).toMatchObject({
      exitCode: 1,
      stacks: [{ outcome: "failed", problems: [{ why: expect.stringContaining("nothing proves") }] }],
    });
    expect(await cli.project.pendingOperations("proof")).toHaveLength(1);
    expect(cli.names()).toEqual(keys);

    const done = await cli.report(["recover", "--stack", "proof", "--yes"], { env: cli.accountEnv() });
    expect(done).toMatchObject({ exitCode: 0, keys: [{ outcome: "removed" }], cleared: 1 });
    expect(cli.names()).toEqual([]);
  });

  it("is proven by the interrupted creation itself, on any machine, also where it made no key", async () => {
    await cli.crashedUp("nothing", program({ bot: {} }));
    await cli.forgetCreations();
    for (const { key } of cli.simulator.account().keys()) cli.simulator.account().removeKey(key);
    expect(await cli.report(["recover", "--stack", "nothing", "--yes"])).toMatchObject({
      exitCode: 0,
      keys: [],
      cleared: 1,
    });
  });
});

describe("a key or a resource that is not certainly lost", () => {
  it("is reported and stays, with every interrupted operation: a key that was used", async () => {
    const account = cli.simulator.account();
    await crashed("explicit", ["used", "solo"]);
    await cli.forgetCreations();
    const used = cli.names().find((name) => name.startsWith("used-")) ?? "";
    account.spend(used, 1);

    const first = await cli.report(["recover", "--stack", "explicit", "--yes"]);
    expect(first).toMatchObject({
      exitCode: 1,
      cleared: 0,
      keys: [{ resource: "solo", outcome: "removed" }],
      problems: [
        {
          why: expect.stringMatching(new RegExp(`"${used}".* has been used since, so an application has it`)),
        },
      ],
    });
    expect(cli.names()).toEqual([used, "zero"].toSorted());
    expect(await cli.project.pendingOperations("explicit")).toHaveLength(2);

    account.removeKey(used);
    expect(await cli.report(["recover", "--stack", "explicit", "--yes"])).toMatchObject({
      exitCode: 0,
      cleared: 2,
    });
    expect(cli.names()).toEqual(["zero"]);
  });

  it("and an interrupted creation of another provider keep the state as it is", async () => {
    await crashed("foreign", ["one"]);
    const bucket = "urn:pulumi:foreign::test::aws:s3/bucket:Bucket::files";
    await cli.editCheckpoint("foreign", ({ pending_operations: operations = [] }) => {
      const resource = { urn: bucket, custom: true, type: "aws:s3/bucket:Bucket" };
      operations.push({ type: "creating", resource });
    });
    const report = await cli.report(["recover", "--stack", "foreign", "--yes"]);
    expect(report).toMatchObject({
      exitCode: 1,
      cleared: 0,
      keys: [{ resource: "one", outcome: "removed" }],
    });
    expect(report.problems).toEqual([
      { why: expect.stringContaining(bucket), nextStep: expect.stringContaining("pulumi refresh") },
    ]);
    expect(await cli.project.pendingOperations("foreign")).toHaveLength(2);
  });
});
