import { startSimulator, type Simulator } from "../../provider/testing";

/** The API's window. */
export const WINDOW_MS = 60_000;
/** Virtual milliseconds from a request's arrival to its answer: the network both ways. */
const ROUND_TRIP_MS = 100;
/** Operations that the engine has under way at once, in one process. */
const PARALLEL = 8;

export interface Scenario {
  /** Keys to remove, shared among the processes. */
  count: number;
  limit: number;
  processes: number;
  /** Whether an earlier process of the machine has used up the window right before. */
  warm: boolean;
  /** Up to so many milliseconds more on the way there, drawn anew for each request. Default: 0. */
  jitterMs?: number;
}

export interface Outcome {
  /** Virtual milliseconds from the start until nothing is under way. */
  tookMs: number;
  /** The same for the best possible schedule. */
  optimumMs: number;
  /** Answers 429. */
  refused: number;
  /** Keys that are still there. */
  unfinished: number;
  /** Virtual milliseconds of the operation that took longest. */
  longestMs: number;
}

/** One process of a system under test. */
export interface Process {
  remove(key: string): Promise<void>;
  stop(): Promise<void>;
}

/** A system under test in a running world. */
export interface World {
  simulator: Simulator;
  nowMs(): number;
  /** Starts a process that knows nothing but what it was told, and what earlier ones left on disk. */
  startProcess(): Process;
}

/** An account with a limit, whose answers take a round trip. */
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

/** Removes the scenario's keys as the engine does, and says how it went. */
export async function play({ count, limit, processes, warm }: Scenario, world: World): Promise<Outcome> {
  const { simulator } = world;
  const account = simulator.account();
  const addKeys = (number: number) =>
    Array.from({ length: number }, (_, at) => account.addKey({ name: `key-${at}`, allocatedAmount: 1 }).key);

  const before = warm ? addKeys(limit) : [];
  if (warm) await runProcess(world.startProcess(), before, world);
  const earlierMs = simulator.journal.filter(({ status }) => status === 200).map(({ atMs }) => atMs);
  simulator.clearJournal();

  const keys = addKeys(count);
  const startedMs = world.nowMs();
  const shares = Array.from({ length: processes }, (_, at) =>
    keys.filter((__, key) => key % processes === at),
  );
  const longestMs = await Promise.all(shares.map((share) => runProcess(world.startProcess(), share, world)));
  return {
    tookMs: world.nowMs() - startedMs,
    optimumMs: optimumMs(count, limit, startedMs, earlierMs),
    refused: simulator.journal.filter(({ status }) => status === 429).length,
    unfinished: keys.filter((key) => account.findKey(key) !== undefined).length,
    longestMs: Math.max(...longestMs),
  };
}

/**
 * Eight operations at once; after a failure nothing new is begun, and what is under way is finished.
 *
 * @returns the milliseconds of the operation that took longest.
 */
async function runProcess(process: Process, keys: readonly string[], { nowMs }: World): Promise<number> {
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
  return longestMs;
}

/** No schedule can be faster: every request right when the window has room, the earlier ones counted. */
function optimumMs(count: number, limit: number, startedMs: number, earlierMs: readonly number[]): number {
  const arrivalsMs = [...earlierMs];
  for (let at = 0; at < count; at++) {
    const leavingMs = (arrivalsMs.at(-limit) ?? -Infinity) + WINDOW_MS;
    arrivalsMs.push(Math.max(startedMs, arrivalsMs.length < limit ? startedMs : leavingMs));
  }
  return (arrivalsMs.at(-1) ?? startedMs) - startedMs;
}

/** The same numbers in every run. */
export function seededRandom(seed = 1): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** The way there, which takes longer for some requests than for others. */
export function jitter(
  { jitterMs = 0 }: Scenario,
  sleep: (ms: number) => Promise<void>,
): () => Promise<void> {
  const random = seededRandom(2);
  return async () => {
    if (jitterMs > 0) await sleep(Math.floor(random() * jitterMs));
  };
}
