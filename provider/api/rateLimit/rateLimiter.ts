import { randomUUID } from "node:crypto";
import type { Clock } from "../../util/clock";
import { accountCapacity, accountWindowMs, capacityIn, configuredCapacity } from "./capacity";
import { maxWaitError, Progress, PROGRESS_MS, type Blocked } from "./progress";
import type { WaitLimit } from "../retry";
import type { RateLimit, RateLimitInfo, WindowState } from "./rateWindow";
import { prune, recordResponse, removeRequest } from "./rateWindow";
import { KNOWN_WAITING, shareOf } from "./turns";
import type { WindowStore } from "./windowStore";

export interface RateLimiterOptions {
  clock: Clock;
  store: WindowStore;
  /** A limit to keep even if the account's own is higher. Default: only the limit that responses name. */
  configured?: RateLimit | undefined;
  /** Receives lines of progress while requests wait. Default: no progress. */
  report?: ((line: string) => void) | undefined;
}

export interface AcquireOptions {
  /** What waits, for lines of progress: `remove`, `lookup`, … */
  what: string;
  /** `acquire` rejects after this instant. */
  deadlineMs: number;
  /** What set the deadline, for messages. */
  limit?: WaitLimit | undefined;
  signal?: AbortSignal | undefined;
  /** The request was sent already and got HTTP 429: it goes before those that were not sent yet. */
  again?: boolean;
}

/** The right to send one request. Call exactly one of the two functions, once. */
export interface Permit {
  /** The request got a response, or may have reached the server. `info`: the rate limit by the API's response. */
  complete(info?: RateLimitInfo): void;
  /** The request was never sent. */
  cancel(): void;
}

interface Waiter {
  options: AcquireOptions;
  /** When it was enqueued, in milliseconds since the epoch; 0 for one that was sent already. */
  askedMs: number;
  resolve: (permit: Permit) => void;
  reject: (error: unknown) => void;
}

/** Time between two looks at a window that another process may change. */
const SHARED_LOOK_MS = 100;
/** Time that other processes have to send their share of the free requests. */
const SHARE_MS = 100;

/**
 * Gives out permits as fast as the account's limit allows and never faster, in the order of arrival. There is one
 * limiter per account and process. Processes with the same store share the window.
 */
export class RateLimiter {
  readonly #options: RateLimiterOptions;
  readonly #windowMs: number;
  readonly #progress: Progress;
  /** In order; those before `#first` are done. An array's `shift` would move all others each time. */
  #waiters: Waiter[] = [];
  #first = 0;
  /** Signals with a listener. One listener serves all waiters of a signal, since many listeners are slow. */
  readonly #watched = new WeakSet<AbortSignal>();
  /** Identifies this process in a shared window. */
  readonly #idPrefix = randomUUID().slice(0, 13);
  #admitted = 0;
  #sent = 0;
  #running = false;
  /** Wakes the loop while it sleeps without knowing when a request may go out. */
  #wake: AbortController | undefined;
  /** Wakes the loop while it sleeps until a known time, which only a cancelled permit makes earlier. */
  #timed: AbortController | undefined;

  constructor(options: RateLimiterOptions) {
    this.#options = options;
    this.#windowMs = accountWindowMs(options.configured);
    this.#progress = new Progress(options.clock, options.report);
  }

  /** The number of requests that wait for a permit. */
  get waiting(): number {
    return this.#waiters.length - this.#first;
  }

