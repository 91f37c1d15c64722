import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Account } from "pulumi-electronhub";
import { describe, expect, it } from "vitest";
import { declare, LIST, LOOKUP, program } from "../engine/fixture";
import { useCli } from "./fixture";
import { outcomes, stacksOf } from "./reports";

const cli = useCli([{ name: "main" }, { name: "other" }]);

const named = (...names: readonly string[]) =>
  program(Object.fromEntries(names.map((name) => [name, { name }])));

describe("a cleanup with several accounts", () => {
  it("shows that another account owns the keys, if the API key is another account's by now", async () => {
    const stack = await cli.project.stack("moved", named("bot"), { config: {}, env: cli.accountEnv() });
    await stack.up();
    const args = ["cleanup", "--stack", "moved"];
    const shown = await cli.report(args, { env: cli.accountEnv("other") });
    expect(outcomes(shown.stacks[0]?.keys ?? [])).toEqual({ bot: "foreign" });
    expect(shown.stacks[0]?.keys[0]?.why).toMatch(
      /^Key "bot" .* cannot be removed: .*owned by another account/,
    );
    expect(shown.exitCode).toBe(3);

    const done = await cli.report([...args, "--yes"], { env: cli.accountEnv() });
    expect(done.exitCode).toBe(0);
    expect(cli.names()).toEqual([]);
  });

  it("removes what it can if another account's key is refused; a second run does the rest", async () => {
    const { simulator, project } = cli;
    await (await cli.stack("mixed", named("mine", "theirs"))).up();
    await (await cli.stack("plain", named("plain"))).up();
    await project.pulumi(["stack", "select", "mixed"]);
    const { theirs = "" } = await cli.secretKeys("mixed");
    simulator.account().removeKey(theirs);
    simulator.account("other").addKey({ name: "theirs", key: theirs });
    cli.takeRequests();

    const shown = await cli.report(["cleanup", "--stack", "mixed"]);
    expect(cli.takeRequests()).toEqual([LIST, LOOKUP]);
    expect(outcomes(shown.stacks[0]?.keys ?? [])).toEqual({ mine: "would-remove", theirs: "foreign" });
    expect(shown).toMatchObject({ exitCode: 1, stacks: [{ outcome: "planned" }] });
    const failed = await cli.report(["cleanup", "--stack", "*", "--yes"]);
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

  it("removes the keys of two accounts from a fresh checkout, and nothing with a wrong passphrase", async () => {
    const { apiKey } = cli.simulator.account("other");
    const accounts = async () => {
      const other = new Account("other", { apiKey, baseUrl: cli.simulator.baseUrl });
      declare("of-main", { name: "of-main", budget: 10 });
      declare("of-other", { name: "of-other", budget: 5 }, { provider: other });
    };
    const stack = await cli.stack("accounts", accounts, { config: cli.config(), hasPassphrase: true });
    await stack.up();
    cli.takeRequests();

    const wrong = await cli.report(["cleanup", "--stack", "*", "--yes"], {
      env: { PULUMI_CONFIG_PASSPHRASE: "wrong" },
    });
    expect(wrong).toMatchObject({ exitCode: 3, stacks: [{ outcome: "refused", keys: [] }] });
    expect(wrong.stacks[0]?.problems[0]).toMatchObject({
      why: expect.stringMatching(/secrets cannot be read.*the passphrase is wrong/),
      nextStep: expect.stringContaining("PULUMI_CONFIG_PASSPHRASE"),
    });
    expect(cli.takeRequests()).toEqual([]);

    const checkout = join(cli.project.folders.root, "checkout");
    await mkdir(checkout);
    await writeFile(join(checkout, "Pulumi.yaml"), "name: test\nruntime: nodejs\n");
    const done = await cli.report(["cleanup", "--dir", checkout, "--stack", "*", "--yes", "--remove-stack"]);
    expect(done).toMatchObject({ exitCode: 0, creditsReturned: 15, stacks: [{ outcome: "removed" }] });
    expect([cli.names(), cli.names("other")]).toEqual([[], []]);
  });

  it("removes the keys of the other accounts if one refuses", async () => {
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
    const failed = await cli.report(["cleanup", "--stack", "*", "--yes", "--remove-stack"]);
    expect(failed).toMatchObject({ exitCode: 1, creditsReturned: 10, stacks: [{ outcome: "failed" }] });
    expect(outcomes(failed.stacks[0]?.keys ?? [])).toEqual({ "of-main": "removed", "of-other": "failed" });
    expect(failed.stacks[0]?.keys.find(({ name }) => name === "of-other")?.why).toMatch(/HTTP 401/);
    expect([cli.names(), cli.names("other")]).toEqual([[], ["of-other"]]);

    refusal.remove();
    expect(await cli.run(["cleanup", "--stack", "*", "--yes", "--remove-stack"])).toMatchObject({
      exitCode: 0,
    });
    expect(cli.names("other")).toEqual([]);
  });
});
