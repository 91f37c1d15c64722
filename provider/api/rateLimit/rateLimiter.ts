import { randomUUID } from "node:crypto";
import type { Clock } from "../../util/clock";
import { accountCapacity, accountWindowMs, capacityIn, configuredCapacity } from "./capacity";
import { newEntry } from "./crowd";
import { maxWaitError, Progress, PROGRESS_MS, type Blocked } from "./progress";
import type { AcquireOptions, Permit } from "./permit";
import { MARGIN_MS, type Demand, type RateLimit, type WindowState } from "./windowState";
import { prune, recordResponse, removeRequest } from "./rateWindow";
import { KNOWN_WAITING, othersWaiting, shareOf } from "./turns";
import { Waiters } from "./waiters";
import type { Change, WindowStore } from "./windowStore";

export interface RateLimiterOptions {
  clock: Clock;
  store: WindowStore;
  /** A limit to keep even if the account's own is higher. Default: only the limit that responses name. */
  configured?: RateLimit | undefined;
  /** Receives lines of progress while requests wait. Default: no progress. */
  report?: ((line: string) => void) | undefined;
  /** A number in [0, 1), to act at other times than other machines. Default: Math.random. */
  random?: (() => number) | undefined;
}

interface Admission {
  ids: string[];
  /** What blocks the other waiters. Undefined: no other waits. */
  blocked?: Blocked;
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
  readonly #waiters: Waiters;
  /** Identifies this process in a shared window. */
  readonly #idPrefix = randomUUID().slice(0, 13);
  #admitted = 0;
  #sent = 0;
  #running = false;
  /** Whether some requests come in pairs. */
  #inPairs = false;
  /** Whether the window has changed since the loop looked at it. */
  #isStale = false;
  /** Wakes the loop while it sleeps without knowing when a request may go out. */
  #wake: AbortController | undefined;
  /** Wakes the loop while it sleeps until a known time. */
  #timed: AbortController | undefined;

  constructor(options: RateLimiterOptions) {
    this.#options = options;
    this.#windowMs = accountWindowMs(options.configured);
    this.#progress = new Progress(options.clock, options.report);
    this.#waiters = new Waiters(this.#progress, () => this.#wake?.abort());
  }

  /** The number of requests that wait for a permit. */
  get waiting(): number {
    return this.#waiters.count;
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
    this.#inPairs = true;
    const enqueue = (what: string) => this.#enqueue({ ...options, what });
    // With `again`, each goes to the front: the second one first.
    const permits = options.again ? whats.toReversed().map(enqueue).toReversed() : whats.map(enqueue);
    if (!this.#running) void this.#run();
    return permits;
  }

  #enqueue(options: AcquireOptions): Promise<Permit> {
    return this.#waiters.enqueue(options, this.#options.clock.nowMs());
  }

