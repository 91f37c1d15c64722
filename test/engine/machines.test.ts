import { afterAll, beforeAll, expect, it } from "vitest";
import { startSimulator, type JournalEntry, type Simulator } from "../../provider/testing";
import { createEngineProject, type EngineProject, type StackConfig } from "../support/engine";
import { until } from "../support/until";
import { program } from "./fixture";

/** Three machines with one account, each with a cache folder of its own, and nothing else in common. */

/** On the machine's clock, so the window is short: a setting of the provider has its length. */
const LIMIT = { limit: 5, windowMs: 8_000 };
const RATE_SETTING = "5/8s";
const COOLDOWN_MS = 24_000;
const KEYS = 6;

let simulator: Simulator;
let machines: EngineProject[] = [];

beforeAll(async () => {
  simulator = await startSimulator({
    accounts: [{ name: "limited", rateLimit: LIMIT, cooldownMs: COOLDOWN_MS }],
  });
  machines = await Promise.all([1, 2, 3].map((at) => createEngineProject({ name: `machine-${at}` })));
});
afterAll(async () => {
  for (const machine of machines) await machine.dispose();
  await simulator?.close();
});

/** Two phases with a refusal in each, on a busy machine. */
const TIMEOUT_MS = 300_000;

/**
 * One refusal may show a machine that starts that others have used up the window. The optimum is 24 s; after a refusal all
 * begin anew when its cool-down ends.
 */
function expectFewRefusals(journal: readonly JournalEntry[]): void {
  const refused = journal.filter(({ status }) => status === 429);
  expect(refused.length).toBeLessThanOrEqual(1);
  expect(journal).toHaveLength(machines.length * KEYS + refused.length);
  const times = journal.map(({ atMs }) => atMs);
  expect(Math.max(...times) - Math.min(...times)).toBeLessThan(60_000 + refused.length * COOLDOWN_MS);
}

it("up and destroy on three machines at once meet at most one refusal", { timeout: TIMEOUT_MS }, async () => {
  const config: StackConfig = {
    "electronhub:apiKey": { value: simulator.account("limited").apiKey, secret: true },
    "electronhub:baseUrl": { value: simulator.baseUrl },
    "electronhub:rateLimit": { value: RATE_SETTING },
  };
  const keys = program(Object.fromEntries(Array.from({ length: KEYS }, (_, at) => [`key-${at}`, {}])));
  const stacks = await Promise.all(machines.map((machine) => machine.stack("limited", keys, { config })));
  await Promise.all(stacks.map((stack) => stack.up({ parallel: 16 })));
  expect(simulator.account("limited").keys()).toHaveLength(machines.length * KEYS);
  expectFewRefusals(simulator.journal);

  // The next phase begins with an empty window, and what the machines know of each other is over.
  const lastMs = simulator.journal.at(-1)?.atMs ?? 0;
  await until(() => Date.now() > lastMs + LIMIT.windowMs * 1.5, 60_000);
  simulator.clearJournal();
  const destroys = await Promise.all(
    machines.map((machine) => machine.destroy("limited", ["--parallel", "16"])),
  );
  expect(destroys.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0]);
  expect(simulator.account("limited").keys()).toEqual([]);
  expectFewRefusals(simulator.journal);
});
