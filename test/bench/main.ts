import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";

import { REPOSITORY_ROOT } from "../support/engineEnvironment";
import { calls } from "./calls";
import { completion } from "./completion";
import { engine } from "./engine";
import { fairness } from "./fairness";
import { faults } from "./faults";
import { importCost } from "./importCost";
import { limiterCost } from "./limiterCost";
import { machines } from "./machines";
import { plugin } from "./plugin";
import { scale } from "./scale";
import { isMet, renderSection, type SectionResult } from "./table";

const USAGE = `npm run bench -- [section…] [--out FILE] [--strict]

Sections: completion, fairness, machines, faults, calls, engine, plugin, import, limiter, scale. Default: all.
--out FILE  file for the figures as JSON. Default: .scratch/bench.json
--strict    exit code 1 when a target is not met`;

/** Measured by the engine section, for the scale section. */
let destroyCpuS: number | undefined;

const SECTIONS: Readonly<Record<string, () => Promise<SectionResult>>> = {
  completion,
  fairness,
  machines,
  faults,
  calls,
  engine: async () => {
    const { destroyCpuS: measured, ...result } = await engine();
    destroyCpuS = measured;
    return result;
  },
  plugin,
  import: importCost,
  limiter: limiterCost,
  scale: () => scale(destroyCpuS),
};

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      out: { type: "string", default: join(REPOSITORY_ROOT, ".scratch", "bench.json") },
      strict: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const unknown = positionals.filter((name) => !(name in SECTIONS));
  if (values.help || unknown.length > 0) {
    console.log(unknown.length > 0 ? `There is no section ${unknown.join(", ")}.\n\n${USAGE}` : USAGE);
    process.exitCode = unknown.length > 0 ? 2 : 0;
    return;
  }
  const results: Record<string, SectionResult & { tookS: number }> = {};
  for (const [name, run] of Object.entries(SECTIONS)) {
    if (positionals.length > 0 && !positionals.includes(name)) continue;
    const startedMs = performance.now();
    const result = await run();
    results[name] = { ...result, tookS: Math.round((performance.now() - startedMs) / 1_000) };
    console.log(`${renderSection(result)}\n(${results[name].tookS} s)`);
  }
  await mkdir(dirname(values.out), { recursive: true });
  await writeFile(values.out, `${JSON.stringify(results, undefined, 2)}\n`);
  const missed = Object.values(results).flatMap(({ targets }) => targets.filter((target) => !isMet(target)));
  console.log(`\n${missed.length === 0 ? "All targets are met." : `${missed.length} targets are NOT met.`}`);
  if (values.strict && missed.length > 0) process.exitCode = 1;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
