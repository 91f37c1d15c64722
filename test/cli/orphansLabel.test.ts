import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { program } from "../engine/fixture";
import { mutations, useCli } from "./fixture";
import { outcomes } from "./reports";

const cli = useCli();

const log = () => join(cli.project.folders.work, "audit.jsonl");

function orphans(args: readonly string[], env: Record<string, string> = {}) {
  const options = { env: { ...cli.accountEnv(), ELECTRONHUB_AUDIT_LOG: log(), ...env } };
  return cli.report(["orphans", ...args], options);
}

/** Keys of a stack that was forgotten, and one of a stack that is left. */
async function makeOrphans(): Promise<void> {
  await rm(log(), { force: true });
  const config = { ...cli.config(), "electronhub:auditLog": { value: log() } };
  const keys = {
    a: { name: "a", labels: { owner: "team-a", ticket: "OPS-7" } },
    b: { name: "b", labels: { owner: "team-b" } },
    c: { name: "c", labels: { owner: "team-a" } },
    plain: { name: "plain" },
  };
  const gone = await cli.stack("gone", program(keys), { config });
  await gone.up();
  // The newest labels count, also if nothing else of the key has changed.
  gone.setProgram(program({ ...keys, c: { name: "c", labels: { owner: "team-b" } } }));
  await gone.up();
  await cli.project.pulumi(["stack", "rm", "--force", "--yes", "--stack", "gone"]);
  await (await cli.stack("left", program({ own: { name: "own" } }))).up();
  // As on the machine of another pipeline: that of the runs may still know creations of the stack.
  await cli.forgetCreations();
  cli.takeRequests();
}

it("have the labels of the audit log, which select what is removed", async () => {
  await makeOrphans();
  const { orphans: all } = await orphans([]);
  expect(Object.fromEntries(all.map(({ name, labels }) => [name, labels]))).toEqual({
    a: { owner: "team-a", ticket: "OPS-7" },
    b: { owner: "team-b" },
    c: { owner: "team-b" },
    plain: undefined,
  });
  const text = await cli.run(["orphans", "--label", "owner=team-a"], {
    env: { ...cli.accountEnv(), ELECTRONHUB_AUDIT_LOG: log() },
  });
  expect(text.exitCode).toBe(0);
  expect(text.stdout).toMatch(
    /^key +fingerprint +made +last use +unused credits +labels\na .* owner=team-a ticket=OPS-7\n1 key in none/,
  );
  const none = await cli.run(["orphans", "--label", "owner=team-c"], {
    env: { ...cli.accountEnv(), ELECTRONHUB_AUDIT_LOG: log() },
  });
  expect(none.stdout).toBe("No key of the account has owner=team-c in the audit log.\n");

  const half = await orphans(["--label", "owner=team-a", "--remove", "--yes"]);
  expect(half).toMatchObject({
    exitCode: 2,
    problems: [{ why: expect.stringContaining("needs --name-prefix") }],
  });
  const bFingerprint = all.find(({ name }) => name === "b")?.fingerprint ?? "";
  const other = await orphans([
    "--fingerprint",
    bFingerprint,
    "--label",
    "owner=team-a",
    "--remove",
    "--yes",
  ]);
  expect(other).toMatchObject({
    exitCode: 3,
    orphans: [],
    problems: [{ why: expect.stringContaining("does not match --label") }],
  });
  expect(mutations(cli.takeRequests())).toEqual([]);

  const done = await orphans(["--fingerprint", bFingerprint, "--label", "owner=team-b", "--remove", "--yes"]);
  expect(done.exitCode).toBe(0);
  expect(outcomes(done.orphans)).toEqual({ b: "removed" });
  expect(cli.names()).toEqual(["a", "c", "own", "plain"]);
  const shown = await cli.run(["audit", "--label", "owner=team-b", "--json", log()]);
  expect(JSON.parse(shown.stdout.trimEnd().split("\n").at(-1) ?? "")).toMatchObject({
    action: "delete",
    fingerprint: bFingerprint,
    outcome: "removed",
  });
  expect((await cli.run(["audit", "--verify", log()])).exitCode).toBe(0);
});

it("are not removed by labels of a log that was changed", async () => {
  await makeOrphans();
  await writeFile(log(), (await readFile(log(), "utf8")).replace('"owner":"team-b"', '"owner":"team-a"'));
  const args = ["--name-prefix", "b", "--label", "owner=team-b"];
  expect((await orphans(args)).problems).toEqual([]);
  const refused = await orphans([...args, "--remove", "--yes"]);
  expect(refused).toMatchObject({
    exitCode: 3,
    problems: [
      {
        why: `The audit log ${log()} is not as it was written, so its labels select no key for a removal.`,
        nextStep: expect.stringContaining(`\`npx pulumi-electronhub audit --verify ${log()}\``),
      },
    ],
  });
  expect(mutations(cli.takeRequests())).toEqual([]);
  const regardless = await orphans(["--name-prefix", "b", "--remove", "--yes"]);
  expect(outcomes(regardless.orphans)).toEqual({ b: "removed" });
});

it("cannot be selected by labels without an audit log", async () => {
  await makeOrphans();
  const without = await orphans(["--label", "owner=team-a"], { ELECTRONHUB_AUDIT_LOG: "" });
  expect(without).toMatchObject({
    exitCode: 2,
    problems: [
      {
        why: expect.stringMatching(
          /^--label needs an audit log: .*Set electronhub:auditLog or ELECTRONHUB_AUDIT_LOG/,
        ),
      },
    ],
  });
  await rm(log());
  const missing = await orphans(["--label", "owner=team-a"]);
  const why = `There is no audit log ${log()}.`;
  expect(missing).toMatchObject({ exitCode: 2, problems: [{ why: expect.stringContaining(why) }] });
  const unlabeled = await cli.run(["orphans"], {
    env: { ...cli.accountEnv(), ELECTRONHUB_AUDIT_LOG: log() },
  });
  expect(unlabeled.exitCode).toBe(0);
  expect(unlabeled.stderr).toContain(`No labels are shown: ${why}`);
  expect(unlabeled.stdout).not.toContain("labels");
  expect(cli.names()).toEqual(["a", "b", "c", "own", "plain"]);
});
