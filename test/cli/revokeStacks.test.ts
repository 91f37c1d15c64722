import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { cacheFolder } from "../../provider/config";
import type { Receipt } from "../../provider/cli/revoking/receipt";
import { fingerprintOf } from "../../provider/lifecycle/schema/fingerprint";
import { program, PROXY_KEY } from "../engine/fixture";
import { createEngineProject, type EngineProject } from "../support/engine";
import { backendUrl } from "../support/engineEnvironment";
import { mutations, useCli, type CliOptions } from "./fixture";
import { jsonOf } from "./runCli";

const cli = useCli([{ name: "main" }, { name: "other" }]);

vi.setConfig({ testTimeout: 300_000 });

/** Another project, in the same backend. */
let neighbour: EngineProject;
beforeAll(async () => {
  neighbour = await createEngineProject({ name: "neighbour", backendUrl: backendUrl(cli.project.folders) });
});
afterAll(() => neighbour.dispose());

async function revoke(args: readonly string[], input?: string, options: CliOptions = {}): Promise<Receipt> {
  const env = { ...cli.accountEnv(), ...options.env };
  const result = await cli.run(["revoke", ...args, "--json"], {
    ...options,
    env,
    ...(input === undefined ? {} : { input }),
  });
  const receipt = jsonOf<Receipt>(result);
  expect(receipt.exitCode, result.output).toBe(result.exitCode);
  return receipt;
}

const outcomesOf = ({ keys }: Receipt) =>
  Object.fromEntries(keys.map(({ name, outcome }) => [name, outcome]));

const TEAM_A = { owner: "team-a", ticket: "OPS-7" };

/** Two stacks of this project with three keys, and one of the other project with one. */
async function makeStacks(): Promise<void> {
  const far = await neighbour.stack("prod", program({ far: { name: "far" } }), { config: cli.config() });
  const one = await cli.stack(
    "pr-1",
    program({ one: { name: "one", labels: TEAM_A }, two: { name: "two" } }),
  );
  const two = await cli.stack("pr-2", program({ three: { name: "three", labels: { owner: "team-b" } } }));
  for (const stack of [far, one, two]) await stack.up();
  cli.takeRequests();
}

it("keys are selected by stack, label and name, and a dry run shows which resources have them", async () => {
  await makeStacks();
  const shown = await revoke(["--name-prefix", "o"]);
  expect(shown).toMatchObject({
    dryRun: true,
    exitCode: 0,
    stackCount: 3,
    notLookedUp: [],
    keys: [
      {
        name: "one",
        outcome: "would-revoke",
        declaredIn: [
          {
            stack: "pr-1",
            urn: `urn:pulumi:pr-1::test::${PROXY_KEY}::one`,
            resource: "one",
            labels: TEAM_A,
            role: "creates",
          },
        ],
      },
    ],
    replacements: [{ stack: "pr-1", command: "pulumi up --refresh --stack pr-1", before: [] }],
  });
  const selected = async (...args: string[]) => Object.keys(outcomesOf(await revoke(args))).toSorted();
  expect(await selected("--stack", "pr-*")).toEqual(["one", "three", "two"]);
  expect(await selected("--stack", "pr-*", "--label", "owner=team-a")).toEqual(["one"]);
  expect(await selected("--label", "owner=team-a", "--label", "ticket=OPS-8")).toEqual([]);
  expect(await selected("--stack", "pr-*", "--name-prefix", "t")).toEqual(["three", "two"]);
  // Without a project, a pattern is about this one: the other one's `prod` is another stack.
  expect(await selected("--stack", "*")).toEqual(["one", "three", "two"]);
  expect(await selected("--stack", "pr*", "--stack", "organization/neighbour/p*")).toEqual([
    "far",
    "one",
    "three",
    "two",
  ]);
  expect(await revoke(["--stack", "prod", "--yes"])).toMatchObject({ exitCode: 3 });
  // A single stack brings its own settings.
  const own = await cli.run(["revoke", "--stack", "pr-2", "--json"]);
  expect(outcomesOf(jsonOf<Receipt>(own))).toEqual({ three: "would-revoke" });
  expect(mutations(cli.takeRequests())).toEqual([]);
  const none = await cli.run(["revoke", "--stack", "qa-*", "--yes"], { env: cli.accountEnv() });
  expect(none).toMatchObject({
    exitCode: 3,
    stderr: expect.stringMatching(/No stack of the backend matches/),
  });
});

it("the receipt names the stacks of all projects, and what is in no state; only the selected keys are revoked", async () => {
  await makeStacks();
  const account = cli.simulator.account();
  const byHand = account.addKey({ name: "by-hand" });
  const far = account.findKey("far")?.key ?? "";
  const text = await cli.run(["revoke", "--yes"], { env: cli.accountEnv(), input: `${far}\n${byHand.key}` });
  expect(text.exitCode, text.output).toBe(0);
  expect(text.stdout).toMatch(/^far +pk-\S+ +never +10 +0 +organization\/neighbour\/prod: far +disabled$/m);
  expect(text.stdout).toMatch(/^by-hand .* no state +disabled$/m);
  expect(text.stdout).toMatch(/^ {2}pulumi up --refresh --stack organization\/neighbour\/prod$/m);
  expect(text.stdout).toMatch(/^1 key in no state of 3 stacks: /m);

  const done = await revoke(["--stack", "pr-*", "--label", "owner=team-a", "--yes"]);
  expect(done).toMatchObject({ exitCode: 0, keys: [{ name: "one", outcome: "removed" }] });
  expect(cli.names()).toEqual(["three", "two"]);
  await rm(cacheFolder("revoked", { XDG_CACHE_HOME: cli.project.folders.cache }), { recursive: true });
  // The state has it from this account, so it is known to be gone.
  const again = await revoke(["--stack", "pr-*", "--label", "owner=team-a", "--yes"]);
  expect(again).toMatchObject({ exitCode: 0, keys: [{ outcome: "already-gone", problems: [] }] });
});

