import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSimulator, type JournalEntry, type Simulator } from "../../provider/testing";
import { createEngineProject, type EngineProject, type StackConfig } from "../support/engine";
import { startRedis, withoutRedis, type RedisServer } from "../support/redisServer";
import { until } from "../support/until";
import { accountOf, allReached, declare, diagnosticsOf, program, PROVIDER, settingsInState } from "./fixture";

/** Machines that share an account's window: each with a cache folder of its own. */

/** On the machine's clock, so the window is short: a setting of the provider has its length. */
const LIMIT = { limit: 5, windowMs: 8_000 };
const RATE_SETTING = "5/8s";
const KEYS = 6;
/** Three machines need four windows for a phase. */
const OPTIMUM_MS = 3 * LIMIT.windowMs;

const PASSWORD = "correct-horse-battery";
const PARALLEL = ["--parallel", "16"];
const UNSHARED = /the rate limit cannot be shared with other machines/g;

describe.skipIf(withoutRedis !== "")(`a window that machines share${withoutRedis}`, () => {
  let redis: RedisServer;
  let simulator: Simulator;
  let machines: EngineProject[] = [];

  beforeAll(async () => {
    redis = await startRedis();
    await redis.command("CONFIG", "SET", "requirepass", PASSWORD);
    simulator = await startSimulator({
      accounts: [
        { name: "limited", rateLimit: LIMIT, cooldownMs: 24_000 },
        { name: "roomy", rateLimit: { limit: 1_000, windowMs: 60_000 } },
      ],
    });
    machines = await Promise.all([1, 2, 3].map((at) => createEngineProject({ name: `machine-${at}` })));
  });
  afterAll(async () => {
    for (const machine of machines) await machine.dispose();
    await simulator?.close();
    await redis?.stop();
  });

  const config = (account: string, more: StackConfig = {}): StackConfig => ({
    "electronhub:apiKey": { value: simulator.account(account).apiKey, secret: true },
    "electronhub:baseUrl": { value: simulator.baseUrl },
    "electronhub:sharedWindow": { value: redis.url(`:${PASSWORD}`), secret: true },
    ...more,
  });

  const stacksOn = (account: string, options: { config: StackConfig }) =>
    Promise.all(machines.map((machine) => machine.stack(account, keys(), options)));

  const keys = () => program(Object.fromEntries(Array.from({ length: KEYS }, (_, at) => [`key-${at}`, {}])));

  const journalOf = (account: string): JournalEntry[] =>
    simulator.journal.filter((entry) => entry.account === account);

  function expectNearOptimum(journal: readonly JournalEntry[]): void {
    expect(journal).toHaveLength(machines.length * KEYS);
    expect(journal.filter(({ status }) => status === 429)).toEqual([]);
    const times = journal.map(({ atMs }) => atMs);
    // No window was lost, however busy this machine is.
    expect(Math.max(...times) - Math.min(...times)).toBeLessThan(OPTIMUM_MS + LIMIT.windowMs);
  }

  it("is used to the full by three machines at the same time, without one refusal", async () => {
    const stacks = await stacksOn("limited", {
      config: config("limited", { "electronhub:rateLimit": { value: RATE_SETTING } }),
    });
    await Promise.all(stacks.map((stack) => stack.up({ parallel: 16 })));
    const ups = journalOf("limited");
    expectNearOptimum(ups);
    expect(simulator.account("limited").keys()).toHaveLength(machines.length * KEYS);

    // The next phase begins with an empty window, so that it has the same optimum.
    const lastMs = Math.max(...ups.map(({ atMs }) => atMs));
    await until(() => Date.now() > lastMs + LIMIT.windowMs + 1_000, 60_000);
    simulator.clearJournal();
    const destroys = await Promise.all(machines.map((machine) => machine.destroy("limited", PARALLEL)));
    expect(destroys.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0]);
    expect(simulator.account("limited").keys()).toEqual([]);
    expectNearOptimum(journalOf("limited"));
    for (const { transcript } of machines) expect(transcript).not.toMatch(UNSHARED);
  });

  it("whose server is killed in the middle costs one warning of each machine", async () => {
    const held = simulator.inject({ on: { path: "/auth/proxy/create" }, skip: 4, hold: true });
    const stacks = await stacksOn("roomy", { config: config("roomy") });
    const ups = stacks.map((stack) => stack.up({ parallel: 2 }));
    await allReached([held], Promise.race(ups));
    redis.signal("SIGKILL");
    held.release();
    for (const { output } of await Promise.all(ups)) {
      expect(diagnosticsOf(output).match(UNSHARED)).toHaveLength(1);
      expect(diagnosticsOf(output)).toMatch(/closed the connection|refuses connections/);
    }
    expect(simulator.account("roomy").keys()).toHaveLength(machines.length * KEYS);

    const destroys = await Promise.all(machines.map((machine) => machine.destroy("roomy", PARALLEL)));
    for (const { exitCode, output } of destroys) {
      expect(exitCode).toBe(0);
      expect(diagnosticsOf(output).match(UNSHARED)).toHaveLength(1);
    }
    expect(journalOf("roomy").filter(({ status }) => status === 429)).toEqual([]);
  });

  it("of an account is a secret, even if it is passed in clear", async () => {
    const [machine] = machines as [EngineProject];
    const { baseUrl } = simulator;
    const { apiKey } = simulator.account("roomy");
    const stack = await machine.stack("account", async () => {
      const provider = accountOf("team", { apiKey, baseUrl, sharedWindow: redis.url(`:${PASSWORD}`) });
      declare("one", { budget: 1 }, { provider });
    });
    await stack.up();
    const providers = await machine.resources("account", PROVIDER);
    const provider = providers.find(({ urn }) => urn.endsWith("::team"));
    expect(provider?.inputs).toMatchObject(
      settingsInState({ sharedWindow: { ciphertext: expect.stringMatching(/^v1:/) } }),
    );
    expect(await machine.destroy("account")).toMatchObject({ exitCode: 0 });
  });

  it("leaves its password in no output and in no file", async () => {
    for (const machine of machines) {
      const places = [
        { path: "(everything printed)", text: machine.transcript },
        ...(await machine.allFilesText()),
      ];
      expect(places.filter(({ text }) => text.includes(PASSWORD)).map(({ path }) => path)).toEqual([]);
    }
  });

  it("whose password is not encrypted is warned about", async () => {
    const [machine] = machines as [EngineProject];
    const plain = { "electronhub:sharedWindow": { value: redis.url(`:${PASSWORD}`) } };
    const stack = await machine.stack("plain", keys(), { config: config("roomy", plain) });
    const { output } = await stack.preview();
    expect(output).toMatch(
      /electronhub:sharedWindow has a password, and is not encrypted.*`pulumi config set electronhub:sharedWindow --secret`/,
    );
    expect(output).not.toContain(PASSWORD);
  });
});
