import type { Clock } from "../util/clock";
import type { Dependencies } from "../lifecycle/accountContext";
import { systemDependencies } from "../lifecycle/system";
import { Accounts } from "./account/accounts";
import { EXIT, INTERRUPTED, Refusal } from "./problems";
import { standardInput, type Input } from "./terminal/input";
import { Terminal } from "./terminal/terminal";

/** Everything that a command depends on. */
export interface CommandContext {
  terminal: Terminal;
  /** The command line, without the program's name. */
  commandLine: readonly string[];
  accounts: Accounts;
  clock: Clock;
  /** Returns a number in [0, 1), for delays. */
  random: () => number;
  environment: Readonly<Record<string, string | undefined>>;
  stdin: Input;
  /** Aborted by the first SIGINT (Ctrl-C), SIGTERM or SIGHUP: the command finishes what is in progress and starts nothing new. */
  stop: AbortSignal;
  /** Aborted right before a second signal ends the process. */
  hurry: AbortSignal;
  /** Counts changes in backends and on accounts. */
  changes: { count: number };
  /** Closes connections, so that the process ends. */
  close(): Promise<void>;
}

/** `timeout` and shells signal a process and its group, so a second signal within this time is the same one. */
const ECHO_MS = 1_000;

export function systemContext(): CommandContext {
  const terminal = new Terminal(process.stdout, process.stderr);
  const stop = new AbortController();
  const hurry = new AbortController();
  // Ignores EPIPE, as when the output is piped to `head`.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  let firstMs = 0;
  const onSignal = (signal: NodeJS.Signals) => {
    if (stop.signal.aborted) {
      if (performance.now() - firstMs < ECHO_MS) return;
      hurry.abort();
      process.exit(EXIT.failedInPart);
    }
    firstMs = performance.now();
    terminal.note(
      `${signal}: finishing what is in progress, starting nothing new. A second signal ends the command at once.`,
    );
    stop.abort(new Refusal(INTERRUPTED));
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, onSignal);
  const dependencies: Dependencies = {
    ...systemDependencies((line) => terminal.progress(line)),
    signal: stop.signal,
  };
  return {
    terminal,
    commandLine: process.argv.slice(2),
    accounts: new Accounts(dependencies, terminal),
    clock: dependencies.clock,
    random: dependencies.random,
    environment: process.env,
    stdin: standardInput(),
    stop: stop.signal,
    hurry: hurry.signal,
    changes: { count: 0 },
    close: () => dependencies.transport.close(),
  };
}
