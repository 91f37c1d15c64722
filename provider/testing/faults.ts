import type { JsonValue } from "./answers";
import type { Clock } from "./clock";

/** Which requests a fault is for; what is left out matches every request. */
export interface FaultMatch {
  readonly method?: string;
  /** The exact path below the base path, for example "/auth/proxy/remove". */
  readonly path?: string;
  /** The name of the key that the body addresses, by `proxy_key` or by `name`, or a pattern for it. */
  readonly keyName?: string | RegExp;
  /** The name of the account that sends the request. */
  readonly account?: string;
}

/** The request, as a fault's answer may repeat it. */
export interface FaultedRequest {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly rawBody: string;
}

/** What goes wrong. At most one of `cut`, `status` and `hang`; `latencyMs` and `hold` go with each of them. */
export interface FaultEffect {
  /** The answer is late by so many milliseconds of the simulator's clock. */
  readonly latencyMs?: number;
  /** Waits until `release()`. */
  readonly hold?: true;
  /** The connection ends before the effect, after it, or halfway through the answer that follows the effect. */
  readonly cut?: "before" | "after" | "midBody";
  /** Never answers. */
  readonly hang?: true;
  /** Answers with this status instead. */
  readonly status?: number;
  /** With `status`: text as it is, any other JSON value as JSON. Default: an empty body. */
  readonly body?: JsonValue | ((request: FaultedRequest) => JsonValue);
  /** With `status`: further headers. */
  readonly headers?: Readonly<Record<string, string>>;
  /** With `status`. Default: application/json with a body, otherwise none. */
  readonly contentType?: string;
  /**
   * True: the effect happens at once, before any waiting. Otherwise it happens after `latencyMs` and `hold`, and with
   * `status` or `hang` not at all. Default: false.
   */
  readonly applied?: boolean;
}

export interface FaultSpec extends FaultEffect {
  readonly on?: FaultMatch;
  /** How many requests it hits; Infinity is allowed. Default: 1. */
  readonly times?: number;
  /** How many matching requests it lets pass first. Default: 0. */
  readonly skip?: number;
}

export interface InjectedFault {
  /** How many requests it has hit so far. */
  readonly hits: number;
  /** Takes the fault away, and releases what it holds. */
  remove(): void;
  /** Lets every request go on that is held now; later ones are held again. */
  release(): void;
  /** Resolves as soon as `requests` requests (default: 1) wait in this fault at once: held, delayed, or hanging. */
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

  /** Whether this request is hit; counts it. */
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

  /** The waiting that comes before the answer. Rejects once the simulator closes. */
  async wait(clock: Clock, closing: AbortSignal): Promise<void> {
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
    // Begun before anyone hears of it: whoever awaits `reached()` may advance the clock or release at once.
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

/** The injected faults, in order of injection; the first that matches a request is the only one to hit it. */
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
