import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { startSimulator, type JournalEntry, type Simulator } from "../../provider/testing";
import { createEngineProject, type EngineProject, type StackConfig } from "../support/engine";
import { diagnosticsOf, program, PROXY_KEY } from "./fixture";

/** On the machine's clock, so the window is short: a setting of the provider has its length. */
const LIMIT = { limit: 5, windowMs: 2_000 };
const RATE_SETTING = "5/2s";

/** Enough room for everything below; its answers say so. */
const ROOMY = { name: "roomy", rateLimit: { limit: 1_000, windowMs: 60_000 } };

const UNSHARED = /the rate limit cannot be shared with other processes \(.*ENOTDIR\)/g;

const PARALLEL = ["--parallel", "16"];

let simulator: Simulator;
let project: EngineProject;

beforeAll(async () => {
  simulator = await startSimulator({
    accounts: [{ name: "limited", rateLimit: LIMIT }, { name: "shared", rateLimit: LIMIT }, ROOMY],
  });
  project = await createEngineProject();
});
afterEach(() => {
  simulator.clearFaults();
  simulator.clearJournal();
});
afterAll(async () => {
  await project?.dispose();
  await simulator?.close();
});

const configOf = (account: string, more: StackConfig = {}): StackConfig => ({
  "electronhub:apiKey": { value: simulator.account(account).apiKey, secret: true },
  "electronhub:baseUrl": { value: simulator.baseUrl },
  ...more,
});

const paced: StackConfig = { "electronhub:rateLimit": { value: RATE_SETTING } };

const keys = (count: number) =>
  program(Object.fromEntries(Array.from({ length: count }, (_, at) => [`key-${at}`, {}])));

const journalOf = (account: string): JournalEntry[] =>
  simulator.journal.filter((entry) => entry.account === account);

const refusals = (account: string) => journalOf(account).filter(({ status }) => status === 429);

/** The most requests of the account that the server saw in any window. */
function fullest(account: string): number {
  const times = journalOf(account).map(({ atMs }) => atMs);
  const counts = times.map((end) => times.filter((ms) => ms > end - LIMIT.windowMs && ms <= end).length);
  return Math.max(...counts);
}

it("12 keys come and go under a limit of 5 without one refusal, and the output says why it takes time", async () => {
  const stack = await project.stack("limited", keys(12), { config: configOf("limited", paced) });
  const up = await stack.up({ parallel: 16 });
  expect(simulator.account("limited").keys()).toHaveLength(12);
  expect(refusals("limited")).toEqual([]);
  expect(up.output).toMatch(/Electron Hub: \d+ requests? waits? \(\d+ create\) until .*5 requests per 2 s/);

  const destroy = await project.destroy("limited", PARALLEL);
  expect(destroy).toMatchObject({ exitCode: 0 });
  expect(destroy.output).toMatch(/requests wait \(\d+ remove\)/);
  expect(simulator.account("limited").keys()).toEqual([]);
  expect(await project.resources("limited")).toEqual([]);
  expect(refusals("limited")).toEqual([]);
  expect(journalOf("limited")).toHaveLength(24);
  expect(fullest("limited")).toBe(LIMIT.limit);
});

it("two projects at the same time share the account's window", async () => {
  const other = await createEngineProject({
    name: "other",
    // Two projects of one user: the same cache folder.
    env: { XDG_CACHE_HOME: project.folders.cache },
  });
  try {
    const config = configOf("shared", paced);
    const stacks = await Promise.all(
      [project, other].map((each) => each.stack("shared", keys(3), { config })),
    );
    await Promise.all(stacks.map((stack) => stack.up({ parallel: 16 })));
    expect(simulator.account("shared").keys()).toHaveLength(6);
    const destroys = await Promise.all([project, other].map((each) => each.destroy("shared", PARALLEL)));
    expect(destroys).toMatchObject([{ exitCode: 0 }, { exitCode: 0 }]);
    expect(simulator.account("shared").keys()).toEqual([]);
    expect(journalOf("shared")).toHaveLength(12);
    expect(refusals("shared")).toEqual([]);
    expect(fullest("shared")).toBe(LIMIT.limit);
  } finally {
    await other.dispose();
  }
});

it("without a shared ledger, a 429 stops every request until its end, and then all keys go", async () => {
  const blocked = join(project.folders.root, "a-file");
  await writeFile(blocked, "");
  const env = { XDG_CACHE_HOME: blocked };
  const stack = await project.stack("refused", keys(6), { config: configOf("roomy"), env });
  const up = await stack.up();
  expect(diagnosticsOf(up.output).match(UNSHARED)).toHaveLength(1);
  simulator.clearJournal();
  const says = { error: { message: "Rate limit exceeded.", type: "error", param: null, code: 429 } };
  const headers = { "retry-after": "1" };
  simulator.inject({ on: { path: "/auth/proxy/remove" }, skip: 2, status: 429, body: says, headers });

  // Two at a time, so that others wait behind the one that is refused.
  const destroy = await project.destroy("refused", ["--parallel", "2"], { env });
  expect(destroy).toMatchObject({ exitCode: 0 });
  expect(diagnosticsOf(destroy.output).match(UNSHARED)).toHaveLength(1);
  expect(simulator.account("roomy").keys()).toEqual([]);
  expect(await project.resources("refused", PROXY_KEY)).toEqual([]);

  const journal = journalOf("roomy");
  expect(journal).toHaveLength(7);
  const refused = journal.findIndex(({ status }) => status === 429);
  // The other of the two may have been on its way when the refusal came.
  const [next, ...later] = journal.slice(refused + 1).map(({ atMs }) => atMs - (journal[refused]?.atMs ?? 0));
  expect([next, ...later].filter((ms = 0) => ms >= 100 && ms < 1_000)).toEqual([]);
  for (const ms of later) expect(ms).toBeGreaterThanOrEqual(1_000);
});
