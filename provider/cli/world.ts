import type { Clock } from "../api/clock";
import { ApiError } from "../api/errors";
import type { Dependencies } from "../lifecycle/session";
import { systemDependencies } from "../lifecycle/system";
import { Accounts } from "./accounts";
import { Terminal } from "./terminal/terminal";

/** What a command takes from the world. */
export interface World {
  terminal: Terminal;
  accounts: Accounts;
  clock: Clock;
  /** A number in [0, 1), for delays. */
  random: () => number;
  environment: Readonly<Record<string, string | undefined>>;
  /** Aborted at the first Ctrl-C or SIGTERM: nothing new is begun, what is under way is ended. */
  stop: AbortSignal;
  /** Aborted then as well, unless the engine gets the signal by itself: a second one would end it at once. */
  stopEngine: AbortSignal;
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
  const onSignal = (signal: NodeJS.Signals) => {
    if (!stop.signal.aborted) {
      terminal.note(`${signal}: ending what is under way, and beginning nothing new.`);
    }
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
    accounts: new Accounts(dependencies, terminal),
    clock: dependencies.clock,
    random: dependencies.random,
    environment: process.env,
    stop: stop.signal,
    stopEngine: stopEngine.signal,
    close: () => dependencies.transport.close(),
  };
}