it("a damaged backend neither prevents nor delays it; a selection by the states is refused", async () => {
  const account = cli.simulator.account();
  await (await cli.stack("prod", program({ bot: { name: "bot" } }))).up();
  const { folders, name } = cli.project;
  const file = join(folders.backend, ".pulumi", "stacks", name, "prod.json");
  const whole = await readFile(file, "utf8");
  await writeFile(file, whole.slice(0, 100));
  const key = account.findKey("bot")?.key ?? "";
  cli.takeRequests();
  for (const selection of [
    ["--stack", "prod*"],
    ["--label", "owner=a"],
  ]) {
    expect(await revoke([...selection, "--yes"])).toMatchObject({ exitCode: 3 });
  }
  expect(cli.takeRequests()).toEqual([]);
  const receipt = await revoke(["--yes"], key);
  expect(receipt).toMatchObject({
    exitCode: 0,
    keys: [{ outcome: "removed", fingerprint: fingerprintOf(key), declaredIn: [] }],
    notLookedUp: [
      expect.stringMatching(/^The stack's settings could not be looked up, so the environment's were used: /),
      expect.stringMatching(/^The stacks could not be looked up: .*truncated .*prod\.json/),
    ],
  });
  await writeFile(file, whole);
});

it("a backend that does not answer neither prevents it nor keeps the command from ending", async () => {
  const { key } = cli.simulator.account().addKey({ name: "bot" });
  const env = await cli.withPulumi('case "$*" in *"stack ls"*) sleep 1000;; esac');
  const receipt = await revoke(["--yes"], key, { env });
  expect(receipt).toMatchObject({
    exitCode: 0,
    keys: [{ outcome: "removed" }],
    notLookedUp: [
      expect.stringMatching(/the environment's were used: Pulumi has not answered within 10 s\.$/),
      expect.stringMatching(/^The stacks could not be looked up: Pulumi has not answered/),
    ],
  });
});

it("one state that cannot be read is named, and the others are looked up", async () => {
  const account = cli.simulator.account();
  await (await cli.stack("good", program({ bot: { name: "bot" } }))).up();
  await (await cli.stack("bad", program({ other: { name: "other" } }))).up();
  const env = await cli.withPulumi('case "$*" in *export*bad*) echo "error: no access" >&2; exit 255;; esac');
  const receipt = await revoke(["--yes"], account.findKey("bot")?.key, { env });
  expect(receipt).toMatchObject({
    exitCode: 0,
    keys: [{ outcome: "removed", declaredIn: [{ stack: "good" }] }],
    notLookedUp: ["The state of stack bad cannot be read: Pulumi failed: no access"],
  });
});

it("settings that cannot be read let no name select keys of the environment's account, which may be another", async () => {
  const stack = { config: cli.config(), hasPassphrase: true };
  await (await cli.stack("prod", program({ bot: { name: "ci-bot" } }), stack)).up();
  const theirs = cli.simulator.account("other").addKey({ name: "ci-theirs" });
  const env = { ...cli.accountEnv("other"), PULUMI_CONFIG_PASSPHRASE: "wrong" };
  cli.takeRequests();
  for (const args of [[], ["--yes"]]) {
    const receipt = await revoke(["--name-prefix", "ci-", ...args], undefined, { env });
    expect(receipt).toMatchObject({
      exitCode: 3,
      problems: [{ why: expect.stringMatching(/account .* is unknown.*the passphrase is wrong/) }],
    });
  }
  expect(cli.takeRequests()).toEqual([]);
  const named = await revoke(["--fingerprint", fingerprintOf(theirs.key), "--yes"], undefined, { env });
  expect(named).toMatchObject({ exitCode: 0, keys: [{ outcome: "removed" }] });
});

it("a locked stack does not hold it up; --disable-only says what enables the keys again", async () => {
  const { held, up } = await cli.upInFlight("busy", program({ bot: { name: "bot" } }), { applied: true });
  const [made] = cli.simulator.account().keys();
  const text = await cli.run(["revoke", "--yes", "--disable-only"], {
    env: cli.accountEnv(),
    input: made?.key ?? "",
  });
  expect(text.exitCode, text.output).toBe(0);
  expect(cli.simulator.account().keys()).toMatchObject([{ isActive: false }]);
  held.remove();
  await up;
  const { stdout } = await cli.run(["revoke", "--stack", "busy", "--disable-only", "--yes"], {
    env: cli.accountEnv(),
  });
  expect(stdout).toMatch(
    /^Until the keys are removed, `pulumi up --refresh` enables them again in stack busy, which declared them as enabled\.$/m,
  );
});
