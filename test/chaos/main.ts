import { parseArgs } from "node:util";

import { ignoreLostEngines, runInLanes } from "../support/lanes";
import { findPulumiCli } from "../support/pulumiCli";
import { aftermathInWords } from "./aftermath";
import { runScenario, type Outcome } from "./run";
import { CRASHES, scenarioOf, VERBS, type Scenario } from "./scenario";
import { inWords } from "./words";

const USAGE = `npm run chaos -- [--runs 36] [--seed 1] [--parallel 1] [--only SEED]… [--print] [--verbose]

Breaks the real engine during a command, cleans up, and checks that no key is left, lost or leaked. A seed decides
everything except the timing of the machine. --print only lists the scenarios; --verbose also prints what each crash
left behind. KEEP_SCRATCH=1 keeps the folders of failed runs.`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      runs: { type: "string", default: "36" },
      seed: { type: "string", default: "1" },
      parallel: { type: "string", default: "1" },
      only: { type: "string", multiple: true },
      print: { type: "boolean", default: false },
      verbose: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const first = Number(values.seed);
  const seeds =
    values.only?.map(Number) ?? Array.from({ length: Number(values.runs) }, (_, at) => first + at);
  const lanes = Number(values.parallel);
  if (values.help || [...seeds, lanes].some((value) => !Number.isSafeInteger(value) || value < 0)) {
    console.log(USAGE);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  const scenarios = seeds.map(scenarioOf);
  if (values.print) {
    for (const scenario of scenarios) console.log(`${scenario.seed}: ${inWords(scenario)}`);
    return;
  }
  if (lanes > 1 && seeds.length > 1) {
    await runInLanes(__filename, seeds, lanes, values.verbose ? ["--verbose"] : []);
    return;
  }
  console.log((await findPulumiCli()).summary);
  const outcomes: Outcome[] = [];
  for (const scenario of scenarios) outcomes.push(await runAndPrint(scenario, values.verbose));
  printSummary(outcomes);
}

async function runAndPrint(scenario: Scenario, verbose: boolean): Promise<Outcome> {
  const startedMs = performance.now();
  const outcome = await runScenario(scenario);
  const seconds = Math.round((performance.now() - startedMs) / 1_000);
  const result = outcome.broken.length > 0 ? "FAILED" : outcome.crashed ? "ok" : "ok, without the crash";
  console.log(`${scenario.seed}: ${inWords(scenario)}: ${result} (${seconds} s)`);
  if (outcome.remark !== undefined) console.log(`    ${outcome.remark}`);
  if (outcome.aftermath !== undefined && (verbose || outcome.broken.length > 0))
    console.log(`    left by the crash: ${aftermathInWords(outcome.aftermath)}`);
  for (const problem of outcome.broken) console.log(`    ${problem}`);
  if (outcome.broken.length > 0 && verbose) {
    console.log(indented(outcome.transcript));
    console.log(indented(outcome.cleanup?.output ?? "no cleanup"));
  }
  if (outcome.folder !== undefined) console.log(`    kept: ${outcome.folder}`);
  return outcome;
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, "    | ");
}

/** Prints a table of verbs and crashes with the numbers of runs and failures. */
function printSummary(outcomes: readonly Outcome[]): void {
  const width = Math.max(...CRASHES.map((crash) => crash.length));
  console.log(`\n${"".padEnd(width)}  ${VERBS.map((verb) => verb.padStart(14)).join("")}`);
  for (const crash of CRASHES) {
    const cells = VERBS.map((verb) => {
      const of = outcomes.filter(({ scenario }) => scenario.verb === verb && scenario.crash === crash);
      const failed = of.filter(({ broken }) => broken.length > 0).length;
      const cell = of.length === 0 ? "-" : failed === 0 ? `${of.length} ok` : `${failed}/${of.length} FAILED`;
      return cell.padStart(14);
    });
    console.log(`${crash.padEnd(width)}  ${cells.join("")}`);
  }
  const failed = outcomes.filter(({ broken }) => broken.length > 0).map(({ scenario }) => scenario.seed);
  const missed = outcomes.filter(({ crashed }) => !crashed).length;
  console.log(`\n${outcomes.length} runs, ${failed.length} failed, ${missed} ended before their crash.`);
  if (failed.length === 0) return;
  const seeds = failed.toSorted((a, b) => a - b);
  console.log(
    `To repeat them with their full output: npm run chaos -- --verbose ${seeds.map((seed) => `--only ${seed}`).join(" ")}`,
  );
  process.exitCode = 1;
}

ignoreLostEngines();

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
