import { existsSync, readFileSync, statSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { ProxyKeyArgs } from "pulumi-electronhub";
import { expect, it } from "vitest";
import { runCli } from "../cli/runCli";
import { expectFailure } from "../support/engine";
import { endProcesses } from "../support/processes";
import { allReached, declare, diagnosticsOf, program, useEngine, createdFor } from "./fixture";
import { secretsFoundIn } from "./secretScan";

const engine = useEngine();

const file = () => join(engine.project.folders.work, "audit.jsonl");
const lines = () => readFileSync(file(), "utf8").trimEnd().split("\n");
const entries = () => lines().map((line) => JSON.parse(line) as Entry);

interface Entry {
  time: string;
  action: string;
  name: string;
  fingerprint?: string;
  outcome: string;
  reason?: string;
  requests: number;
  settings?: object;
}

/** The entries since the first `count`, in short; those of one command have no fixed order. */
function summaries(count: number): string[] {
  return entries()
    .slice(count)
    .map(({ action, name, outcome, requests }) => `${action} ${name}: ${outcome} (${requests})`)
    .toSorted();
}

const KEYS: Record<string, Partial<ProxyKeyArgs>> = {
  alpha: { budgetWindow: "weekly", models: ["gpt-4o", "gpt-4o-mini"], allowedIps: ["10.0.0.0/8"] },
  beta: {},
  gamma: {},
  delta: {},
  parked: { onDestroy: "disable" },
};
const withBudget = (changes: Record<string, Partial<ProxyKeyArgs>>) =>
  program(
    Object.fromEntries(
      Object.entries(KEYS).map(([name, args]) => [name, { name, ...args, ...changes[name] }]),
    ),
  );

it("one line for each operation that changed something, on the disk before Pulumi hears of it", async () => {
  const { simulator, project } = engine;
  const account = simulator.account();
  const stack = await engine.stack("audit", withBudget({}), {
    config: { ...engine.config(), "electronhub:auditLog": { value: "audit.jsonl" } },
  });
  const balance = { error: { message: "Insufficient balance", type: "error", param: null, code: 402 } };
  simulator.inject({
    on: { path: "/auth/proxy/create", keyName: createdFor("beta") },
    status: 402,
    body: balance,
  });

  const startedMs = Date.now();
  await expectFailure(stack.up({ continueOnError: true }));
  expect(summaries(0)).toEqual([
    "create alpha: created (2)",
    "create beta: failed (1)",
    "create delta: created (2)",
    "create gamma: created (2)",
    "create parked: created (2)",
  ]);
  for (const { time, fingerprint, outcome, settings, reason } of entries()) {
    expect(time).toBe(new Date(time).toISOString());
    expect(Date.parse(time)).toBeGreaterThanOrEqual(startedMs - 1_000);
    expect(fingerprint ?? "pk-").toMatch(/^pk-/);
    expect(settings).toBeUndefined();
    expect(String(reason)).toMatch(outcome === "failed" ? /HTTP 402: "Insufficient balance"/ : /undefined/);
  }
  expect(statSync(file()).mode & 0o777).toBe(process.platform === "win32" ? 0o666 : 0o600);

  stack.setProgram(withBudget({ alpha: { budget: 20 }, gamma: { enabled: false } }));
  await stack.up();
  expect(summaries(5)).toEqual([
    "create beta: created (2)",
    "update alpha: updated (1)",
    "update gamma: updated (2)",
  ]);
  // Operations that change nothing leave no line.
  await stack.refresh();
  await stack.preview();
  expect(lines()).toHaveLength(8);

  const keys = await engine.secretKeys("audit");
  const kept = await engine.keysInState("audit");
  account.removeKey("delta");
  account.spend("alpha", 1);
  const refused = simulator.inject({
    on: { path: "/auth/proxy/remove", keyName: "gamma" },
    status: 403,
    body: { detail: "This proxy key belongs to another account" },
    hold: true,
  });
  const destroy = project.spawn(["destroy", "--yes", "--skip-preview", "--stack", "audit"]);
  await allReached([refused], destroy.done);
  for (const name of ["alpha", "beta", "delta", "parked"]) {
    await destroy.waitForOutput(new RegExp(`${name} deleted`));
    expect(summaries(8).join(), "written before the engine says so").toMatch(new RegExp(`delete ${name}: `));
  }
  refused.release();
  expect(await destroy.done).not.toMatchObject({ exitCode: 0 });
  expect(summaries(8)).toEqual([
    "delete alpha: removed (1)",
    "delete beta: removed (1)",
    "delete delta: already deleted (1)",
    "delete gamma: failed (1)",
    "delete parked: disabled (2)",
  ]);
  const deletion = entries()
    .slice(8)
    .find(({ name }) => name === "alpha");
  expect(deletion).toMatchObject({ fingerprint: kept["alpha"]?.id });
  // The backup: with these settings the key can be declared again.
  expect(deletion?.settings).toMatchObject({
    name: "alpha",
    budget: 20,
    budgetWindow: "weekly",
    expiresAt: "never",
    models: ["gpt-4o", "gpt-4o-mini"],
    allowedIps: ["10.0.0.0/8"],
    enabled: true,
    onDestroy: "remove",
    createdAt: expect.stringMatching(/^\d{4}-/),
  });

  // A folder in the log's place: nothing is sent, and nothing is lost.
  const before = lines();
  const verification = await runCli(["audit", "--verify", file()]);
  expect(verification).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining(`${before.length} lines, intact.`),
  });
  engine.takeRequests();
  await rm(file());
  await mkdir(file());
  const blocked = await project.destroy("audit");
  expect(blocked.exitCode).not.toBe(0);
  expect(diagnosticsOf(blocked.output)).toContain(
    `Cannot remove proxy key "gamma" (${kept["gamma"]?.id}): The audit log ${file()} cannot be written (EISDIR)`,
  );
  expect(engine.takeRequests()).toEqual([]);
  await rm(file(), { recursive: true });

  // The engine dies before it hears of the removal: the line is there all the same.
  const removal = simulator.inject({ on: { path: "/auth/proxy/remove" }, hold: true });
  const killed = project.spawn(["destroy", "--yes", "--skip-preview", "--stack", "audit"]);
  await allReached([removal], killed.done);
  killed.kill("SIGKILL");
  await killed.done;
  removal.release();
  await expect.poll(() => existsSync(file()) && summaries(0)).toEqual(["delete gamma: removed (1)"]);
  endProcesses(killed.orphans);

  const secrets = [account.apiKey, ...Object.values(keys)];
  const text = [...before, ...lines()].join("\n");
  expect(secretsFoundIn([{ path: "audit.jsonl", text }], secrets)).toEqual([]);
});

