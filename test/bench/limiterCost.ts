import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import { fileWindowStore } from "../../provider/api/rateLimit/fileWindow";
import { RateLimiter, type RateLimiterOptions } from "../../provider/api/rateLimit/rateLimiter";
import type { RateLimitInfo } from "../../provider/api/rateLimit/windowState";
import { memoryStore, type WindowStore } from "../../provider/api/rateLimit/windowStore";
import { VirtualClock } from "../support/virtualClock";
import { redisDecisions } from "./redisDecisions";
import { round, type SectionResult } from "./table";

const LIMIT = 100;
const COUNT = 100_000;
const HEAP_COUNTS = [25_000, 50_000, 100_000];
/** The shared window file costs two steps per operation, so fewer operations are enough. */
const FILE_COUNT = 2_000;
/** Listeners on one signal cost more, the more there are: these counts show it. */
const SIGNAL_COUNTS = [5_000, 10_000, 20_000];

interface Variant {
  signal?: AbortSignal;
  report?: RateLimiterOptions["report"];
  store?: WindowStore;
  /** Requests per window. Default: 100. */
  limit?: number;
}

export async function limiterCost(): Promise<SectionResult> {
  // The first run pays for the compiler.
  await cpuUs(5_000, {});
  const report = () => {};
  const bare = await cpuUs(COUNT, {});
  const reported = await cpuUs(COUNT, { report });
  const rows: (string | number)[][] = [
    ["bare", COUNT, round(bare)],
    ["with lines of progress, as in the plugin", COUNT, round(reported)],
    ["with limit 1, so that one starts at a time", COUNT / 4, round(await cpuUs(COUNT / 4, { limit: 1 }))],
    ["with limit 1, so that one starts at a time", COUNT, round(await cpuUs(COUNT, { limit: 1 }))],
  ];
  for (const count of SIGNAL_COUNTS) {
    const cost = await cpuUs(count, { signal: new AbortController().signal });
    rows.push(["with one signal for all, as in the plugin", count, round(cost)]);
  }
  rows.push(["with the shared window file, as in the plugin", FILE_COUNT, round(await fileUs())]);
  const decisions = await redisDecisions();

  const heap = HEAP_COUNTS.map((count) => heapBytes(count));
  return {
    title: "the rate limiter itself",
    notes: [
      `All operations queued at once, limit ${LIMIT}, virtual clock, in-process server; CPU less that of an empty run.`,
      "The targets are for the bare rate limiter; the other rows add what the plugin adds.",
    ],
    tables: [
      { title: "CPU", columns: ["rate limiter", "operations", "us per operation"], rows },
      {
        title: "a window that two machines share through Redis on the loopback interface",
        columns: ["limit", "decisions", "ms per decision"],
        rows: decisions.map(({ limit, count, ms }) => [limit, count, round(ms)]),
      },
      {
        title: "heap while all operations wait",
        columns: ["operations", "bytes per operation"],
        rows: HEAP_COUNTS.map((count, at) => [count, Math.round(heap[at] ?? Number.NaN)]),
      },
    ],
    targets: [
      { what: `CPU per operation of ${COUNT}`, measured: round(bare), atMost: 20, unit: " us" },
      { what: "the same with lines of progress", measured: round(reported), atMost: 20, unit: " us" },
      ...decisions.map(({ limit, ms }) => ({
        what: `time per decision through Redis, limit ${limit}`,
        measured: round(ms),
        atMost: 2,
        unit: " ms",
      })),
      {
        what: "heap per queued operation",
        measured: Math.round(Math.max(...heap)),
        atMost: 1_024,
        unit: " B",
      },
      {
        what: "heap per operation, most over least (linear: 1)",
        measured: round(Math.max(...heap) / Math.min(...heap)),
        atMost: 1.1,
      },
    ],
  };
}

/** CPU time per operation in microseconds, without that of the clock and the promises. */
async function cpuUs(count: number, variant: Variant, clock = new VirtualClock()): Promise<number> {
  const { store = memoryStore(), report, signal, limit = LIMIT } = variant;
  const before = process.cpuUsage();
  const limiter = new RateLimiter({ clock, store, report });
  const server = countingServer(clock, limit);
  await Promise.all(
    Array.from({ length: count }, async () => {
      const permit = await limiter.acquire({ what: "remove", deadlineMs: Infinity, signal });
      void permit.complete(server());
    }),
  );
  const used = process.cpuUsage(before);
  const empty = await emptyRun(count, clock.slept, limit);
  return (used.user + used.system - empty) / count;
}

/** The same sleeps and promises without a rate limiter. */
async function emptyRun(count: number, sleepsMs: readonly number[], limit: number): Promise<number> {
  const before = process.cpuUsage();
  const clock = new VirtualClock();
  const server = countingServer(clock, limit);
  let open = (): void => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const all = Array.from({ length: count }, async () => {
    await gate;
    server();
  });
  for (const sleepMs of sleepsMs) await clock.sleep(sleepMs);
  open();
  await Promise.all(all);
  const used = process.cpuUsage(before);
  return used.user + used.system;
}

/** The rate limit headers of an API with fixed windows, in constant time. */
function countingServer(clock: VirtualClock, limit: number): () => RateLimitInfo {
  let openedMs = -Infinity;
  let used = 0;
  return () => {
    if (clock.nowMs() - openedMs >= 60_000) {
      openedMs = clock.nowMs();
      used = 0;
    }
    used++;
    return { limit, remaining: Math.max(0, limit - used) };
  };
}

async function fileUs(): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "bench-window-"));
  const clock = new VirtualClock();
  const store = fileWindowStore({
    path: join(folder, "account.json"),
    onTrouble: (reason) => {
      throw new Error(reason);
    },
  });
  try {
    return await cpuUs(FILE_COUNT, { store }, clock);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function heapBytes(count: number): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const held = { limiter: new RateLimiter({ clock: stoppedClock(), store: memoryStore() }) };
  collect();
  const before = process.memoryUsage().heapUsed;
  // Only the rate limiter refers to the waiting operations.
  for (let at = 0; at < count; at++) void held.limiter.acquire({ what: "remove", deadlineMs: Infinity });
  collect();
  const used = process.memoryUsage().heapUsed - before;
  if (held.limiter.waiting < count - 1) throw new Error("An operation did not wait.");
  return used / count;
}

/** A clock whose sleeps never end. */
function stoppedClock() {
  return { nowMs: () => Date.UTC(2026, 0, 1), sleep: () => new Promise<void>(() => {}) };
}
