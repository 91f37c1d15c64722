import type { Clock } from "../../provider/util/clock";
import type { HttpResponse, HttpRequest, Transport } from "../../provider/api/transport";

interface Sleeper {
  dueMs: number;
  wake: () => void;
}

/**
 * Virtual time: it jumps to the next sleeper's due time when all code sleeps and no request is in flight. Minutes of rate
 * limiting over real HTTP take milliseconds.
 */
export class VirtualClock implements Clock {
  #nowMs: number;
  /** Sorted by due time, then by the order of the calls. */
  #sleepers: Sleeper[] = [];
  #underWay = 0;
  #asleepInServer = 0;
  #driving = false;
  /** The number of requests that the test itself holds. They do not stop the time. */
  held = 0;
  /** All delays that were slept, except the server's. */
  readonly slept: number[] = [];

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  /** Moves the time between two operations. */
  advance(ms: number): void {
    this.#nowMs += ms;
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    this.slept.push(delayMs);
    return this.#sleep(delayMs, signal);
  }

  /** The same time for a server, whose sleeps delay a request in flight. */
  readonly server: Clock = {
    nowMs: () => this.#nowMs,
    sleep: async (delayMs, signal) => {
      this.#asleepInServer++;
      try {
        await this.#sleep(delayMs, signal);
      } finally {
        this.#asleepInServer--;
      }
    },
  };

  /** Wraps a transport: the time stops while a request is in flight. */
  watch(transport: Transport): Transport {
    return {
      send: (request: HttpRequest, signal?: AbortSignal): Promise<HttpResponse> =>
        this.while(() => transport.send(request, signal)),
      close: () => transport.close(),
    };
  }

  /** Stops the time during work without sleeps. */
  async while<T>(work: () => Promise<T>): Promise<T> {
    this.#underWay++;
    try {
      return await work();
    } finally {
      this.#underWay--;
      this.#drive();
    }
  }

  #sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason as Error);
        return;
      }
      const leave = () => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        reject(signal?.reason as Error);
      };
      const sleeper: Sleeper = {
        dueMs: this.#nowMs + Math.max(0, delayMs),
        wake: () => {
          signal?.removeEventListener("abort", leave);
          resolve();
        },
      };
      signal?.addEventListener("abort", leave, { once: true });
      const after = this.#sleepers.findIndex(({ dueMs }) => dueMs > sleeper.dueMs);
      this.#sleepers.splice(after === -1 ? this.#sleepers.length : after, 0, sleeper);
      this.#drive();
    });
  }

  #drive(): void {
    if (this.#driving) return;
    this.#driving = true;
    setImmediate(() => this.#look(0));
  }

  /** Waits for two idle turns: then the work that a response or a sleeper started is done. */
  #look(quiet: number): void {
    if (this.#underWay > this.#asleepInServer + this.held) {
      // The end of the request calls `#drive` again.
      this.#driving = false;
      return;
    }
    if (quiet < 2) {
      setImmediate(() => this.#look(quiet + 1));
      return;
    }
    this.#driving = false;
    const next = this.#sleepers.shift();
    if (next === undefined) return;
    this.#nowMs = Math.max(this.#nowMs, next.dueMs);
    next.wake();
    this.#drive();
  }
}
