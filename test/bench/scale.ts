import { cpus } from "node:os";

import { runOurs } from "./ours";
import { duration, round, type SectionResult } from "./table";

const TIERS = [5, 10, 15, 20, 30, 60, 100];
const ACCOUNTS = 100;
const KEYS_PER_ACCOUNT = 100;
const MACHINES = [1, 2, 5, 10, 50, 100];
/** The number of stacks that a machine runs at once. */
const SLOTS = [8, 32];
/** Seconds of CPU of a stack's destroy, if this run has not measured it. */
const ASSUMED_CPU_S = 3;

interface Job {
  windowMs: number;
  cpuMs: number;
}

/**
 * The duration of a cleanup of 10,000 keys by the number of machines. The account's part is measured in virtual time.
 * The machines' part is calculated: the longest stacks first, each in the slot that is free first.
 */
export async function scale(measuredCpuS: number | undefined): Promise<SectionResult> {
  const cpuMs = (measuredCpuS ?? ASSUMED_CPU_S) * 1_000;
  const windowMs = new Map<number, number>();
  for (const limit of TIERS) {
    const { tookMs } = await runOurs({ count: KEYS_PER_ACCOUNT, limit, processes: 1, warm: false });
    windowMs.set(limit, tookMs);
  }
  const jobs = Array.from({ length: ACCOUNTS }, (_, at): Job => {
    const limit = TIERS[at % TIERS.length] ?? 5;
    return { windowMs: windowMs.get(limit) ?? 0, cpuMs };
  });
  const cores = cpus().length;
  const floorMs = Math.max(...jobs.map((job) => job.windowMs + job.cpuMs));
  return {
    title: "scale, on paper",
    notes: [
      `${ACCOUNTS * KEYS_PER_ACCOUNT} keys on ${ACCOUNTS} accounts, one stack each, limits ${TIERS.join(", ")} in turn; machines of ${cores} cores.`,
      `CPU of a stack's destroy: ${round(cpuMs / 1_000)} s (${measuredCpuS === undefined ? "assumed; run the engine section with it" : "measured in this run"}). A waiting stack takes a slot but no CPU.`,
      `No number of machines is faster than the slowest account: ${duration(floorMs)}. More machines on one account share its window.`,
    ],
    tables: [
      {
        title: "one account of 100 keys, real client and rate limiter in virtual time",
        columns: ["limit per minute", "time"],
        rows: TIERS.map((limit) => [limit, duration(windowMs.get(limit) ?? Number.NaN)]),
      },
      ...SLOTS.map((slots) => ({
        title: `time to remove everything, ${slots} stacks at once on a machine`,
        columns: ["machines", "time", "over the slowest account", "bottleneck"],
        rows: MACHINES.map((machines) => {
          const { tookMs, bottleneck } = schedule(jobs, machines, slots, cores);
          return [machines, duration(tookMs), (tookMs / floorMs).toFixed(3), bottleneck];
        }),
      })),
    ],
    targets: [],
  };
}

function schedule(jobs: readonly Job[], machines: number, slots: number, cores: number) {
  const freeAtMs = Array.from({ length: machines * slots }, () => 0);
  const cpuMs = Array.from({ length: machines }, () => 0);
  for (const job of jobs.toSorted((a, b) => b.windowMs - a.windowMs)) {
    // Slots alternate between the machines to distribute the work.
    const at = freeAtMs.indexOf(Math.min(...freeAtMs));
    freeAtMs[at] = (freeAtMs[at] ?? 0) + job.windowMs + job.cpuMs;
    cpuMs[at % machines] = (cpuMs[at % machines] ?? 0) + job.cpuMs;
  }
  // A machine needs at least its CPU time, with any order of stacks.
  const busiestMs = Math.max(...cpuMs) / cores;
  const slotsMs = Math.max(...freeAtMs);
  const slowestMs = Math.max(...jobs.map((job) => job.windowMs + job.cpuMs));
  const tookMs = Math.max(busiestMs, slotsMs);
  const bottleneck =
    tookMs === busiestMs
      ? "CPU of a machine"
      : tookMs > slowestMs * 1.001
        ? "slots: stacks wait for their turn"
        : "the slowest account's window";
  return { tookMs, bottleneck };
}
