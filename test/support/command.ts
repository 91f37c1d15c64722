import { spawn, type ChildProcess, type ChildProcessByStdio } from "node:child_process";
import { performance } from "node:perf_hooks";
import type { Readable, Writable } from "node:stream";

import { descendantsOf, type OwnedProcess } from "./processes";

/** The result of a command. */
export interface CommandResult {
  /** The exit code; `null` when a signal ended the process. */
  exitCode: number | null;
  /** The signal that ended the process, if one did. */
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  /** Both streams in order of arrival, as a user sees them. */
  output: string;
  durationMs: number;
}

/** A command that still runs. */
export interface RunningCommand {
  readonly child: ChildProcess;
  /** Resolves when the command has ended. Rejects only if it could not be started. */
  readonly done: Promise<CommandResult>;
  /** Everything printed so far, both streams in order of arrival. */
  output(): string;
  /** Resolves once the output matches; rejects when the command ends first. */
  waitForOutput(pattern: RegExp): Promise<void>;
  /** Signals only this process. Records its descendants first, see `orphans`. */
  kill(signal: NodeJS.Signals): void;
  /** The processes that this command has started, directly or not, and that run now. */
  descendants(): OwnedProcess[];
  /** The descendants at the time of the last `kill`: a plugin outlives a killed engine. */
  readonly orphans: readonly OwnedProcess[];
}

export interface CommandOptions {
  cwd?: string;
  /** The complete environment. No variable is inherited. */
  env: NodeJS.ProcessEnv;
  /** The process gets SIGKILL after this time. Default: no limit. */
  timeoutMs?: number;
  /** Receives every piece of output as it arrives. */
  onOutput?: (text: string) => void;
  /** The input of the process. Default: empty. */
  input?: string;
  /** Starts the process in its own group, so that a test can signal the group. */
  detached?: boolean;
  /** The user of the process. Default: the user of this process. */
  user?: ProcessUser;
}

/** A user of the machine, by number. */
export interface ProcessUser {
  uid: number;
  gid: number;
}

/** An orphan may keep the pipes open, so that "close" is never emitted: stop this long after "exit". */
const DRAIN_AFTER_EXIT_MS = 1_000;

/** Starts a command without a terminal. */
export function startCommand(file: string, args: readonly string[], options: CommandOptions): RunningCommand {
  const startedAtMs = performance.now();
  const child = spawn(file, args, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: options.env,
    ...options.user,
    detached: options.detached === true,
    stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    windowsHide: true,
  }) as ChildProcessByStdio<Writable | null, Readable, Readable>;
  // A process that exits early reads no input. Its exit code shows the failure.
  child.stdin?.on("error", () => {});
  child.stdin?.end(options.input);
  const text = { stdout: "", stderr: "", output: "" };
  const watchers = new Set<() => void>();
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].setEncoding("utf8");
    child[stream].on("data", (piece: string) => {
      text[stream] += piece;
      text.output += piece;
      options.onOutput?.(piece);
      for (const watcher of watchers) watcher();
    });
  }

  let orphans: OwnedProcess[] = [];
  const descendants = (): OwnedProcess[] =>
    child.pid === undefined || child.exitCode !== null || child.signalCode !== null
      ? []
      : descendantsOf(child.pid);
  const kill = (signal: NodeJS.Signals): void => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    orphans = descendants();
    child.kill(signal);
  };

  const done = new Promise<CommandResult>((resolve, reject) => {
    const limit =
      options.timeoutMs === undefined ? undefined : setTimeout(() => kill("SIGKILL"), options.timeoutMs);
    const finish = (exitCode: number | null, signal: NodeJS.Signals | null): void => {
      clearTimeout(limit);
      child.stdout.destroy();
      child.stderr.destroy();
      resolve({ exitCode, signal, ...text, durationMs: performance.now() - startedAtMs });
    };
    child.once("error", (error) => {
      clearTimeout(limit);
      reject(error);
    });
    child.once("close", finish);
    child.once("exit", (exitCode, signal) => {
      setTimeout(() => finish(exitCode, signal), DRAIN_AFTER_EXIT_MS).unref();
    });
  });

  return {
    child,
    done,
    descendants,
    output: () => text.output,
    get orphans() {
      return orphans;
    },
    kill,
    waitForOutput: (pattern) =>
      new Promise<void>((resolve, reject) => {
        const look = (): void => {
          if (text.output.search(pattern) < 0) return;
          watchers.delete(look);
          resolve();
        };
        watchers.add(look);
        look();
        const missed = (): void =>
          reject(new Error(`The command ended before its output had ${pattern}:\n${text.output}`));
        done.then(missed, reject);
      }),
  };
}

/** Runs a command to its end. */
export function runCommand(
  file: string,
  args: readonly string[],
  options: CommandOptions,
): Promise<CommandResult> {
  return startCommand(file, args, options).done;
}
