import { memoryStore, type WindowStore } from "../../provider/api/rateLimit/windowStore";
import { sharedWindowStore } from "../../provider/api/rateLimit/sharedWindow";
import type { VirtualClock } from "../support/virtualClock";
import { MemoryServer } from "../unit/api/rateLimit/memoryCell";
import { startRedis, withoutRedis } from "../support/redisServer";
import { competitorNames, runBottleneckOnRedis, runCompetitor } from "./competitors";
import { runOurs } from "./ours";
import type { Outcome, Scenario } from "./scenario";
import { duration, round, type SectionResult, type Target } from "./table";

const KEYS_PER_MACHINE = 6;
const CASES: readonly [machines: number, limit: number][] = [
  [1, 5],
  [2, 5],
  [3, 5],
  [3, 20],
  [10, 20],
  [10, 5],
  [50, 100],
  [50, 20],
];

/** How far the machines are from the server of a shared window, each way. */
const SERVER_MS = 2;

/** Machines that start together, each with its own files: with a window that they share on a server, and without. */
export async function machines(): Promise<SectionResult> {
  const redis = withoutRedis === "" ? await startRedis() : undefined;
  const rows: string[][] = [];
  const shared = { ratio: 0, refused: 0 };
  const alone = { ratio: 0, refused: 0 };
  for (const [count, limit] of CASES) {
    const scenario: Scenario = { count: count * KEYS_PER_MACHINE, limit, processes: count, warm: false };
    const own = await runOurs(scenario, { machineWindow: () => memoryStore() });
    const together = await runOurs(scenario, { machineWindow: onServer() });
    add(shared, together);
    // More machines than the limit cannot know of each other in time.
    if (count <= limit * FITTING_PART) add(alone, own, Math.ceil(count / 10));
    const row = [`${count} x ${limit}`, duration(own.optimumMs), describe(own), describe(together)];
    for (const name of competitorNames) row.push(describe(await runCompetitor(name, scenario)));
    row.push(redis === undefined ? "no server" : describe(await runBottleneckOnRedis(redis.port, scenario)));
    rows.push(row);
  }
  await redis?.stop();
  return {
    title: "machines",
    notes: [
      `Each machine removes ${KEYS_PER_MACHINE} keys, 8 at once; all start together. 100 ms of virtual time per round trip, real HTTP over loopback.`,
      "Time over the optimum, or the time itself if the optimum is 0. `3x429`: responses 429; `7 left`: keys not removed when",
      `the run had failed. The shared window is ${SERVER_MS} ms away. Bottleneck and p-throttle get the true limit, for each machine.`,
    ],
    tables: [
      {
        title: "machines x limit per minute",
        columns: [
          "machines x limit",
          "optimum",
          "ours",
          "ours, shared window",
          ...competitorNames,
          "Bottleneck, Redis",
        ],
        rows,
      },
    ],
    targets: targetsOf(shared, alone),
  };
}

/** The part of the limit up to which machines get along without a shared window. */
const FITTING_PART = 0.6;

interface Worst {
  ratio: number;
  refused: number;
}

/** @param refusals that are allowed. Default: none. */
function add(worst: Worst, { tookMs, optimumMs, rateLimited, unfinished }: Outcome, refusals = 0): void {
  const ratio = unfinished > 0 ? Infinity : optimumMs > 0 ? tookMs / optimumMs : 0;
  worst.ratio = Math.max(worst.ratio, ratio);
  worst.refused = Math.max(worst.refused, rateLimited - refusals);
}

function targetsOf(shared: Worst, alone: Worst): Target[] {
  return [
    { what: "shared window: worst time over the optimum", measured: round(shared.ratio), atMost: 1.1 },
    { what: "shared window: responses 429", measured: shared.refused, atMost: 0 },
    {
      what: "without, up to 0.6 machines x limit: worst time over the optimum",
      measured: round(alone.ratio),
      atMost: 2.5,
    },
    {
      what: "without, up to 0.6 machines x limit: responses 429 beyond 1 for 10 machines",
      measured: alone.refused,
      atMost: 0,
    },
  ];
}

function onServer(): (clock: VirtualClock) => WindowStore {
  let server: MemoryServer | undefined;
  return (clock) => {
    server ??= new MemoryServer({ clock, latencyMs: () => SERVER_MS });
    return sharedWindowStore({
      cell: server.cell(),
      local: memoryStore(),
      nowMs: () => clock.nowMs(),
      onTrouble: (error) => {
        throw error;
      },
    });
  };
}

function describe({ tookMs, optimumMs, rateLimited, unfinished }: Outcome): string {
  const trouble = rateLimited === 0 ? "" : ` ${rateLimited}x429`;
  if (unfinished > 0) return `${unfinished} left${trouble}`;
  return `${optimumMs > 0 ? (tookMs / optimumMs).toFixed(2) : duration(tookMs)}${trouble}`;
}
