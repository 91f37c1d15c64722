import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import { fileWindowStore } from "../../provider/api/rateLimit/fileWindow";
import { RateLimiter, type RateLimiterOptions } from "../../provider/api/rateLimit/rateLimiter";
import type { RateLimitInfo } from "../../provider/api/rateLimit/rateWindow";
import { memoryStore, type WindowStore } from "../../provider/api/rateLimit/windowStore";
import { VirtualClock } from "../support/virtualClock";
import { round, type SectionResult } from "./table";

const LIMIT = 100;
const COUNT = 100_000;
const HEAP_COUNTS = [25_000, 50_000, 100_000];
/** A ledger costs two steps on a file for each operation, so fewer will do. */
const LEDGER_COUNT = 2_000;
/** Listeners on one signal cost more, the more there are: this many show it. */
const SIGNAL_COUNTS = [5_000, 10_000, 20_000];

interface Variant {
  signal?: AbortSignal;
  report?: RateLimiterOptions["report"];
  store?: WindowStore;
}

export async function pacerCost(): Promise<SectionResult> {
  // The first run pays for the compiler.
  await cpuUs(5_000, {});
  const report = () => {};
  const bare = await cpuUs(COUNT, {});
  const reported = await cpuUs(COUNT, { report });
  const rows: (string | number)[][] = [
    ["bare", COUNT, round(bare)],
    ["with lines of progress, as in the plugin", COUNT, round(reported)],
  ];
  for (const count of SIGNAL_COUNTS) {
    const cost = await cpuUs(count, { signal: new AbortController().signal });
    rows.push(["with one signal for all, as in the plugin", count, round(cost)]);
  }
  rows.push(["with the ledger in a file, as in the plugin", LEDGER_COUNT, round(await ledgerUs())]);

  const heap = HEAP_COUNTS.map((count) => heapBytes(count));
  return {
    title: "the pacer itself",
    notes: [
      `All operations queued at once, limit ${LIMIT}, virtual clock, in-process server; CPU less that of an empty run.`,
      "The targets are for the bare pacer; the other rows add what the plugin adds.",
    ],
    tables: [
      { title: "CPU", columns: ["pacer", "operations", "us per operation"], rows },
      {
        title: "heap while everything waits",
        columns: ["operations", "bytes per operation"],
        rows: HEAP_COUNTS.map((count, at) => [count, Math.round(heap[at] ?? Number.NaN)]),
      },
    ],
    targets: [
      { what: `CPU per operation of ${COUNT}`, measured: round(bare), atMost: 20, unit: " us" },
      { what: "the same with lines of progress", measured: round(reported), atMost: 20, unit: " us" },
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

/** Microseconds of CPU for each operation, without those of the clock and the promises. */
async function cpuUs(count: number, variant: Variant, clock = new VirtualClock()): Promise<number> {
  const { store = memoryStore(), report, signal } = variant;
  const before = process.cpuUsage();
  const pacer = new RateLimiter({ clock, store, report });
  const server = countingServer(clock);
  await Promise.all(
    Array.from({ length: count }, async () => {
      const place = await pacer.acquire({ what: "remove", deadlineMs: Infinity, signal });
      place.complete(server());
    }),
  );
  const used = process.cpuUsage(before);
  const empty = await emptyRun(count, clock.slept);
  return (used.user + used.system - empty) / count;
}

/** The same sleeps and promises without a pacer. */
async function emptyRun(count: number, sleepsMs: readonly number[]): Promise<number> {
  const before = process.cpuUsage();
  const clock = new VirtualClock();
  const server = countingServer(clock);
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

/** The figures of an API whose windows are used from their start, in constant time. */
function countingServer(clock: VirtualClock): () => RateLimitInfo {
  let openedMs = -Infinity;
  let used = 0;
  return () => {
    if (clock.nowMs() - openedMs >= 60_000) {
      openedMs = clock.nowMs();
      used = 0;
    }
    used++;
    return { limit: LIMIT, remaining: Math.max(0, LIMIT - used) };
  };
}

async function ledgerUs(): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "bench-ledger-"));
  const clock = new VirtualClock();
  const store = fileWindowStore({
    path: join(folder, "account.json"),
    onTrouble: (reason) => {
      throw new Error(reason);
    },
  });
  try {
    return await cpuUs(LEDGER_COUNT, { store }, clock);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function heapBytes(count: number): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const held = { pacer: new RateLimiter({ clock: stoppedClock(), store: memoryStore() }) };
  collect();
  const before = process.memoryUsage().heapUsed;
  // Nobody but the pacer knows of them, as the engine's are known to nobody but its calls.
  for (let at = 0; at < count; at++) void held.pacer.acquire({ what: "remove", deadlineMs: Infinity });
  collect();
  const used = process.memoryUsage().heapUsed - before;
  if (held.pacer.waiting < count - 1) throw new Error("Something did not wait.");
  return used / count;
}

/** Whoever sleeps, sleeps for good. */
function stoppedClock() {
  return { nowMs: () => Date.UTC(2026, 0, 1), sleep: () => new Promise<void>(() => {}) };
}
