import type { EngineEvent } from "@pulumi/pulumi/automation";
import type { Clock } from "../../util/clock";

/** Signals that end an engine's run early. */
export interface Interruption {
  /** The engine finishes what is in progress and starts nothing new. */
  stop: AbortSignal;
  /** This command ends at once, so the engine must get its signal now. */
  hurry: AbortSignal;
}

/** A signal before the engine's prelude kills the engine and leaves the stack locked. */
const PRELUDE_WAIT_MS = 10_000;
/** The engine may have got the signal itself: it has this long to announce that. */
const ANNOUNCE_WAIT_MS = 2_000;

/**
 * Cancels one run of an engine with at most one signal: a second one would end it in the middle of a change. The signal that
 * stops this command may have reached the engine too (systemd signals all processes of a unit); the engine announces that.
 */
export class Cancellation {
  readonly #passOn = new AbortController();
  readonly #over = new AbortController();
  readonly #begun = new AbortController();
  readonly #announced = new AbortController();
  readonly #clock: Clock;

  constructor({ stop, hurry }: Interruption, clock: Clock) {
    this.#clock = clock;
    const options = { once: true, signal: this.#over.signal };
    if (stop.aborted) void this.#cancel();
    stop.addEventListener("abort", () => void this.#cancel(), options);
    hurry.addEventListener("abort", () => this.#signal(), options);
  }

  /** Aborted to signal the engine. */
  get signal(): AbortSignal {
    return this.#passOn.signal;
  }

  take(event: EngineEvent): void {
    if (event.preludeEvent !== undefined) this.#begun.abort();
    if (isCancelling(event)) this.#announced.abort();
  }

  /** Call when the engine has ended. */
  end(): void {
    this.#over.abort();
  }

  async #cancel(): Promise<void> {
    await this.#waitFor(this.#begun.signal, PRELUDE_WAIT_MS);
    await this.#waitFor(this.#announced.signal, ANNOUNCE_WAIT_MS);
    this.#signal();
  }

  #signal(): void {
    if (!this.#announced.signal.aborted && !this.#over.signal.aborted) this.#passOn.abort();
  }

  async #waitFor(signal: AbortSignal, maxMs: number): Promise<void> {
    await this.#clock.sleep(maxMs, AbortSignal.any([signal, this.#over.signal])).catch(() => {});
  }
}

/** Whether the engine announces that it got a signal. */
export function isCancelling({ stdoutEvent }: EngineEvent): boolean {
  return stdoutEvent?.message.includes("received; cancelling") === true;
}
