import { runOurs } from "./ours";
import type { Outcome, Scenario } from "./scenario";
import { duration, round, type SectionResult, type Target } from "./table";

const KEYS_PER_PROCESS = 50;

/** How late the timers of the processes fire. */
const OS_TIMERS = { timers: "0 to 2 ms late", latestMs: 3 };
const ORDERED_TIMERS = { timers: "in one order", latestMs: 1 };

const CASES = [
  { processes: 4, limit: 5, ...OS_TIMERS },
  { processes: 8, limit: 5, ...OS_TIMERS },
  { processes: 16, limit: 5, ...OS_TIMERS },
  { processes: 16, limit: 60, ...OS_TIMERS },
  { processes: 4, limit: 5, ...ORDERED_TIMERS },
];

/** Whether processes that share a window need the turns of `rateLimit/turns.ts`: the same runs with and without them. */
export async function fairness(): Promise<SectionResult> {
  const rows: string[][] = [];
  const targets: Target[] = [];
  const lost = { withTurns: 0, withoutTurns: 0 };
  for (const { processes, limit, timers, latestMs } of CASES) {
    const scenario: Scenario = { count: processes * KEYS_PER_PROCESS, limit, processes, warm: false };
    for (const turns of [true, false]) {
      const outcome = await runOurs(scenario, { latestMs, turns });
      lost[turns ? "withTurns" : "withoutTurns"] += outcome.unfinished;
      rows.push([`${processes} x ${limit}`, timers, turns ? "yes" : "no", ...figures(outcome, scenario)]);
      if (!turns) continue;
      targets.push({
        what: `${processes} processes x ${limit}, timers ${timers}: longest wait over an even share`,
        measured: round(outcome.longestMs / evenShareMs(scenario)),
        atMost: 1.05,
      });
    }
  }
  return {
    title: "fairness between processes",
    notes: [
      `Each process removes ${KEYS_PER_PROCESS} keys, 8 at once. A key is left when its removal would wait longer than maxWait (1 h).`,
      "Time over the optimum counts only if no key is left. Even share: the wait if the window were shared evenly.",
      verdict(lost),
    ],
    tables: [
      {
        title: "ours, with and without turns",
        columns: [
          "processes x limit",
          "timers",
          "turns",
          "keys left",
          "time over optimum",
          "slowest process over mean",
          "longest wait",
          "even share",
        ],
        rows,
      },
    ],
    targets: [...targets, { what: "keys left with turns", measured: lost.withTurns, atMost: 0 }],
  };
}

function verdict({ withTurns, withoutTurns }: { withTurns: number; withoutTurns: number }): string {
  if (withoutTurns > withTurns) {
    return `Without turns processes starve: ${withoutTurns} keys are left, with turns ${withTurns}. The turns stay.`;
  }
  return `Without turns no process starves: ${withoutTurns} keys are left, with turns ${withTurns}. Remove the turns.`;
}

function figures(outcome: Outcome, scenario: Scenario): string[] {
  const { unfinished, tookMs, optimumMs, processMs, longestMs } = outcome;
  const meanMs = processMs.reduce((sum, ms) => sum + ms, 0) / processMs.length;
  return [
    String(unfinished),
    unfinished > 0 ? "-" : (tookMs / optimumMs).toFixed(4),
    (Math.max(...processMs) / meanMs).toFixed(2),
    duration(longestMs),
    duration(evenShareMs(scenario)),
  ];
}

/** Eight removals of each process wait at once. */
function evenShareMs({ processes, limit }: Scenario): number {
  return Math.ceil((processes * 8) / limit) * 60_000;
}
