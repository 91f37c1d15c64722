import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { Accounts } from "../../../provider/cli/account/accounts";
import type { CommandContext } from "../../../provider/cli/commandContext";
import { runCommandLine } from "../../../provider/cli/program";
import type { Receipt } from "../../../provider/cli/revoking/receipt";
import { recordedTerminal } from "../../support/recordedTerminal";
import { secretsFoundIn } from "../../engine/secretScan";
import { createFixture, sent, type Fixture, type FixtureOptions } from "../fixture";

export const OF_ACCOUNTS = { simulator: { accounts: [{ name: "main" }, { name: "other" }] } };

export interface Revocation extends Fixture {
  stop: AbortController;
  /** Runs `revoke` with these keys on stdin, in this process. */
  revoke(args: readonly string[], ...keys: readonly string[]): Promise<Receipt>;
  /** The requests since the last call, in short. */
  sentSince(): string[];
  /** The lines of the audit log. */
  audited(): Promise<Record<string, unknown>[]>;
  environment: Record<string, string>;
  auditLog: string;
}

/** The command on a machine without a project and without Pulumi, in virtual time. */
export async function revocation(options: FixtureOptions = {}): Promise<Revocation> {
  const fixture = await createFixture(options);
  const { simulator, clock, transport } = fixture;
  const folder = await mkdtemp(join(tmpdir(), "revoke-"));
  const auditLog = join(folder, "audit.jsonl");
  const environment: Record<string, string> = {
    ELECTRONHUB_API_KEY: simulator.account().apiKey,
    ELECTRONHUB_BASE_URL: simulator.baseUrl,
    ELECTRONHUB_AUDIT_LOG: auditLog,
    XDG_CACHE_HOME: folder,
  };
  const secrets = new Set<string>();
  const { terminal, written } = recordedTerminal();
  onTestFinished(async () => {
    process.exitCode = undefined;
    const files = await readFile(auditLog, "utf8").catch(() => "");
    const places = Object.entries({ ...written, files }).map(([path, text]) => ({ path, text }));
    await rm(folder, { recursive: true, force: true });
    expect(secretsFoundIn(places, secrets)).toEqual([]);
  });
  const scene: Revocation = {
    ...fixture,
    stop: new AbortController(),
    environment,
    auditLog,
    async revoke(args, ...keys) {
      for (const { key } of simulator.account().keys()) secrets.add(key);
      for (const key of [...keys, simulator.account().apiKey]) secrets.add(key);
      const { stop } = scene;
      const random = () => 0.5;
      const { signal } = stop;
      const dependencies = {
        clock,
        random,
        randomBytes: () => new Uint8Array(),
        transport,
        environment,
        signal,
      };
      const world: CommandContext = {
        terminal,
        commandLine: [],
        accounts: new Accounts(dependencies, terminal),
        clock,
        random,
        environment,
        stdin: { kind: "pipe", read: () => Promise.resolve(keys.join("\n")) },
        stop: signal,
        hurry: signal,
        changes: { count: 0 },
        close: () => Promise.resolve(),
      };
      const from = written.out.length;
      await runCommandLine(["revoke", "--dir", "/nowhere", "--json", ...args], world);
      const receipt = JSON.parse(written.out.slice(from)) as Receipt;
      expect(receipt.exitCode).toBe(process.exitCode);
      return receipt;
    },
    sentSince() {
      const requests = sent(fixture);
      simulator.clearJournal();
      return requests;
    },
    async audited() {
      const text = await readFile(auditLog, "utf8").catch(() => "");
      return text
        .trim()
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    },
  };
  return scene;
}
