import { startSimulator } from "../../provider/testing";
import { createBenchStack, destroy, type ProviderName } from "./stacks";
import type { SectionResult } from "./table";

export const COUNT = 20;

/** The requests of each of the engine's operations, from the simulator's journal. */
export async function calls(): Promise<SectionResult> {
  const plain = await callsOf("plain");
  const ours = await callsOf("ours");
  const named = await callsOf("ours, chosen names");
  return {
    title: "calls per operation",
    notes: [`${COUNT} keys on the real engine; every request counts against the account's limit.`],
    tables: [
      {
        title: `requests for ${COUNT} keys`,
        columns: ["operation", "ours", "ours, chosen names", "plain", "ours over plain"],
        rows: [...ours].map(([operation, count]) => {
          const other = plain.get(operation) ?? 0;
          return [
            operation,
            count,
            named.get(operation) ?? 0,
            other,
            other === 0 ? "" : (count / other).toFixed(2),
          ];
        }),
      },
    ],
    targets: [],
  };
}

/** The requests of one provider. */
export async function callsOf(provider: ProviderName): Promise<Map<string, number>> {
  const simulator = await startSimulator();
  const bench = await createBenchStack(provider, simulator, COUNT);
  const counts = new Map<string, number>();
  const count = async (operation: string, run: () => Promise<unknown>): Promise<void> => {
    simulator.clearJournal();
    await run();
    counts.set(operation, simulator.journal.length);
  };
  try {
    await count("up (create)", () => bench.stack.up());
    await count("up (no change)", () => bench.stack.up());
    await count("refresh", () => bench.stack.refresh());
    bench.declare({ budget: 2 });
    await count("up (update of every budget)", () => bench.stack.up());
    await count("destroy", () => destroy(bench));
    return counts;
  } finally {
    await bench.project.dispose();
    await simulator.close();
  }
}
