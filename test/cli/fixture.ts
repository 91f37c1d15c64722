import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { PulumiFn } from "@pulumi/pulumi/automation";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { cacheFolder } from "../../provider/config";
import type { AccountOptions, FaultMatch, InjectedFault } from "../../provider/testing";
import { secretsFoundIn } from "../engine/secretScan";
import { useEngine, type Engine } from "../engine/fixture";
import type { CommandResult, EngineStack, RunningCommand, StackConfig } from "../support/engine";
import { descendantsOf, endProcesses, isAlive, type OwnedProcess } from "../support/processes";
import { editCheckpoint, editLocks, type LatestState, type LockFile } from "./editedStates";
import type { Report } from "./reports";
import { jsonOf, startCli } from "./runCli";

export interface CliOptions {
  env?: Readonly<Record<string, string>>;
  /** Default: the project's folder. */
  cwd?: string;
  /** Gives the command a process group of its own. */
  detached?: boolean;
  /** What it reads on stdin. Default: nothing. */
  input?: string;
}

export interface Cli extends Engine {
  /** Starts the command in the project's folder. */
  start(args: readonly string[], options?: CliOptions): RunningCommand;
  run(args: readonly string[], options?: CliOptions): Promise<CommandResult>;
  /** Runs it with `--json`, and expects the exit code that its report says. */
  report(args: readonly string[], options?: CliOptions): Promise<Report>;
  /** The account of a stack's configuration, for commands that ask one account. */
  accountEnv(account?: string): Record<string, string>;
  /** An `up` of which the engine and the plugin are killed while `creations` keys are made and not yet answered. */
  crashedUp(name: string, program: PulumiFn, options?: CrashOptions): Promise<EngineStack>;
  /** An `up` that waits in the middle of a creation. */
  upInFlight(name: string, program: PulumiFn, options?: CrashOptions): Promise<UpInFlight>;
  /** The names of an account's keys, in order. */
  names(account?: string): string[];
  stackNames(): Promise<string[]>;
  /** Changes a stack's state where the backend keeps it. */
  editCheckpoint(stack: string, change: (latest: LatestState) => void): Promise<void>;
  /** Changes the locks of a stack where the backend keeps them, as written then. Default: now. */
  editLocks(stack: string, change: Partial<LockFile>, writtenMs?: number): Promise<void>;
  /** An environment whose Pulumi CLI, which the script calls "$PULUMI", first does this. */
  withPulumi(script: string): Promise<Record<string, string>>;
  /** Makes this machine another one, that remembers no creation. */
  forgetCreations(): Promise<void>;
}

interface CrashOptions {
  creations?: number;
  on?: FaultMatch;
  /** Default: true: the key is made. */
  applied?: boolean;
  config?: StackConfig;
  /** The run has a plan that `preview --save-plan` has saved. */
  planned?: boolean;
  /** The user knows that the run is dead: `cleanup` and `recover` break its locks from then on. Default: true. */
  known?: boolean;
}

export interface UpInFlight {
  stack: EngineStack;
  held: InjectedFault;
  up: Promise<unknown>;
  engine: OwnedProcess;
  plugin: OwnedProcess[];
}

/** Short: no creation of these tests takes effect late. */
const SETTLE = "0.2s";
const ON_STACKS = new Set(["cleanup", "recover"]);

