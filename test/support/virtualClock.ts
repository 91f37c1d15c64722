import type { Clock } from "../../provider/util/clock";
import type { HttpResponse, HttpRequest, Transport } from "../../provider/api/transport";

interface Sleeper {
  dueMs: number;
  wake: () => void;
}

/**
 * Time that passes only when nothing else can happen: when everybody sleeps, it jumps to the earliest waking. Requests
 * under way count as something that happens, so minutes of pacing over real HTTP take milliseconds.
 */
export class VirtualClock implements Clock {
  #nowMs: number;
  /** Sorted by due time; those of the same time in the order of their coming. */
  #sleepers: Sleeper[] = [];
  #underWay = 0;
  #asleepInServer = 0;
  #driving = false;
  /** Requests that the test itself holds up: time passes all the same. */
  held = 0;
  /** Every delay that was slept, the server's own left out. */
  readonly slept: number[] = [];

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  /** Moves the time by hand, for what happens between two operations. */
  advance(ms: number): void {
    this.#nowMs += ms;
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    this.slept.push(delayMs);
    return this.#sleep(delayMs, signal);
  }

  /** The same time for a server, whose sleep is the delay of a request that is under way. */
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

  /** The transport, so that time stands still while a request is under way. */
  watch(transport: Transport): Transport {
    return {
      send: (request: HttpRequest, signal?: AbortSignal): Promise<HttpResponse> =>
        this.while(() => transport.send(request, signal)),
      close: () => transport.close(),
    };
  }

  /** Lets time stand still while something is under way that no sleep announces. */
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

  /** Twice quiet in a row: whatever an answer or a waking set going has come to rest. */
  #look(quiet: number): void {
    if (this.#underWay > this.#asleepInServer + this.held) {
      // Its end calls again.
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
