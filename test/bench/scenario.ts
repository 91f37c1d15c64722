import { startSimulator, type Simulator } from "../../provider/testing";
import { seededRandom } from "../support/seededRandom";

/** The API's window. */
export const WINDOW_MS = 60_000;
/** Virtual time from a request's arrival to its response: the network both ways. */
const ROUND_TRIP_MS = 100;
/** Operations that the engine runs at once in one process. */
const PARALLEL = 8;

export interface Scenario {
  /** Keys to remove, shared among the processes. */
  count: number;
  limit: number;
  processes: number;
  /** Whether an earlier process of the machine has just used up the window. */
  warm: boolean;
  /** Upper bound of the additional latency, drawn for each request. Default: 0. */
  jitterMs?: number;
}

export interface Outcome {
  /** Virtual time from the start until no operation runs. */
  tookMs: number;
  /** The same for the best possible schedule. */
  optimumMs: number;
  /** Responses 429. */
  rateLimited: number;
  /** Keys that still exist. */
  unfinished: number;
  /** Virtual time of the longest operation. */
  longestMs: number;
  /** Virtual time of each process. */
  processMs: number[];
}

/** One process of a system under test. */
export interface Process {
  remove(key: string): Promise<void>;
  stop(): Promise<void>;
}

/** The environment of a system under test. */
export interface Environment {
  simulator: Simulator;
  nowMs(): number;
  /** Starts a process. It shares nothing with earlier ones but files. */
  startProcess(): Process;
}

/** Starts a simulator with a limited account and the latency of a network. */
export async function startAccount(
  { limit }: Pick<Scenario, "limit">,
  clock: Simulator["clock"],
): Promise<Simulator> {
  const simulator = await startSimulator({
    clock,
    accounts: [{ name: "main", rateLimit: { limit, windowMs: WINDOW_MS } }],
  });
  simulator.inject({ latencyMs: ROUND_TRIP_MS, times: Infinity });
  return simulator;
}

/** Removes the scenario's keys as the engine does, and measures it. */
export async function play(
  { count, limit, processes, warm }: Scenario,
  environment: Environment,
): Promise<Outcome> {
  const { simulator } = environment;
  const account = simulator.account();
  const addKeys = (number: number) =>
    Array.from({ length: number }, (_, at) => account.addKey({ name: `key-${at}`, allocatedAmount: 1 }).key);

  const before = warm ? addKeys(limit) : [];
  if (warm) await runProcess(environment.startProcess(), before, environment);
  const earlierMs = simulator.journal.filter(({ status }) => status === 200).map(({ atMs }) => atMs);
  simulator.clearJournal();

  const keys = addKeys(count);
  const startedMs = environment.nowMs();
  const shares = Array.from({ length: processes }, (_, at) =>
    keys.filter((__, key) => key % processes === at),
  );
  const runs = await Promise.all(
    shares.map((share) => runProcess(environment.startProcess(), share, environment)),
  );
  return {
    tookMs: environment.nowMs() - startedMs,
    optimumMs: optimumMs(count, limit, startedMs, earlierMs),
    rateLimited: simulator.journal.filter(({ status }) => status === 429).length,
    unfinished: keys.filter((key) => account.findKey(key) !== undefined).length,
    longestMs: Math.max(...runs.map(({ longestMs }) => longestMs)),
    processMs: runs.map(({ tookMs }) => tookMs),
  };
}

/** Runs eight operations at once. After a failure no operation starts, and those that run are finished. */
async function runProcess(
  process: Process,
  keys: readonly string[],
  { nowMs }: Environment,
): Promise<{ tookMs: number; longestMs: number }> {
  const startedMs = nowMs();
  let queue = [...keys];
  let longestMs = 0;
  const worker = async (): Promise<void> => {
    for (let key = queue.shift(); key !== undefined; key = queue.shift()) {
      const beganMs = nowMs();
      await process.remove(key).catch(() => {
        queue = [];
      });
      longestMs = Math.max(longestMs, nowMs() - beganMs);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  await process.stop();
  return { tookMs: nowMs() - startedMs, longestMs };
}

/** The fastest schedule: every request is sent as soon as the window has room, earlier requests included. */
function optimumMs(count: number, limit: number, startedMs: number, earlierMs: readonly number[]): number {
  const arrivalsMs = [...earlierMs];
  for (let at = 0; at < count; at++) {
    const leavingMs = (arrivalsMs.at(-limit) ?? -Infinity) + WINDOW_MS;
    arrivalsMs.push(Math.max(startedMs, arrivalsMs.length < limit ? startedMs : leavingMs));
  }
  return (arrivalsMs.at(-1) ?? startedMs) - startedMs;
}

/** Delays requests by a random latency. */
export function jitter(
  { jitterMs = 0 }: Scenario,
  sleep: (ms: number) => Promise<void>,
): () => Promise<void> {
  const random = seededRandom(2);
  return async () => {
    if (jitterMs > 0) await sleep(Math.floor(random() * jitterMs));
  };
}
