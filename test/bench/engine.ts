import { readFileSync } from "node:fs";

import { startSimulator } from "../../provider/testing";
import { createBenchStack, destroy, STACK_NAME, type BenchStack, type ProviderName } from "./stacks";
import { median, round, type SectionResult } from "./table";

const COUNT = 100;
const ROUNDS = 5;
const PROVIDERS = ["noop", "plain", "ours", "ours, chosen names"] as const satisfies ProviderName[];

interface Times {
  upMs: number;
  destroyMs: number;
  /** Seconds of CPU: engine, plugin, program and simulator. NaN if the system does not report it. */
  upCpuS: number;
  destroyCpuS: number;
}

/** The cost of the provider on the real engine, compared with a no-op provider. */
export async function engine(): Promise<SectionResult & { destroyCpuS: number | undefined }> {
  const simulator = await startSimulator();
  const stacks = new Map<ProviderName, BenchStack>();
  const times = new Map<ProviderName, Times[]>();
  const bytes = new Map<ProviderName, number>();
  try {
    for (const provider of PROVIDERS)
      stacks.set(provider, await createBenchStack(provider, simulator, COUNT));
    for (let turn = 0; turn < ROUNDS; turn++) {
      for (const [provider, bench] of stacks) {
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
  const figure = (provider: ProviderName, name: keyof Times) =>
    median((times.get(provider) ?? []).map((one) => one[name]));
  const ratio = (name: keyof Times) => round(figure("ours", name) / figure("noop", name));
  const size = (provider: ProviderName) => bytes.get(provider) ?? Number.NaN;
  const destroyCpuS = figure("ours", "destroyCpuS");
  return {
    title: "real engine",
    notes: [
      `${COUNT} keys, ${ROUNDS} interleaved rounds, medians; the simulator has no limit and no latency. noop sends nothing.`,
      "On a busy machine, wall time is not meaningful: compare the CPU of the same runs.",
      "State: the resource in the exported state as JSON, secrets encrypted, provider text included.",
    ],
    tables: [
      {
        title: `${COUNT} keys`,
        columns: [
          "provider",
          ...["up ms", "destroy ms", "up CPU s", "destroy CPU s"].flatMap((name) => [name, "over noop"]),
          "state bytes/key",
        ],
        rows: PROVIDERS.map((provider) => [
          provider,
          ...(["upMs", "destroyMs", "upCpuS", "destroyCpuS"] as const).flatMap((name) => [
            round(figure(provider, name)),
            (figure(provider, name) / figure("noop", name)).toFixed(3),
          ]),
          Math.round(size(provider)),
        ]),
      },
      {
        title: "rounds, ms",
        columns: ["provider", "up", "destroy"],
        rows: PROVIDERS.map((provider) => {
          const list = (name: "upMs" | "destroyMs") =>
            (times.get(provider) ?? []).map((one) => Math.round(one[name])).join(" ");
          return [provider, list("upMs"), list("destroyMs")];
        }),
      },
    ],
    targets: [
      { what: `up of ${COUNT}, over noop`, measured: ratio("upMs"), atMost: 1.1 },
      { what: `destroy of ${COUNT}, over noop`, measured: ratio("destroyMs"), atMost: 1.09 },
      {
        what: "bytes of state per key, over plain",
        measured: round(size("ours") / size("plain")),
        atMost: 0.8,
      },
    ],
    destroyCpuS: Number.isNaN(destroyCpuS) ? undefined : destroyCpuS,
  };
}

async function stateBytes({ project }: BenchStack): Promise<number> {
  const resources = await project.resources(STACK_NAME);
  const keys = resources.filter(({ type }) => type.startsWith("pulumi-nodejs:dynamic"));
  return keys.reduce((sum, resource) => sum + JSON.stringify(resource).length, 0) / keys.length;
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
