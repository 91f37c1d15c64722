import type { EngineEvent } from "@pulumi/pulumi/automation";
import type { Clock } from "../../util/clock";

/** What ends an engine's run early. */
export interface Interruption {
  /** The engine starts nothing new, and ends what is under way. */
  stop: AbortSignal;
  /** This command ends at once; the engine is to know before. */
  hurry: AbortSignal;
}

/** Milliseconds that an engine has to begin: before, a signal kills it, with the lock of its stack in place. */
const BEGIN_MS = 10_000;
/** Milliseconds that an engine has to announce that a signal has reached it by itself. */
const ANNOUNCE_MS = 2_000;

/**
 * Cancels one run of an engine, by at most one signal: a second one would end it in the middle of a change. What ends this
 * command may have signalled the engine too, as systemd signals all processes of a unit: the engine announces that.
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

  /** Aborted when the engine is to get a signal. */
  get signal(): AbortSignal {
    return this.#passOn.signal;
  }

  take(event: EngineEvent): void {
    if (event.preludeEvent !== undefined) this.#begun.abort();
    if (isCancelling(event)) this.#announced.abort();
  }

  /** The run is over. */
  end(): void {
    this.#over.abort();
  }

  async #cancel(): Promise<void> {
    await this.#atMost(BEGIN_MS, this.#begun.signal);
    await this.#atMost(ANNOUNCE_MS, this.#announced.signal);
    this.#signal();
  }

  #signal(): void {
    if (!this.#announced.signal.aborted && !this.#over.signal.aborted) this.#passOn.abort();
  }

  /** Waits for the signal, and no longer than that. */
  async #atMost(ms: number, signal: AbortSignal): Promise<void> {
    await this.#clock.sleep(ms, AbortSignal.any([signal, this.#over.signal])).catch(() => {});
  }
}

/** Whether the engine announces that a signal has reached it. */
export function isCancelling({ stdoutEvent }: EngineEvent): boolean {
  return stdoutEvent?.message.includes("received; cancelling") === true;
}
