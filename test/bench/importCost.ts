import { runCommand } from "../support/command";
import { REPOSITORY_ROOT } from "../support/engineEnvironment";
import { median, round, type SectionResult } from "./table";

const ROUNDS = 15;

/** What a program loads, and what comes on top of `@pulumi/pulumi`. */
const IMPORTS: Readonly<Record<string, string>> = {
  "pulumi-electronhub": 'require("pulumi-electronhub");',
  "pulumi-electronhub/handler, in the plugin's process": 'require("pulumi-electronhub/handler");',
  zod: 'require("zod");',
  undici: 'require("undici");',
};

export async function importCost(): Promise<SectionResult> {
  const rows: (string | number)[][] = [];
  let ownMs: number | undefined;
  for (const [what, program] of Object.entries(IMPORTS)) {
    const runs: { ms: number; modules: number }[] = [];
    for (let turn = 0; turn < ROUNDS; turn++) runs.push(await measure(program));
    const times = runs.map(({ ms }) => ms);
    ownMs ??= median(times);
    rows.push([what, round(median(times)), round(Math.min(...times)), runs[0]?.modules ?? 0]);
  }
  return {
    title: "import cost",
    notes: [
      `On top of @pulumi/pulumi, ${ROUNDS} processes each. A busy machine adds to the median, less to the minimum.`,
    ],
    tables: [{ title: "milliseconds", columns: ["import", "median", "minimum", "modules"], rows }],
    targets: [{ what: "import of pulumi-electronhub, median", measured: ownMs, atMost: 20, unit: " ms" }],
  };
}

async function measure(program: string): Promise<{ ms: number; modules: number }> {
  const text = `
    require("@pulumi/pulumi");
    const modules = Object.keys(require.cache).length;
    const startMs = performance.now();
    ${program}
    const ms = performance.now() - startMs;
    console.log(JSON.stringify({ ms, modules: Object.keys(require.cache).length - modules }));
    process.exit(0);`;
  const { stdout, output, exitCode } = await runCommand(process.execPath, ["-e", text], {
    cwd: REPOSITORY_ROOT,
    env: process.env,
  });
  if (exitCode !== 0) throw new Error(output);
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as { ms: number; modules: number };
}