/** The engine's fixture, and the command. What it prints is searched for secrets after each test. */
export function useCli(accounts?: readonly AccountOptions[]): Cli {
  const engine = useEngine(accounts);
  const running: RunningCommand[] = [];
  const orphans: OwnedProcess[] = [];
  const secrets = new Set<string>();
  let said = "";
  /** Whether a run has crashed, and the user knows it. */
  let isKnownDead = false;

  const noteSecrets = (): void => {
    for (const { name } of accounts ?? [{ name: "main" }]) {
      const account = engine.simulator.account(name);
      secrets.add(account.apiKey);
      for (const { key } of account.keys()) secrets.add(key);
    }
  };
  beforeAll(async () => {
    const { name, folders } = engine.project;
    await writeFile(join(folders.work, "Pulumi.yaml"), `name: ${name}\nruntime: nodejs\n`);
  });
  afterEach(async () => {
    // Every test makes its own stacks, and finds none.
    const { backend, work } = engine.project.folders;
    await rm(join(backend, ".pulumi"), { recursive: true, force: true });
    for (const file of await readdir(work)) {
      if (/^Pulumi\..+\.yaml$/.test(file)) await rm(join(work, file));
    }
    await cli.forgetCreations();
    noteSecrets();
    const found = secretsFoundIn([{ path: "the output", text: said }], secrets);
    said = "";
    isKnownDead = false;
    expect(found).toEqual([]);
  });
  afterAll(() => {
    for (const command of running) {
      command.kill("SIGKILL");
      endProcesses(command.orphans);
    }
    endProcesses(orphans);
  });

  const cli: Cli = Object.defineProperties({} as Cli, {
    ...Object.getOwnPropertyDescriptors(engine),
    ...Object.getOwnPropertyDescriptors({
      start(
        args: readonly string[],
        { env = {}, cwd = engine.project.folders.work, detached = false, input }: CliOptions = {},
      ) {
        noteSecrets();
        const [command = ""] = args;
        const added: string[] = [];
        const addOption = (name: string, value: string): void => {
          if (ON_STACKS.has(command) && !args.includes(name)) added.push(name, value);
        };
        addOption("--settle", SETTLE);
        if (isKnownDead) addOption("--break-locks-older-than", "0s");
        const started = startCli([...args, ...added], {
          cwd,
          env: { ...engine.project.env, ...env },
          detached,
          input,
        });
        running.push(started);
        void started.done.then(({ output }) => (said += output));
        return started;
      },
      run: (args: readonly string[], options?: CliOptions) => cli.start(args, options).done,
      async report(args: readonly string[], options?: CliOptions) {
        const result = await cli.run([...args, "--json"], options);
        const report = jsonOf<Report>(result);
        expect(report.exitCode).toBe(result.exitCode);
        return report;
      },
      accountEnv: (account?: string) => ({
        ELECTRONHUB_API_KEY: engine.simulator.account(account).apiKey,
        ELECTRONHUB_BASE_URL: engine.simulator.baseUrl,
      }),
      async upInFlight(name: string, program: PulumiFn, options: CrashOptions = {}): Promise<UpInFlight> {
        const { creations = 1, on = {}, applied = true, config, planned = false } = options;
        const stack = await engine.stack(name, program, config === undefined ? {} : { config });
        const plan = planned ? { plan: join(engine.project.folders.temporary, `${name}.plan`) } : {};
        if (planned) await stack.preview(plan);
        const held = engine.simulator.inject({
          on: { path: "/auth/proxy/create", ...on },
          times: Infinity,
          hold: true,
          applied,
        });
        const up = stack.up(plan).catch((error: unknown) => error);
        const early = up.then((result) => {
          throw new Error(`The up ended before its creations were held: ${String(result)}`);
        });
        await Promise.race([held.reached(creations), early]);
        const found = descendantsOf(process.pid).find(({ commandLine }) =>
          commandLine.includes(` --stack ${name} `),
        );
        if (found === undefined) throw new Error("There is no engine.");
        const plugin = descendantsOf(found.pid).filter(({ commandLine }) =>
          /pulumi-resource-pulumi-nodejs|dynamic-provider/.test(commandLine),
        );
        orphans.push(found, ...plugin);
        noteSecrets();
        return { stack, held, up, engine: found, plugin };
      },
      async crashedUp(name: string, program: PulumiFn, options?: CrashOptions): Promise<EngineStack> {
        const flight = await cli.upInFlight(name, program, options);
        endProcesses([flight.engine, ...flight.plugin]);
        await flight.up;
        flight.held.remove();
        await ended([flight.engine, ...flight.plugin]);
        isKnownDead = options?.known ?? true;
        engine.takeRequests();
        return flight.stack;
      },
      names: (account?: string) =>
        engine.simulator
          .account(account)
          .keys()
          .map(({ name }) => name)
          .toSorted(),
      async stackNames() {
        const { stdout } = await engine.project.pulumi(["stack", "ls", "--json"]);
        return (JSON.parse(stdout) as { name: string }[]).map(({ name }) => name).toSorted();
      },
      editCheckpoint: (stack: string, change: (latest: LatestState) => void) =>
        editCheckpoint(engine.project, stack, change),
      editLocks: (stack: string, change: Partial<LockFile>, writtenMs?: number) =>
        editLocks(engine.project, stack, change, writtenMs),
      async withPulumi(script: string) {
        const { cli: pulumi, env, folders } = engine.project;
        const bin = join(folders.root, "bin");
        await mkdir(bin, { recursive: true });
        const lines = ["#!/bin/sh", `PULUMI="${pulumi.path}"`, script, 'exec "$PULUMI" "$@"', ""];
        await writeFile(join(bin, "pulumi"), lines.join("\n"), { mode: 0o755 });
        return { PATH: `${bin}:${env["PATH"]}` };
      },
      forgetCreations: () =>
        rm(cacheFolder("creations", { XDG_CACHE_HOME: engine.project.folders.cache }), {
          recursive: true,
          force: true,
        }),
    }),
  });
  return cli;
}

/** Resolves when none of them runs any more. */
export async function ended(processes: readonly OwnedProcess[]): Promise<void> {
  await expect.poll(() => processes.filter(isAlive), { timeout: 20_000, interval: 50 }).toEqual([]);
}

/** The requests that change something on an account. */
export function mutations(requests: readonly string[]): string[] {
  return requests.filter((request) => !/^GET |lookup|validate/.test(request));
}
