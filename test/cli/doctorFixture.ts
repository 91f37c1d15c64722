import { mkdir, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { afterAll, afterEach, beforeAll, expect } from "vitest";

import type { Check } from "../../provider/cli/checks/check";
import { startSimulator, type Simulator, type SimulatorOptions } from "../../provider/testing";
import type { CommandResult } from "../support/command";
import { createEngineProject, type EngineProject } from "../support/engine";
import { jsonOf, runCli } from "./runCli";

/** What `doctor --json` has found; its report has proved to be well-formed and to fit the exit code. */
export interface Examination {
  exitCode: number | null;
  output: string;
  /** The check of this name. */
  check: (name: string) => Check;
}

export interface Doctor {
  readonly project: EngineProject;
  readonly simulator: Simulator;
  /** Starts the simulator that the test asks; it ends with the test. */
  use(options?: SimulatorOptions): Promise<void>;
  /** What speaks for the simulator's account in an environment. */
  account(extra?: NodeJS.ProcessEnv): NodeJS.ProcessEnv;
  /** Runs `doctor` in the project's folder. */
  run(env: NodeJS.ProcessEnv, args?: readonly string[]): Promise<CommandResult>;
  /** The same with `--json`. Default: with the simulator's account in the environment. */
  examine(env?: NodeJS.ProcessEnv, args?: readonly string[]): Promise<Examination>;
}

export const LIMIT = { limit: 10, windowMs: 60_000 };

/** A Pulumi project without a stack for a file of tests, and a simulator for each test. */
export function useDoctor(): Doctor {
  let project: EngineProject | undefined;
  let simulator: Simulator | undefined;
  const started = <T>(part: T | undefined): T => {
    if (part === undefined) throw new Error("The test has not started it yet.");
    return part;
  };

  /** Has a language host, which not every machine has. Nothing runs it. */
  const bin = () => join(started(project).folders.root, "language");

  beforeAll(async () => {
    project = await createEngineProject();
    await writeFile(join(project.folders.work, "Pulumi.yaml"), "name: test\nruntime: nodejs\n");
    await mkdir(bin(), { recursive: true });
    await writeFile(join(bin(), "pulumi-language-nodejs"), "");
  });
  afterEach(async () => {
    await simulator?.close();
    simulator = undefined;
  });
  afterAll(async () => {
    await project?.dispose();
  });

  const doctor: Doctor = {
    get project() {
      return started(project);
    },
    get simulator() {
      return started(simulator);
    },
    use: async (options = {}) => {
      simulator = await startSimulator({
        accounts: [{ name: "main", tier: "pro", rateLimit: LIMIT }],
        ...options,
      });
    },
    account: (extra = {}) => ({
      ELECTRONHUB_API_KEY: doctor.simulator.account().apiKey,
      ELECTRONHUB_BASE_URL: doctor.simulator.baseUrl,
      ...extra,
    }),
    run: (env, args = []) => {
      const { folders, env: ofProject } = doctor.project;
      const PATH = `${bin()}${delimiter}${ofProject["PATH"]}`;
      return runCli(["doctor", ...args], { cwd: folders.work, env: { ...ofProject, PATH, ...env } });
    },
    examine: async (env = doctor.account(), args = []) =>
      examined(await doctor.run(env, ["--json", ...args])),
  };
  return doctor;
}

function examined(result: CommandResult): Examination {
  const report = jsonOf<{ checks: Check[] }>(result);
  expect(report).toEqual({ command: "doctor", exitCode: result.exitCode, checks: expect.any(Array) });
  for (const check of report.checks) {
    expect(Object.keys(check)).toEqual([
      "name",
      "status",
      "what",
      ...(check.status === "ok" || check.status === "skipped" ? [] : ["nextStep"]),
    ]);
    for (const text of Object.values(check)) expect(text).toMatch(/\S/);
    expect(["ok", "warning", "error", "skipped"]).toContain(check.status);
  }
  const hasError = report.checks.some(({ status }) => status === "error");
  expect(result.exitCode).toBe(hasError ? 1 : 0);
  expect(result.output).not.toMatch(/\n\s+at /);
  const check = (name: string) => {
    const found = report.checks.find((candidate) => candidate.name === name);
    if (found === undefined) throw new Error(`There is no check "${name}":\n${result.output}`);
    return found;
  };
  return { exitCode: result.exitCode, output: result.output, check };
}

/** No 8 characters in a row of the secret show. */
export function expectHidden(output: string, secret: string): void {
  for (let at = 0; at + 8 <= secret.length; at++) expect(output).not.toContain(secret.slice(at, at + 8));
}
