import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { FaultSpec } from "../../provider/testing";
import type { Receipt } from "../../provider/cli/revoking/receipt";
import { fingerprintOf } from "../../provider/lifecycle/schema/fingerprint";
import { LIST, LOOKUP, REMOVE, TOGGLE } from "../engine/fixture";
import { secretsFoundIn } from "../engine/secretScan";
import { mutations, useCli, type CliOptions } from "./fixture";
import { jsonOf } from "./runCli";

const cli = useCli([{ name: "main" }, { name: "other" }]);

vi.setConfig({ testTimeout: 300_000 });

/** A machine without a project and without a login. */
let bare: CliOptions & { cwd: string };
beforeAll(async () => {
  const cwd = await mkdtemp(join(tmpdir(), "incident-"));
  const env = { ...cli.accountEnv(), PULUMI_HOME: cwd, PULUMI_BACKEND_URL: "", PULUMI_ACCESS_TOKEN: "" };
  bare = { cwd, env };
});
afterAll(() => rm(bare.cwd, { recursive: true, force: true }));

async function revoke(args: readonly string[], input?: string, options: CliOptions = bare): Promise<Receipt> {
  const result = await cli.run(["revoke", ...args, "--json"], {
    ...options,
    ...(input === undefined ? {} : { input }),
  });
  const receipt = jsonOf<Receipt>(result);
  expect(receipt.exitCode, result.output).toBe(result.exitCode);
  return receipt;
}

