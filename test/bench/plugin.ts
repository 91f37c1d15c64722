import { callsOf, COUNT as CALLS_COUNT } from "./calls";
import { pluginStarts, STARTED, type Started } from "./pluginStart";
import { figure, roundsTables, runRounds, type Rounds, type Times } from "./rounds";
import type { ProviderName } from "./stacks";
import { median, round, type SectionResult, type Table, type Target } from "./table";

const COUNT = 100;
const ROUNDS = 5;
const STARTS = 15;

/** Through both doors. */
export interface Figures {
  requests: Readonly<Record<"ours" | "plugin", ReadonlyMap<string, number>>>;
  /** Milliseconds of each start. */
  starts: ReadonlyMap<Started, readonly number[]>;
  rounds: Rounds;
}

/** The provider plugin beside the dynamic provider, and what any plugin on Node costs. */
export async function plugin(): Promise<SectionResult> {
  const providers = ["noop plugin", "ours", "plugin", "plugin, bundled"] as const;
  const figures: Figures = {
    requests: { ours: await callsOf("ours"), plugin: await callsOf("plugin") },
    starts: await pluginStarts(STARTED, STARTS),
    rounds: await runRounds(providers, { count: COUNT, rounds: ROUNDS }),
  };
  return {
    title: "provider plugin",
    notes: [
      "ours: through the dynamic provider. plugin: the same keys through the provider plugin, unbundled as npm installs it.",
      "noop plugin: a plugin on Node that sends nothing. bundled: one file, as a release has it.",
      `Start: from the spawn to the port on standard output, ${STARTS} times in alternating order. The dynamic-provider host then loads`,
      "the provider with its first verb; the plugin has loaded it.",
      `up and destroy: ${COUNT} keys, ${ROUNDS} rounds in alternating order, medians; the simulator has no limit and no latency.`,
      "On a busy machine, wall time is not meaningful: compare the CPU of the same runs.",
    ],
    tables: [
      requestsTable(figures),
      startTable(figures),
      ...roundsTables(figures.rounds, providers, { base: "noop plugin", count: COUNT }),
    ],
    targets: targetsOf(figures),
  };
}

export function targetsOf({ requests, starts, rounds }: Figures): Target[] {
  const more = [...requests.ours].map(
    ([operation, count]) => (requests.plugin.get(operation) ?? NaN) - count,
  );
  const bundledMs = median(starts.get("plugin, bundled") ?? []);
  const over = (base: ProviderName, name: keyof Times) =>
    round(figure(rounds, "plugin", name) / figure(rounds, base, name));
  const bytes = (provider: ProviderName) => rounds.bytes.get(provider) ?? NaN;
  return [
    {
      what: "requests of the worst operation, less those of ours",
      measured: Math.max(...more),
      atMost: 0,
    },
    {
      what: "bytes of state per key, over ours",
      measured: round(bytes("plugin") / bytes("ours")),
      atMost: 1,
    },
    {
      what: "start of the bundled plugin, median",
      measured: Number.isNaN(bundledMs) ? undefined : round(bundledMs),
      atMost: 300,
      unit: " ms",
    },
    { what: `up of ${COUNT}, over ours`, measured: over("ours", "upMs"), atMost: 1 },
    { what: `destroy of ${COUNT}, over ours`, measured: over("ours", "destroyMs"), atMost: 1 },
    { what: `up of ${COUNT}, over noop plugin`, measured: over("noop plugin", "upMs"), atMost: 1.1 },
    {
      what: `destroy of ${COUNT}, over noop plugin`,
      measured: over("noop plugin", "destroyMs"),
      atMost: 1.1,
    },
  ];
}

function requestsTable({ requests }: Figures): Table {
  return {
    title: `requests for ${CALLS_COUNT} keys`,
    columns: ["operation", "ours", "plugin"],
    rows: [...requests.ours].map(([operation, count]) => [
      operation,
      count,
      requests.plugin.get(operation) ?? "none",
    ]),
  };
}

function startTable({ starts }: Figures): Table {
  const hostMs = median(starts.get("dynamic-provider host") ?? []);
  return {
    title: "start, ms",
    columns: ["started", "median", "minimum", "over the host"],
    rows: [...starts].map(([started, times]) => [
      started,
      round(median(times)),
      round(Math.min(...times)),
      (median(times) / hostMs).toFixed(3),
    ]),
  };
}
