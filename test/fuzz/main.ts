import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";

import { REPOSITORY_ROOT } from "../support/engineEnvironment";
import { ignoreLostEngines, runInLanes } from "../support/lanes";
import { Figures } from "./figures";
import type { Sequence } from "./model";
import { playSeed, playSequence, type Outcome, type RunOptions } from "./run";
import { shrink } from "./shrink";
import { printTurn } from "./words";

const USAGE = `npm run fuzz -- [--runs 10] [--seed 1] [--length 10] [--seconds 600] [--parallel 1] [--only SEED]…
                [--replay FILE]… [--shrink] [--verbose]

Runs random programs on the real engine, with faults, in two stacks, and compares account, states and programs after
every step. Each seed decides a run. A run that breaks a rule stops, prints its sequence, and writes it to
.scratch/fuzz/seed-N.json, which --replay plays again; --shrink drops what the finding does not need.`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      runs: { type: "string", default: "10" },
      seed: { type: "string", default: "1" },
      length: { type: "string", default: "10" },
      seconds: { type: "string", default: "600" },
      parallel: { type: "string", default: "1" },
      only: { type: "string", multiple: true },
      replay: { type: "string", multiple: true },
      shrink: { type: "boolean", default: false },
      verbose: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const [runs, first, length, seconds, lanes] = (
    ["runs", "seed", "length", "seconds", "parallel"] as const
  ).map((name) => Number(values[name])) as [number, number, number, number, number];
  const seeds = values.only?.map(Number) ?? Array.from({ length: runs }, (_, at) => first + at);
  if (
    values.help ||
    [...seeds, length, seconds, lanes].some((value) => !Number.isSafeInteger(value) || value < 0)
  ) {
    console.log(USAGE);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  if (lanes > 1 && values.replay === undefined && seeds.length > 1) {
    const rest = ["--length", String(length), "--seconds", String(seconds)];
    const flags = (["shrink", "verbose"] as const).filter((flag) => values[flag]).map((flag) => `--${flag}`);
    await runInLanes(__filename, seeds, lanes, [...rest, ...flags]);
    return;
  }

  const figures = new Figures();
  const options: RunOptions = {
    onTurn: (turn, findings, run) => {
      figures.countStep();
      if (values.verbose) printTurn(turn, findings, run);
    },
  };
  const untilMs = performance.now() + seconds * 1_000;
  const jobs: readonly { name: string; play: () => Promise<Outcome> }[] =
    values.replay?.map((file) => {
      const sequence = JSON.parse(readFileSync(file, "utf8")) as Sequence;
      return {
        name: basename(file, ".json"),
        play: () => playSequence(sequence, { ...options, goOn: true }),
      };
    }) ?? seeds.map((seed) => ({ name: `seed ${seed}`, play: () => playSeed(seed, length, options) }));
  for (const { name, play } of jobs) {
    if (performance.now() > untilMs) break;
    const outcome = await play();
    figures.count(outcome);
    report(name, outcome);
    if (values.shrink && outcome.findings.length > 0) report(`${name}, shrunk`, await shrink(outcome));
  }
  figures.print();
  if (figures.findings > 0) process.exitCode = 1;
}

function report(name: string, { sequence, findings, output }: Outcome): void {
  console.log(`${name}: ${sequence.steps.length} steps, ${findings.length === 0 ? "ok" : "BROKEN"}`);
  if (findings.length === 0) return;
  for (const { rule, step, text } of findings)
    console.log(`  ${rule}, ${step === 0 ? "at the end" : `step ${step}`}: ${text}`);
  console.log(`  ${JSON.stringify(sequence)}`);
  const folder = join(REPOSITORY_ROOT, ".scratch", "fuzz");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name.replaceAll(/[^a-z0-9]+/gi, "-")}.json`);
  writeFileSync(file, JSON.stringify({ ...sequence, findings, output }, null, 2));
  console.log(`  Again: npm run fuzz -- --verbose --replay ${JSON.stringify(file)}`);
}

ignoreLostEngines();

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
