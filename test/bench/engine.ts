import { figure, roundsTables, runRounds, type Times } from "./rounds";
import type { ProviderName } from "./stacks";
import { round, type SectionResult } from "./table";

const COUNT = 100;
const ROUNDS = 5;
const PROVIDERS = ["noop", "plain", "ours", "ours, chosen names"] as const satisfies ProviderName[];

/** The cost of the provider on the real engine, compared with a no-op provider. */
export async function engine(): Promise<SectionResult & { destroyCpuS: number | undefined }> {
  const measured = await runRounds(PROVIDERS, { count: COUNT, rounds: ROUNDS });
  const overNoop = (provider: ProviderName, name: keyof Times) =>
    figure(measured, provider, name) / figure(measured, "noop", name);
  const size = (provider: ProviderName) => measured.bytes.get(provider) ?? Number.NaN;
  const destroyCpuS = figure(measured, "ours", "destroyCpuS");
  return {
    title: "real engine",
    notes: [
      `${COUNT} keys, ${ROUNDS} interleaved rounds, medians; the simulator has no limit and no latency. noop sends nothing.`,
      "On a busy machine, wall time is not meaningful: compare the CPU of the same runs.",
      "State: the resource in the exported state as JSON, secrets encrypted, provider text included.",
    ],
    tables: roundsTables(measured, PROVIDERS, { base: "noop", count: COUNT }),
    targets: [
      { what: `up of ${COUNT}, over noop`, measured: round(overNoop("ours", "upMs")), atMost: 1.1 },
      {
        what: `destroy of ${COUNT}, over noop`,
        measured: round(overNoop("ours", "destroyMs")),
        atMost: 1.09,
      },
      {
        what: "bytes of state per key, over plain",
        measured: round(size("ours") / size("plain")),
        atMost: 0.8,
      },
    ],
    destroyCpuS: Number.isNaN(destroyCpuS) ? undefined : destroyCpuS,
  };
}
