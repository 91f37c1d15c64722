import type { Clock } from "../util/clock";
import { UserError } from "../util/userError";
import type { Dependencies } from "../lifecycle/accountContext";
import { systemDependencies } from "../lifecycle/system";
import { Accounts } from "./account/accounts";
import { EXIT } from "./problems";
import { Terminal } from "./terminal/terminal";

/** What a command takes from the world. */
export interface CommandContext {
  terminal: Terminal;
  /** The command's words, without the program's name. */
  commandLine: readonly string[];
  accounts: Accounts;
  clock: Clock;
  /** A number in [0, 1), for delays. */
  random: () => number;
  environment: Readonly<Record<string, string | undefined>>;
  /** Aborted by the first SIGINT (Ctrl-C), SIGTERM or SIGHUP: nothing new is begun, what is under way is ended. */
  stop: AbortSignal;
  /** Aborted right before a second signal ends the process. */
  hurry: AbortSignal;
  /** How many times something was changed, in a backend or on an account: without any, nothing was done. */
  changes: { count: number };
  /** Gives back what is held, so that the process ends. */
  close(): Promise<void>;
}

/** Somebody ended the command. */
class InterruptedError extends UserError {
  override readonly name = "InterruptedError";
  constructor() {
    super({
      why: "The command was interrupted.",
      nextStep: "Run it again; it goes on from what is true.",
    });
  }
}

/** Milliseconds: `timeout` and shells signal a process and its group, so that one wish arrives as two signals. */
const ECHO_MS = 1_000;

export function systemContext(): CommandContext {
  const terminal = new Terminal(process.stdout, process.stderr);
  const stop = new AbortController();
  const hurry = new AbortController();
  // Nobody may be reading any more, as behind a `head`: the work goes on.
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
      `${signal}: ending what is under way, and beginning nothing new. Once more ends it at once.`,
    );
    stop.abort(new InterruptedError());
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
    stop: stop.signal,
    hurry: hurry.signal,
    changes: { count: 0 },
    close: () => dependencies.transport.close(),
  };
}
