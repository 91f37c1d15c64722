import type { Transport } from "../../api/transport";
import { EngineGoneError, watchEngine, type EngineLiveness } from "./engineLiveness";

/** How long to wait for responses to requests in flight after the engine has died. */
const LAST_RESPONSE_MS = 3_000;

export interface EndOptions {
  engine: EngineLiveness;
  transport: Transport;
  /** Ends every wait of the process. */
  stop: (reason: Error) => void;
  /** How many operations are in progress. */
  running: () => number;
}

/** Ends this plugin process soon after its engine has died. */
export function endWithEngine({ engine, transport, stop, running }: EndOptions): void {
  watchEngine({
    engine,
    onGone: () => {
      // Waits end at once. Requests in flight are finished, so that the audit log and the account agree.
      stop(new EngineGoneError());
      setTimeout(() => void transport.close(), LAST_RESPONSE_MS);
      const exitWhenIdle = () => (running() === 0 ? process.exit(1) : undefined);
      setInterval(exitWhenIdle, 100);
    },
  });
}