class Account extends pulumi.ProviderResource {}

it("a log that cannot be written stops an operation before it has sent anything", async () => {
  const { work } = engine.project.folders;
  await mkdir(join(work, "folder"));
  const logs: Record<string, [path: string, code: string]> = {
    folder: ["folder", "EISDIR"],
    parent: ["missing/audit.jsonl", "ENOENT"],
    // Opening it works, and only the first line would fail.
    ...(existsSync("/dev/full") ? { device: ["/dev/full", "it is not a regular file"] } : {}),
  };
  const stack = await engine.stack("unwritable", async () => {
    for (const [name, [path]] of Object.entries(logs)) {
      const provider = new Account("pulumi-nodejs", name, {
        ...Object.fromEntries(Object.entries(engine.config()).map(([key, { value }]) => [key, value])),
        "electronhub:auditLog": path,
      });
      declare(`${name}-key`, { name, budget: 10 }, { provider });
    }
  });
  const { output } = await expectFailure(stack.up({ continueOnError: true }));
  const diagnostics = diagnosticsOf(output);
  for (const [name, [path, code]] of Object.entries(logs)) {
    const log = join(path.startsWith("/") ? "" : work, path);
    const message = `Cannot create proxy key "${name}": The audit log ${log} cannot be written (${code}), and without it nothing is changed.`;
    const [, ...explained] = diagnostics.split(message);
    expect(explained, name).toHaveLength(1);
    expect(explained[0]?.trimStart(), name).toMatch(
      /^Create its folder, and make the folder and the file writable, or change electronhub:auditLog\.\n/,
    );
  }
  expect(engine.takeRequests()).toEqual([]);
  expect(await engine.keysInState("unwritable")).toEqual({});
});
