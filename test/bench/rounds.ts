import { readFileSync } from "node:fs";

import { startSimulator } from "../../provider/testing";
import { createBenchStack, destroy, stateBytes, type BenchStack, type ProviderName } from "./stacks";
import { median, round, type Table } from "./table";

/** One round of a provider. */
export interface Times {
  upMs: number;
  destroyMs: number;
  /** Seconds of CPU: engine, plugin, program and simulator. NaN if the system does not report it. */
  upCpuS: number;
  destroyCpuS: number;
}

export interface Rounds {
  times: ReadonlyMap<ProviderName, readonly Times[]>;
  /** Bytes of state per key. */
  bytes: ReadonlyMap<ProviderName, number>;
}

/** Runs `up` and `destroy` with each provider in turn, on a simulator without a limit and without latency. */
export async function runRounds(
  providers: readonly ProviderName[],
  { count, rounds }: { count: number; rounds: number },
): Promise<Rounds> {
  const simulator = await startSimulator();
  const stacks = new Map<ProviderName, BenchStack>();
  const times = new Map<ProviderName, Times[]>();
  const bytes = new Map<ProviderName, number>();
  try {
    for (const provider of providers)
      stacks.set(provider, await createBenchStack(provider, simulator, count));
    for (let turn = 0; turn < rounds; turn++) {
      for (const [provider, bench] of inTurn([...stacks], turn)) {
        const beforeS = cpuS();
        const { durationMs: upMs } = await bench.stack.up();
        const betweenS = cpuS();
        if (turn === 0) bytes.set(provider, await stateBytes(bench));
        const startS = cpuS();
        const destroyMs = await destroy(bench);
        const one = { upMs, upCpuS: betweenS - beforeS, destroyMs, destroyCpuS: cpuS() - startS };
        times.set(provider, [...(times.get(provider) ?? []), one]);
      }
    }
  } finally {
    for (const { project } of stacks.values()) await project.dispose();
    await simulator.close();
  }
  return { times, bytes };
}

/** Every second turn goes backwards, so that none of them always runs in the same place. */
export function inTurn<T>(all: readonly T[], turn: number): T[] {
  return turn % 2 === 0 ? [...all] : all.toReversed();
}

/** The median of a provider's rounds. NaN if it has none. */
export function figure({ times }: Pick<Rounds, "times">, provider: ProviderName, name: keyof Times): number {
  return median((times.get(provider) ?? []).map((one) => one[name]));
}

/**
 * The medians of each provider and every round.
 *
 * @param base the provider that the ratios are over.
 */
export function roundsTables(
  rounds: Rounds,
  providers: readonly ProviderName[],
  { base, count }: { base: ProviderName; count: number },
): Table[] {
  return [
    {
      title: `${count} keys`,
      columns: [
        "provider",
        ...["up ms", "destroy ms", "up CPU s", "destroy CPU s"].flatMap((name) => [name, `over ${base}`]),
        "state bytes/key",
      ],
      rows: providers.map((provider) => [
        provider,
        ...(["upMs", "destroyMs", "upCpuS", "destroyCpuS"] as const).flatMap((name) => [
          round(figure(rounds, provider, name)),
          (figure(rounds, provider, name) / figure(rounds, base, name)).toFixed(3),
        ]),
        Math.round(rounds.bytes.get(provider) ?? Number.NaN),
      ]),
    },
    {
      title: "rounds, ms",
      columns: ["provider", "up", "destroy"],
      rows: providers.map((provider) => [
        provider,
        eachRound(rounds, provider, "upMs"),
        eachRound(rounds, provider, "destroyMs"),
      ]),
    },
  ];
}

function eachRound({ times }: Rounds, provider: ProviderName, name: keyof Times): string {
  return (times.get(provider) ?? []).map((one) => Math.round(one[name])).join(" ");
}

/** Linux reports the CPU of ended descendants in clock ticks of 10 ms. Adds that of this process. */
function cpuS(): number {
  try {
    const fields = readFileSync("/proc/self/stat", "utf8").split(") ")[1]?.split(" ") ?? [];
    const { user, system } = process.cpuUsage();
    return (Number(fields[13]) + Number(fields[14])) / 100 + (user + system) / 1_000_000;
  } catch {
    return Number.NaN;
  }
}
