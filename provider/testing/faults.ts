import type { JsonValue } from "./simulatedResponse";
import type { SimulatedClock } from "./simulatedClock";

/** The requests that a fault hits. An omitted property matches every request. */
export interface FaultMatch {
  /** The HTTP method, in any case. */
  readonly method?: string;
  /** The exact path below the base path, for example "/auth/proxy/remove". */
  readonly path?: string;
  /** The name of the key in the body (`proxy_key` or `name`), or a pattern for it. */
  readonly keyName?: string | RegExp;
  /** The name of the account that sends the request. */
  readonly account?: string;
}

/** The request, for a fault whose response repeats it. */
export interface FaultedRequest {
  /** The HTTP method. */
  readonly method: string;
  /** The path below the base path. */
  readonly path: string;
  /** The Authorization header. */
  readonly authorization: string | undefined;
  /** The body as text. Empty: no body. */
  readonly rawBody: string;
}

/** What goes wrong: at most one of `cut`, `status` and `hang`, each also with `latencyMs` and `hold`. */
export interface FaultEffect {
  /** Delays the response by this many milliseconds of the simulator's clock. Default: 0. */
  readonly latencyMs?: number;
  /** Holds the request until `release()`. */
  readonly hold?: true;
  /** Closes the connection before the request takes effect, after it, or halfway through the response. */
  readonly cut?: "before" | "after" | "midBody";
  /** Never sends a response. */
  readonly hang?: true;
  /** Sends this status instead of the API's response. */
  readonly status?: number;
  /** With `status`: the body. A string is sent as it is, another value as JSON. Default: empty. */
  readonly body?: JsonValue | ((request: FaultedRequest) => JsonValue);
  /** With `status`: additional headers. Default: none. */
  readonly headers?: Readonly<Record<string, string>>;
  /** With `status`: the Content-Type. Default: application/json with a body, otherwise none. */
  readonly contentType?: string;
  /**
   * Whether the request takes effect immediately. Otherwise it takes effect after `latencyMs` and `hold`, and not at
   * all with `status` or `hang`. Default: false.
   */
  readonly applied?: boolean;
}

/** A fault to inject. */
export interface FaultSpec extends FaultEffect {
  /** The requests to hit. Default: all. */
  readonly on?: FaultMatch;
  /** The number of requests to hit, up to Infinity. Default: 1. */
  readonly times?: number;
  /** The number of matching requests to skip first. Default: 0. */
  readonly skip?: number;
}

/** A fault that was injected. */
export interface InjectedFault {
  /** The number of requests that it has hit. */
  readonly hits: number;
  /** Removes the fault, and releases the requests that it holds. */
  remove(): void;
  /** Releases the requests that are held now. Later requests are held again. */
  release(): void;
  /** Resolves when `requests` requests (default: 1) are held, delayed or hanging at once. */
  reached(requests?: number): Promise<void>;
}

export interface FaultSubject {
  readonly method: string;
  readonly path: string | undefined;
  readonly account: string | undefined;
  readonly keyNames: readonly string[];
}

export class Fault implements InjectedFault {
  readonly spec: FaultSpec;
  readonly #onRemove: (fault: Fault) => void;
  hits = 0;
  #passed = 0;
  #waiting = 0;
  readonly #gates = new Set<() => void>();
  readonly #watchers = new Set<{ readonly requests: number; readonly resolve: () => void }>();

  constructor(spec: FaultSpec, onRemove: (fault: Fault) => void) {
    this.spec = spec;
    this.#onRemove = onRemove;
  }

  get label(): string {
    const { cut, status, hang, hold } = this.spec;
    if (cut !== undefined) return `cut:${cut}`;
    if (status !== undefined) return `status:${status}`;
    return hang ? "hang" : hold ? "hold" : "latency";
  }

  /** Whether the fault hits this request. Counts it. */
  claims(subject: FaultSubject): boolean {
    const { on = {}, times = 1, skip = 0 } = this.spec;
    if (this.hits >= times || !matches(on, subject)) return false;
    if (this.#passed < skip) {
      this.#passed += 1;
      return false;
    }
    this.hits += 1;
    return true;
  }

  /** Waits before the response. Rejects when the simulator closes. */
  async wait(clock: SimulatedClock, closing: AbortSignal): Promise<void> {
    const { latencyMs, hold, hang } = this.spec;
    if (latencyMs !== undefined) await this.#during(() => clock.sleep(latencyMs, closing));
    if (hold) await this.#during(() => this.#gate(closing));
    if (hang) await this.#during(() => new Promise((_, reject) => onAbort(closing, reject)));
  }

  remove(): void {
    this.#onRemove(this);
    this.release();
  }

  release(): void {
    for (const open of this.#gates) open();
  }

  reached(requests = 1): Promise<void> {
    return new Promise((resolve) => {
      this.#watchers.add({ requests, resolve });
      this.#notify();
    });
  }

  #gate(closing: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const open = (): void => {
        this.#gates.delete(open);
        resolve();
      };
      this.#gates.add(open);
      onAbort(closing, reject);
    });
  }

  async #during(wait: () => Promise<void>): Promise<void> {
    // Starts before `reached()` resolves: its caller may advance the clock or release immediately.
    const waiting = wait();
    this.#waiting += 1;
    this.#notify();
    try {
      await waiting;
    } finally {
      this.#waiting -= 1;
    }
  }

  #notify(): void {
    for (const watcher of this.#watchers) {
      if (this.#waiting < watcher.requests) continue;
      this.#watchers.delete(watcher);
      watcher.resolve();
    }
  }
}

/** The injected faults, in order of injection. Only the first one that matches a request hits it. */
export class Faults {
  #faults: Fault[] = [];

  inject(spec: FaultSpec): Fault {
    validateSpec(spec);
    const fault = new Fault(spec, (removed) => {
      this.#faults = this.#faults.filter((candidate) => candidate !== removed);
    });
    this.#faults.push(fault);
    return fault;
  }

  claim(subject: FaultSubject): Fault | undefined {
    return this.#faults.find((fault) => fault.claims(subject));
  }

  clear(): void {
    for (const fault of this.#faults) fault.remove();
  }
}

function matches(on: FaultMatch, subject: FaultSubject): boolean {
  return (
    (on.method === undefined || on.method.toUpperCase() === subject.method) &&
    (on.path === undefined || on.path === subject.path) &&
    (on.account === undefined || on.account === subject.account) &&
    (on.keyName === undefined || subject.keyNames.some((name) => isMatch(name, on.keyName)))
  );
}

function isMatch(name: string, wanted: string | RegExp | undefined): boolean {
  return wanted instanceof RegExp ? name.search(wanted) !== -1 : name === wanted;
}

function validateSpec({ latencyMs, hold, cut, hang, status }: FaultSpec): void {
  const exclusive = [cut, hang, status].filter((effect) => effect !== undefined).length;
  if (exclusive > 1) throw new TypeError("A fault has at most one of cut, status and hang.");
  if (exclusive === 0 && latencyMs === undefined && hold === undefined) {
    throw new TypeError("A fault needs one of latencyMs, hold, cut, status and hang.");
  }
}

function onAbort(signal: AbortSignal, reject: (reason: unknown) => void): void {
  if (signal.aborted) reject(signal.reason);
  else signal.addEventListener("abort", () => reject(signal.reason), { once: true });
}