describe("on a machine without a login", () => {
  it("a leaked key is disabled by three requests, removed and proven, and one line says what was not looked up", async () => {
    const { key, name } = cli.simulator.account().addKey({ name: "bot", allocatedAmount: 5 });
    cli.simulator.inject({ times: Infinity, latencyMs: 50 });
    const startedMs = performance.now();
    const running = cli.start(["revoke", "--yes"], { ...bare, input: `\u{FEFF}  ${key} \r\n` });
    await running.waitForOutput(/disabled, and verified/);
    const disabledMs = performance.now() - startedMs;
    const { exitCode, stdout } = await running.done;
    expect({ exitCode, stdout }).toEqual({
      exitCode: 0,
      stdout: expect.stringMatching(
        /^bot +pk-[0-9a-f]{16} .* disabled\n.*not logged in[^\n]*\nReceipt .*:\n {2}bot \(pk-.*: disabled 2\S+Z, removed 2\S+Z, proven gone 2\S+Z\n {4}settings: .*"budget":5.*\n1 key removed, 5 credits returned\.$/m,
      ),
    });
    expect(cli.takeRequests()).toEqual([LOOKUP, TOGGLE, LOOKUP, REMOVE, LIST]);
    expect(cli.simulator.account().findKey(name)).toBeUndefined();
    process.stdout.write(
      `From stdin to a disabled and verified key, 50 ms per response: ${Math.round(disabledMs)} ms with the start of the process, 3 requests.\n`,
    );
  });

  it("is only shown without --yes", async () => {
    const { key } = cli.simulator.account().addKey({ name: "bot" });
    const shown = await revoke([], key);
    expect(shown).toMatchObject({ dryRun: true, exitCode: 0, keys: [{ outcome: "would-revoke" }] });
    expect(mutations(cli.takeRequests())).toEqual([]);
  });

  it("a key that is not copied exactly is nowhere said to be removed", async () => {
    const { key } = cli.simulator.account().addKey({ name: "bot" });
    const text = await cli.run(["revoke", "--yes"], { ...bare, input: key.slice(0, -5) });
    expect(text.stdout).toMatch(/ not found$[^]*: nothing was done$[^]*"bot" \(pk-/m);
    expect(text.output).not.toMatch(/already removed|removed before/);
    expect(text.exitCode).toBe(3);
  });

  it("another account's key and one that is gone do not hold up the others", async () => {
    const [main, other] = [cli.simulator.account(), cli.simulator.account("other")];
    const keys = [
      main.addKey({ name: "one" }),
      other.addKey({ name: "theirs" }),
      main.addKey({ name: "gone" }),
    ];
    main.removeKey("gone");
    const receipt = await revoke(["--yes"], keys.map(({ key }) => key).join("\n"));
    expect(receipt).toMatchObject({
      exitCode: 1,
      keys: [{ outcome: "removed" }, { outcome: "foreign" }, { outcome: "already-gone" }],
    });
    expect(cli.names("other")).toEqual(["theirs"]);
    expect(cli.names()).toEqual([]);
  });
});

describe("a wrong command line", () => {
  const KEY = "ek-proxy-00112233445566778899aabbccddeeff";

  it.each([
    ["a key as an argument", [KEY], undefined, /history/],
    ["a key in an option", ["--yes", `--fingerprint=${KEY}`], undefined, /history/],
    ["a key as an option", [`--${KEY}`], undefined, /history/],
    ["a part of a key as an argument", [KEY.slice(3)], undefined, /too many arguments/],
    ["an empty stdin", ["--yes"], "\r\n", /stdin is empty/],
    ["far too much on stdin", ["--yes"], "#".repeat(300 * 1_024), /256 KiB/],
    ["no stdin", ["--yes"], undefined, /stdin is empty/],
    ["an API key on stdin", ["--yes"], `${KEY}\nek-00112233445566778899\n`, /Line 2 .* API key/],
    ["a shortened key on stdin", ["--yes"], "ek-proxy-0011...eeff", /Line 1 .* whole/],
    ["an empty prefix", ["--name-prefix", ""], undefined, /--name-prefix/],
    ["a label that is none", ["--label", "owner"], undefined, /--label takes name=value/],
    [
      "both kinds of selection",
      ["--fingerprint", "pk-0123456789abcdef", "--stack", "*"],
      undefined,
      /cannot be combined/,
    ],
    ["a fingerprint that is none", ["--fingerprint", "pk-1"], undefined, /--fingerprint takes/],
    ["both --yes and --dry-run", ["--yes", "--dry-run"], KEY, /--dry-run/],
  ])("is refused before anything is sent, and repeats no key: %s", async (_, args, input, says) => {
    const { exitCode, output } = await cli.run(["revoke", ...args], {
      ...bare,
      ...(input === undefined ? {} : { input }),
    });
    expect(output).toMatch(says);
    expect(output).not.toMatch(/0011|eeff/);
    expect(exitCode).toBe(2);
    expect(cli.takeRequests()).toEqual([]);
  });
});

describe("killed between any two requests and run again", () => {
  /** @returns whether a request was held. */
  const kill = async (
    args: readonly string[],
    input: string | undefined,
    at: FaultSpec,
  ): Promise<boolean> => {
    const held = cli.simulator.inject({ hold: true, ...at });
    const running = cli.start(["revoke", "--yes", ...args], {
      ...bare,
      ...(input === undefined ? {} : { input }),
    });
    await Promise.race([held.reached(), running.done]);
    running.kill("SIGKILL");
    await running.done;
    held.remove();
    return held.hits > 0;
  };
  /** Each request as soon as it has taken effect; those that change something also before that. */
  const points = (requests: number): FaultSpec[] => [
    ...Array.from({ length: requests }, (_, skip) => ({ skip, applied: true })),
    ...["toggle", "remove"].map((verb) => ({ on: { path: `/auth/proxy/${verb}` }, applied: false })),
  ];

  it.each([
    ["on stdin", 5, ["bot"]],
    ["by fingerprint", 7, ["bot-1", "bot-2"]],
  ] as const)("the result is the same: keys %s", async (by, requests, names) => {
    const account = cli.simulator.account();
    const bystander = account.addKey({ name: "bystander" });
    for (const point of points(requests)) {
      const keys = names.map((name) => account.addKey({ name, allocatedAmount: 7 }).key);
      const args = keys.flatMap((key) => ["--fingerprint", fingerprintOf(key)]);
      const given = by === "on stdin" ? ([[], keys.join("\n")] as const) : ([args, undefined] as const);
      expect(await kill(given[0], given[1], point), JSON.stringify(point)).toBe(true);
      const receipt = await revoke(["--yes", ...given[0]], given[1]);
      expect(receipt, JSON.stringify(point)).toMatchObject({
        exitCode: 0,
        keys: names.map((name) => ({
          name,
          outcome: expect.stringMatching(/^(?:removed|already-gone)$/),
          provenAt: expect.any(String),
          settings: { name, budget: 7, enabled: true },
          problems: [],
        })),
      });
      expect(account.keys()).toEqual([bystander]);
      cli.takeRequests();
    }
  });
});

it("SIGINT lets removals in progress end and starts none: what is left stays disabled", async () => {
  const account = cli.simulator.account();
  const keys = Array.from({ length: 20 }, (_, at) => account.addKey({ name: `bot-${at}` }).key);
  const held = cli.simulator.inject({ on: { path: "/auth/proxy/remove" }, times: Infinity, hold: true });
  const running = cli.start(["revoke", "--yes", "--json"], { ...bare, input: keys.join("\n") });
  await held.reached(16);
  running.kill("SIGINT");
  await running.waitForOutput(/^SIGINT: /m);
  held.remove();
  const { stdout } = await running.done;
  const receipt = JSON.parse(stdout) as Receipt;
  expect(receipt.exitCode).toBe(1);
  expect(receipt.keys.filter(({ outcome }) => outcome === "removed")).toHaveLength(16);
  expect(account.keys().map(({ isActive }) => isActive)).toEqual([false, false, false, false]);
  expect(await revoke(["--yes"], keys.join("\n"))).toMatchObject({ exitCode: 0 });
  expect(account.keys()).toEqual([]);
});

it("no key is in any file that the command writes, nor in its arguments", async () => {
  const account = cli.simulator.account();
  const keys = ["one", "two"].map((name) => account.addKey({ name }).key);
  const auditLog = join(cli.project.folders.work, "revoked.jsonl");
  const held = cli.simulator.inject({ on: { path: "/auth/proxy/remove" }, hold: true });
  const env = { ...bare.env, ELECTRONHUB_AUDIT_LOG: auditLog };
  const running = cli.start(["revoke", "--yes"], { ...bare, env, input: keys.join("\n") });
  await held.reached();
  const arguments_ = running.child.spawnargs.join(" ");
  held.remove();
  await running.done;
  const places = [{ path: "(arguments)", text: arguments_ }, ...(await cli.project.allFilesText())];
  const paths = places.map(({ path }) => path).join("\n");
  for (const part of ["revoked.jsonl", "/revoked/", "/rate/"]) expect(paths).toContain(part);
  expect(
    places
      .find(({ path }) => path.endsWith("revoked.jsonl"))
      ?.text.trim()
      .split("\n"),
  ).toHaveLength(4);
  expect(secretsFoundIn(places, [...keys, account.apiKey])).toEqual([]);
});
