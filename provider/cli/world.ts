import type { Clock } from "../api/clock";
import { ApiError } from "../api/errors";
import type { Dependencies } from "../lifecycle/session";
import { systemDependencies } from "../lifecycle/system";
import { Accounts } from "./accounts";
import { EXIT } from "./exit";
import { Terminal } from "./terminal/terminal";

/** What a command takes from the world. */
export interface World {
  terminal: Terminal;
  /** The command's words, without the program's name. */
  commandLine: readonly string[];
  accounts: Accounts;
  clock: Clock;
  /** A number in [0, 1), for delays. */
  random: () => number;
  environment: Readonly<Record<string, string | undefined>>;
  /** Aborted at the first Ctrl-C or SIGTERM: nothing new is begun, what is under way is ended. */
  stop: AbortSignal;
  /** Aborted then as well, unless the engine gets the signal by itself: a second one would end it at once. */
  stopEngine: AbortSignal;
  /** How many times something was changed, in a backend or on an account: without any, nothing was done. */
  changes: { count: number };
  /** Gives back what is held, so that the process ends. */
  close(): Promise<void>;
}

/** Somebody ended the command. */
class InterruptedError extends ApiError {
  override readonly name = "InterruptedError";
  constructor() {
    super({
      why: "The command was interrupted.",
      nextStep: "Run it again; it goes on from what is true.",
    });
  }
}

export function systemWorld(): World {
  const terminal = new Terminal(process.stdout, process.stderr);
  const stop = new AbortController();
  const stopEngine = new AbortController();
  // Nobody may be reading any more, as behind a `head`: the work goes on.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  const onSignal = (signal: NodeJS.Signals) => {
    if (stop.signal.aborted) process.exit(EXIT.failedInPart);
    terminal.note(
      `${signal}: ending what is under way, and beginning nothing new. Once more ends it at once.`,
    );
    stop.abort(new InterruptedError());
    // A terminal sends its Ctrl-C to every process of the command.
    if (signal !== "SIGINT" || !process.stdin.isTTY) stopEngine.abort();
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
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
    stopEngine: stopEngine.signal,
    changes: { count: 0 },
    close: () => dependencies.transport.close(),
  };
}