  /**
   * Waits for a permit.
   *
   * @throws MaxWaitError when none can come before the deadline; the signal's reason when it aborts.
   */
  acquire(options: AcquireOptions): Promise<Permit> {
    const permit = this.#enqueue(options);
    if (!this.#running) void this.#run();
    return permit;
  }

  /** Waits for permits for two requests, the second right behind the first. */
  acquireBoth(whats: readonly [string, string], options: Omit<AcquireOptions, "what">): Promise<Permit>[] {
    const enqueue = (what: string) => this.#enqueue({ ...options, what });
    // With `again`, each goes to the front: the second one first.
    const permits = options.again ? whats.toReversed().map(enqueue).toReversed() : whats.map(enqueue);
    if (!this.#running) void this.#run();
    return permits;
  }

  #enqueue(options: AcquireOptions): Promise<Permit> {
    const { signal, again, what } = options;
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason as Error);
        return;
      }
      if (signal) this.#watch(signal);
      const waiter = { options, askedMs: again ? 0 : this.#options.clock.nowMs(), resolve, reject };
      if (again) this.#waiters.splice(this.#first, 0, waiter);
      else this.#waiters.push(waiter);
      this.#progress.add(what);
    });
  }

  /** Takes the first waiters out of the queue. */
  #dequeue(count: number): Waiter[] {
    const taken = this.#waiters.slice(this.#first, this.#first + count);
    this.#first += count;
    // Each waiter is moved once on average, however long the queue is.
    if (this.#first * 2 >= this.#waiters.length) {
      this.#waiters = this.#waiters.slice(this.#first);
      this.#first = 0;
    }
    for (const { options } of taken) this.#progress.remove(options.what);
    return taken;
  }

  #extract(matches: (waiter: Waiter) => boolean): Waiter[] {
    const waiters = this.#waiters.slice(this.#first);
    const extracted = waiters.filter(matches);
    this.#waiters = waiters.filter((waiter) => !matches(waiter));
    this.#first = 0;
    for (const { options } of extracted) this.#progress.remove(options.what);
    return extracted;
  }

  #watch(signal: AbortSignal): void {
    if (this.#watched.has(signal)) return;
    this.#watched.add(signal);
    const onAbort = () => {
      for (const { reject } of this.#extract(({ options }) => options.signal === signal))
        reject(signal.reason);
      this.#wake?.abort();
    };
    signal.addEventListener("abort", onAbort, { once: true });
  }

  /** Gives out permits and sleeps until more are free, while requests wait. */
  async #run(): Promise<void> {
    this.#running = true;
    this.#progress.begin();
    while (this.waiting > 0) {
      const blocked = this.#admit();
      if (blocked === undefined || this.waiting === 0) continue;
      this.#rejectLate(blocked);
      if (this.waiting === 0) break;
      this.#progress.show(blocked);
      await this.#sleep(blocked);
    }
    this.#running = false;
  }

  /** Gives out as many permits as are free. Returns what blocks the other waiters. */
  #admit(): Blocked | undefined {
    const { clock, store, configured } = this.#options;
    const nowMs = clock.nowMs();
    const { ids, blocked } = store.transact((state): { ids: string[]; blocked?: Blocked } => {
      prune(state, nowMs);
      const { free } = accountCapacity(state, nowMs, this.#windowMs);
      const own = configuredCapacity(state, nowMs, configured).free;
      const share = store.shared ? this.#share(state, free, own, nowMs) : free;
      const count = Math.min(share, own, this.waiting);
      const ids: string[] = [];
      for (let at = 0; at < count; at++) {
        const id = `${this.#idPrefix}-${this.#admitted++}`;
        ids.push(id);
        state.entries.push({ id, sentMs: nowMs });
      }
      if (count === this.waiting) return { ids };
      const { free: left, untilMs, rate } = capacityIn(state, nowMs, configured);
      const cooldown = nowMs < state.cooldownUntilMs;
      return { ids, blocked: { untilMs: left > 0 ? nowMs + SHARE_MS : untilMs, rate, cooldown } };
    });
    this.#sent += ids.length;
    const admitted = this.#dequeue(ids.length);
    for (const [at, id] of ids.entries()) admitted[at]?.resolve(this.#permit(id));
    return blocked;
  }

  /** How many of the free requests this process may send while other processes wait, too. It can use `own` of them. */
  #share(state: WindowState, free: number, own: number, nowMs: number): number {
    const known = Math.min(own, Math.max(KNOWN_WAITING, free));
    const askedMs = this.#waiters.slice(this.#first, this.#first + known).map((waiter) => waiter.askedMs);
    return shareOf(state, { process: this.#idPrefix, askedMs, free, nowMs });
  }

  #permit(id: string): Permit {
    const { clock, store } = this.#options;
    return {
      complete: (info) => {
        store.transact((state) => recordResponse(state, id, clock.nowMs(), info, this.#windowMs));
        this.#wake?.abort();
      },
      cancel: () => {
        this.#sent--;
        store.transact((state) => removeRequest(state, id));
        (this.#wake ?? this.#timed)?.abort();
      },
    };
  }

  async #sleep({ untilMs }: Blocked): Promise<void> {
    const { clock, store } = this.#options;
    const nowMs = clock.nowMs();
    const lookMs = store.shared ? SHARED_LOOK_MS : PROGRESS_MS;
    const headDeadlineMs = this.#waiters[this.#first]?.options.deadlineMs ?? Infinity;
    const wakeMs = Math.min(untilMs ?? nowMs + lookMs, headDeadlineMs + 1, this.#progress.nextMs);
    const wake = new AbortController();
    // A response cannot make a known time earlier.
    if (untilMs === undefined) this.#wake = wake;
    else this.#timed = wake;
    try {
      await clock.sleep(Math.max(1, wakeMs - nowMs), wake.signal);
    } catch {
      // Woken early: a request may be free.
    } finally {
      this.#wake = this.#timed = undefined;
    }
  }

  /** Rejects the waiters whose deadline is before the next free request. */
  #rejectLate(blocked: Blocked): void {
    const nowMs = this.#options.clock.nowMs();
    const earliestMs = blocked.untilMs ?? nowMs;
    const head = this.#waiters[this.#first];
    if (head === undefined || head.options.deadlineMs >= earliestMs) return;
    const late = this.#extract(({ options }) => options.deadlineMs < earliestMs);
    const left = late.length + this.waiting;
    for (const { reject, options } of late)
      reject(maxWaitError(blocked, nowMs, { sent: this.#sent, left, limit: options.limit }));
  }
}
