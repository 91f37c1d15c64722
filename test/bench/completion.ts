import { competitorNames, runCompetitor } from "./competitors";
import { runOurs } from "./ours";
import type { Outcome, Scenario } from "./scenario";
import { duration, round, type SectionResult, type Table, type Target } from "./table";

const COUNTS = [5, 10, 50, 100, 1_000];
const LIMITS = [5, 10, 60, 100];
const PROCESSES = [
  { processes: 1, ratioAtMost: 1.02 },
  { processes: 4, ratioAtMost: 1.05 },
];

const COLUMNS = ["keys x limit", "optimum", "ours", ...competitorNames];
const UNSTEADY_MS = 40;

export async function completion(): Promise<SectionResult> {
  const tables: Table[] = [];
  const targets: Target[] = [];
  for (const { processes, ratioAtMost } of PROCESSES) {
    const ours: Outcome[] = [];
    for (const warm of [false, true]) {
      const rows: string[][] = [];
      for (const limit of LIMITS) {
        for (const count of COUNTS) {
          const { row, own } = await compare({ count, limit, processes, warm });
          rows.push(row);
          ours.push(own);
        }
      }
      tables.push({
        title: `${processes} process${processes === 1 ? "" : "es"}, ${warm ? "after a run that used up the window" : "cold"}`,
        columns: COLUMNS,
        rows,
      });
    }
    targets.push(...targetsOf(ours, `${processes} process${processes === 1 ? "" : "es"}`, ratioAtMost));
  }
  const unsteady = await unsteadyNetwork();
  tables.push(unsteady.table);
  targets.push(...targetsOf(unsteady.ours, "1 process, unsteady network", 1.02));
  return {
    title: "completion",
    notes: [
      "Time over the optimum, or the time itself if the optimum is 0. `3x429`: responses 429; `7 left`: keys not removed when",
      "the run had failed. 100 ms of virtual time per round trip, real HTTP over loopback, 8 operations at once per process.",
      "Bottleneck and p-throttle get the true limit, RetryAgent repeats POST, ours gets nothing.",
    ],
    tables,
    targets,
  };
}

/** A limiter that counts from sending drifts when the latency of requests varies. */
async function unsteadyNetwork(): Promise<{ table: Table; ours: Outcome[] }> {
  const rows: string[][] = [];
  const ours: Outcome[] = [];
  for (const limit of LIMITS) {
    const scenario = { count: limit * 5, limit, processes: 1, warm: false, jitterMs: UNSTEADY_MS };
    const { row, own } = await compare(scenario);
    rows.push(row);
    ours.push(own);
  }
  const title = `1 process, cold, 0 to ${UNSTEADY_MS} ms more latency for each request`;
  return { table: { title, columns: COLUMNS, rows }, ours };
}

async function compare(scenario: Scenario): Promise<{ row: string[]; own: Outcome }> {
  const own = await runOurs(scenario);
  const row = [`${scenario.count} x ${scenario.limit}`, duration(own.optimumMs), describe(own)];
  for (const name of competitorNames) row.push(describe(await runCompetitor(name, scenario)));
  return { row, own };
}

function describe({ tookMs, optimumMs, rateLimited, unfinished }: Outcome): string {
  const trouble = rateLimited === 0 ? "" : ` ${rateLimited}x429`;
  if (unfinished > 0) return `${unfinished} left${trouble}`;
  return `${optimumMs > 0 ? (tookMs / optimumMs).toFixed(4) : duration(tookMs)}${trouble}`;
}

function targetsOf(ours: readonly Outcome[], scenarios: string, ratioAtMost: number): Target[] {
  const label = `ours, ${scenarios}`;
  const ratios = ours
    .filter(({ optimumMs }) => optimumMs > 0)
    .map((outcome) => outcome.tookMs / outcome.optimumMs);
  const sum = (field: "rateLimited" | "unfinished") =>
    ours.reduce((total, outcome) => total + outcome[field], 0);
  return [
    {
      what: `${label}: worst time over the optimum`,
      measured: round(Math.max(...ratios)),
      atMost: ratioAtMost,
    },
    { what: `${label}: responses 429 in all scenarios`, measured: sum("rateLimited"), atMost: 0 },
    { what: `${label}: keys left in all scenarios`, measured: sum("unfinished"), atMost: 0 },
  ];
}