  /** Gives out permits and sleeps until more are free, while requests wait. */
  async #run(): Promise<void> {
    this.#running = true;
    this.#progress.begin();
    while (this.waiting > 0) {
      this.#isStale = false;
      const admission = this.#admit();
      // The permits of a window on this machine are there at once.
      const blocked = admission instanceof Promise ? await admission : admission;
      if (blocked === undefined || this.waiting === 0) continue;
      this.#rejectLate(blocked);
      if (this.waiting === 0) break;
      this.#progress.show(blocked);
      await this.#sleep(blocked);
    }
    this.#running = false;
  }

  /** Gives out as many permits as are free. Returns what blocks the other waiters. */
  #admit(): Blocked | undefined | Promise<Blocked | undefined> {
    const { clock, store, configured } = this.#options;
    const admission = store.transact(
      (state, sharedNowMs): Admission => {
        const nowMs = sharedNowMs ?? clock.nowMs();
        prune(state, nowMs);
        const demand = this.#demand(state);
        const { free } = accountCapacity(state, nowMs, this.#windowMs, demand);
        const own = configuredCapacity(state, nowMs, configured).free;
        const share = store.shared ? this.#share(state, free, own, sharedNowMs) : free;
        const count = Math.min(share, own, this.waiting);
        const ids = Array.from({ length: count }, () => `${this.#idPrefix}-${this.#admitted++}`);
        this.#addRequests(state, ids, nowMs);
        if (count === this.waiting) return { ids };
        const { free: left, untilMs, rate } = capacityIn(state, nowMs, configured, demand);
        const cooldown = nowMs < state.cooldownUntilMs;
        const freeMs = left > 0 ? nowMs + SHARE_MS : untilMs;
        // By the clock of this machine.
        const localMs = freeMs === undefined ? undefined : freeMs - (nowMs - clock.nowMs());
        return { ids, blocked: { untilMs: localMs, rate, cooldown } };
      },
      (state, { ids }) => {
        prune(state, clock.nowMs());
        this.#addRequests(state, ids, clock.nowMs());
      },
    );
    return admission instanceof Promise
      ? admission.then((admitted) => this.#giveOut(admitted))
      : this.#giveOut(admission);
  }

  #demand(state: WindowState): Demand {
    const { deadlineMs = Infinity, urgent: isUrgent = false } = this.#waiters.head?.options ?? {};
    const waiting = this.waiting + othersWaiting(state, this.#idPrefix);
    return { waiting, deadlineMs, isUrgent, inPairs: this.#inPairs };
  }

  #addRequests(state: WindowState, ids: readonly string[], nowMs: number): void {
    for (const id of ids) state.entries.push(newEntry(state, id, nowMs, this.#windowMs));
  }

  #giveOut({ ids, blocked }: Admission): Blocked | undefined {
    const admitted = this.#waiters.take(ids.length);
    this.#sent += admitted.length;
    for (const [at, { resolve }] of admitted.entries()) resolve(this.#permit(ids[at] as string));
    // Waiters were aborted while a server was asked.
    const unused = ids.slice(admitted.length);
    if (unused.length > 0)
      void this.#record((state) => {
        for (const id of unused) removeRequest(state, id);
        return true;
      });
    return blocked;
  }

  /** How many of the free requests this process may send while other processes wait, too. It can use `own` of them. */
  #share(state: WindowState, free: number, own: number, sharedNowMs: number | undefined): number {
    const localMs = this.#options.clock.nowMs();
    const nowMs = sharedNowMs ?? localMs;
    const known = Math.min(own, Math.max(KNOWN_WAITING, free));
    const askedMs = this.#waiters.first(known).map((waiter) => {
      if (sharedNowMs === undefined || waiter.askedMs === 0) return waiter.askedMs;
      // Converted once: two exchanges with a server never show quite the same difference of the clocks.
      return (waiter.sharedAskedMs ??= waiter.askedMs + nowMs - localMs);
    });
    return shareOf(state, { process: this.#idPrefix, askedMs, free, nowMs });
  }

  #permit(id: string): Permit {
    const { clock, random } = this.#options;
    return {
      complete: (info) => {
        const receivedMs = clock.nowMs();
        return this.#record((state, nowMs = clock.nowMs()) => {
          // When a server has kept us waiting, requests have left the window since that the response still counted.
          const isLate = clock.nowMs() - receivedMs > MARGIN_MS;
          const shown = isLate && info ? { ...info, remaining: undefined } : info;
          recordResponse(state, id, nowMs, shown, this.#windowMs, random);
          // Otherwise a response does not make a known time earlier, and each look costs the others time.
          return state.looks <= 3 || state.crowd?.growMs !== undefined;
        });
      },
      cancel: () => {
        this.#sent--;
        return this.#record((state) => {
          removeRequest(state, id);
          return true;
        });
      },
    };
  }

  /**
   * Records what became of a request, in this machine's own window as well, and wakes the loop.
   *
   * @param change returns whether a request may go out earlier than was known.
   */
  #record(change: Change<boolean>): void | Promise<void> {
    const wake = (isEarlier: boolean) => {
      this.#isStale = true;
      (isEarlier ? (this.#wake ?? this.#timed) : this.#wake)?.abort();
    };
    const recorded = this.#options.store.transact(change, (state) => void change(state));
    return recorded instanceof Promise ? recorded.then(wake) : wake(recorded);
  }

  async #sleep({ untilMs }: Blocked): Promise<void> {
    // A response was recorded while a server was asked.
    if (this.#isStale) return;
    const { clock, store } = this.#options;
    const nowMs = clock.nowMs();
    const lookMs = store.shared ? SHARED_LOOK_MS : PROGRESS_MS;
    const headDeadlineMs = this.#waiters.head?.options.deadlineMs ?? Infinity;
    const wakeMs = Math.min(untilMs ?? nowMs + lookMs, headDeadlineMs + 1, this.#progress.nextMs);
    const wake = new AbortController();
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
    const { head } = this.#waiters;
    if (head === undefined || head.options.deadlineMs >= earliestMs) return;
    const late = this.#waiters.extract(({ options }) => options.deadlineMs < earliestMs);
    const left = late.length + this.waiting;
    for (const { reject, options } of late)
      reject(maxWaitError(blocked, nowMs, { sent: this.#sent, left, limit: options.limit }));
  }
}
