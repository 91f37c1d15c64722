import {
  SharedWindowError,
  type Cell,
  type CellValue,
} from "../../../../provider/api/rateLimit/sharedWindow";
import type { Clock } from "../../../../provider/util/clock";

export interface MemoryServerOptions {
  /** The server's clock. */
  clock: Clock;
  /** Latency of each way, drawn for every message. Default: none. */
  latencyMs?: () => number;
}

/** A server in memory, whose value several machines share. */
export class MemoryServer {
  readonly #options: Required<MemoryServerOptions>;
  #version = "";
  #text: string | undefined;
  /** Whether requests fail from now on. */
  isDown = false;
  /** Whether the reply to the next write is lost, so that the write is sent again. */
  losesReply = false;
  /** What another machine does before it is sent again. */
  beforeRepetition: () => void = () => {};
  /** Whether every write is refused for a version that has changed. */
  refusesWrites = false;
  /** Requests in all, and those that found another version than the expected one. */
  readonly counts = { requests: 0, conflicts: 0 };

  constructor({ clock, latencyMs = () => 0 }: MemoryServerOptions) {
    this.#options = { clock, latencyMs };
  }

  get text(): string | undefined {
    return this.#text;
  }

  /** Replaces the value, as another program would. Undefined: removes it. */
  set text(text: string | undefined) {
    this.#text = text;
    this.#version = text === undefined ? "" : "foreign";
  }

  /** The value as a machine reaches it. */
  cell(): Cell {
    const value = (known: string): CellValue => {
      const version = this.#version;
      const text = version === known ? undefined : this.#text;
      return { version, nowMs: this.#options.clock.nowMs(), text };
    };
    return {
      key: "the key",
      read: (known) => this.#answer(() => value(known)),
      writeIf: (version, next) =>
        this.#answer(() => {
          if (version !== this.#version || this.refusesWrites) {
            this.counts.conflicts++;
            return value(version);
          }
          this.#version = next.version;
          this.#text = next.text;
          if (!this.losesReply) return true;
          this.losesReply = false;
          this.beforeRepetition();
          return value(version);
        }),
    };
  }

  async #answer<T>(answer: () => T): Promise<T> {
    this.counts.requests++;
    await this.#travel();
    const result = answer();
    if (this.isDown) throw new SharedWindowError({ why: "The server is down.", nextStep: "Start it." });
    await this.#travel();
    return result;
  }

  async #travel(): Promise<void> {
    const ms = this.#options.latencyMs();
    // Another turn of the event loop, as for a message of the network.
    if (ms > 0) await this.#options.clock.sleep(ms);
    else await new Promise((resolve) => setImmediate(resolve));
  }
}
