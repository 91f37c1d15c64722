import { randomUUID } from "node:crypto";
import type { Clock } from "../../util/clock";
import { formatDuration } from "../../util/duration";
import { MaxWaitError } from "../errors";
import { Queue } from "./queue";
import {
  accountCapacity,
  accountWindowMs,
  configuredCapacity,
  KNOWN_WAITING,
  capacityIn,
  shareOf,
} from "./capacity";
import {
  prune,
  recordResponse,
  removeRequest,
  type RateLimit,
  type RateLimitInfo,
  type WindowState,
} from "./rateWindow";
import type { WindowStore } from "./windowStore";

export interface RateLimiterOptions {
  clock: Clock;
  store: WindowStore;
  /** A limit to keep even where the account would allow more. Default: what the answers name. */
  configured?: RateLimit | undefined;
  /** Tells a person why nothing moves. Default: nobody. */
  report?: ((line: string) => void) | undefined;
}

/** What a request asks of the pacer. */
export interface AcquireOptions {
  /** What waits, for people: `remove`, `lookup`, … */
  what: string;
  /** Milliseconds since the epoch after which waiting is given up. */
  deadlineMs: number;
  signal?: AbortSignal | undefined;
  /** The request had its turn already and was refused: it goes before those that had none. */
  again?: boolean;
}

/** A place in the window; to be settled or withdrawn exactly once. */
export interface Permit {
  /** The request was answered, or may have reached the server; `report` is what an answer of the API's tells. */
  complete(report?: RateLimitInfo): void;
  /** The request never went out. */
  cancel(): void;
}

interface Waiter {
  options: AcquireOptions;
  /** When it came, in milliseconds since the epoch; 0 for one that had its turn already. */
  askedMs: number;
  resolve: (place: Permit) => void;
  reject: (error: unknown) => void;
}

/** From when on there may be room, as far as that is known, and why there is none now. */
interface Blocked {
  untilMs: number | undefined;
  rate: RateLimit | undefined;
  cooldown: boolean;
}

/** Milliseconds between two looks at a window that another process may open. */
const SHARED_LOOK_MS = 100;
/** Milliseconds that other processes have to take their share of the places that are free. */
const SHARE_MS = 100;
/** Milliseconds of waiting that nobody needs to be told of. */
const MOMENT_MS = 1_000;
/** Milliseconds between two lines of progress, and the longest sleep. */
const PROGRESS_MS = 10_000;

/**
 * Lets requests out as fast as the account's limit allows and never faster: first come, first served. One for each
 * account and process; processes that share a store share the window.
 */
export class RateLimiter {
  readonly #options: RateLimiterOptions;
  readonly #windowMs: number;
  readonly #queue = new Queue<Waiter>();
  /** How many of the queue wait for what. */
  readonly #waitingFor = new Map<string, number>();
  /** Signals that have a listener of ours: one for each, however many wait on it. */
  readonly #watched = new WeakSet<AbortSignal>();
  /** Names this process in a shared window. */
  readonly #idPrefix = randomUUID().slice(0, 13);
  #admitted = 0;
  #sent = 0;
  #running = false;
  /** Ends the sleep of the loop early; absent while it does not sleep for want of news. */
  #wake: AbortController | undefined;
  /** The same while it sleeps until a known time: only a place that is given back makes it earlier. */
  #timed: AbortController | undefined;
  #nextProgressMs = 0;

  constructor(options: RateLimiterOptions) {
    this.#options = options;
    this.#windowMs = accountWindowMs(options.configured);
  }

  /** Requests that wait for their turn. */
  get waiting(): number {
    return this.#queue.length;
  }

  /**
   * Waits for a place in the window.
   *
   * @throws MaxWaitError when none can come before the deadline; the signal's reason when it aborts.
   */
  acquire(options: AcquireOptions): Promise<Permit> {
    const place = this.#enqueue(options);
    if (!this.#running) void this.#run();
    return place;
  }

  /** The same for two requests at once, the second right behind the first. */
  acquireBoth(whats: readonly [string, string], options: Omit<AcquireOptions, "what">): Promise<Permit>[] {
    const enqueue = (what: string) => this.#enqueue({ ...options, what });
    // Each of those that go before all others is put in front.
    const places = options.again ? whats.toReversed().map(enqueue).toReversed() : whats.map(enqueue);
    if (!this.#running) void this.#run();
    return places;
  }

  #enqueue(options: AcquireOptions): Promise<Permit> {
    const { signal, again, what } = options;
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason as Error);
        return;
      }
      if (signal) this.#watch(signal);
      const askedMs = again ? 0 : this.#options.clock.nowMs();
      const waiter: Waiter = { options, askedMs, resolve, reject };
      if (again) this.#queue.unshift(waiter);
      else this.#queue.push(waiter);
      this.#count(what, 1);
    });
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

  #extract(matches: (waiter: Waiter) => boolean): Waiter[] {
    const extracted = this.#queue.extract(matches);
    for (const { options } of extracted) this.#count(options.what, -1);
    return extracted;
  }

  #count(what: string, change: 1 | -1): void {
    const count = (this.#waitingFor.get(what) ?? 0) + change;
    if (count === 0) this.#waitingFor.delete(what);
    else this.#waitingFor.set(what, count);
  }

  /** Lets out what may go, and sleeps until more may, while anything waits. */
  async #run(): Promise<void> {
    this.#running = true;
    // A moment's wait is no news.
    this.#nextProgressMs = Math.max(this.#nextProgressMs, this.#options.clock.nowMs() + MOMENT_MS);
    while (this.#queue.length > 0) {
      const blocked = this.#admit();
      if (blocked === undefined || this.#queue.length === 0) continue;
      this.#giveUp(blocked);
      if (this.#queue.length === 0) break;
      this.#tell(blocked);
      await this.#sleep(blocked);
    }
    this.#running = false;
  }

  /** Lets out as many as there is room for. Returns what holds up the rest. */
  #admit(): Blocked | undefined {
    const { clock, store, configured } = this.#options;
    const nowMs = clock.nowMs();
    const { ids, blocked } = store.transact((state): { ids: string[]; blocked?: Blocked } => {
      prune(state, nowMs);
      const { free } = accountCapacity(state, nowMs, this.#windowMs);
      const own = configuredCapacity(state, nowMs, configured).free;
      const share = store.shared ? this.#share(state, free, own, nowMs) : free;
      const count = Math.min(share, own, this.#queue.length);
      const admitted: string[] = [];
      for (let at = 0; at < count; at++) {
        const id = `${this.#idPrefix}-${this.#admitted++}`;
        admitted.push(id);
        state.entries.push({ id, sentMs: nowMs });
      }
      if (count === this.#queue.length) return { ids: admitted };
      const { free: left, untilMs, rate } = capacityIn(state, nowMs, configured);
      const cooldown = nowMs < state.cooldownUntilMs;
      return { ids: admitted, blocked: { untilMs: left > 0 ? nowMs + SHARE_MS : untilMs, rate, cooldown } };
    });
    for (const id of ids) {
      const { options, resolve } = this.#queue.shift() as Waiter;
      this.#count(options.what, -1);
      this.#sent++;
      resolve(this.#place(id));
    }
    return blocked;
  }

  /** How many of the free places are ours, while other processes wait as well. Of these `own` are of use. */
  #share(state: WindowState, free: number, own: number, nowMs: number): number {
    const known = Math.min(own, Math.max(KNOWN_WAITING, Math.min(free, this.#queue.length)));
    const askedMs: number[] = [];
    for (const waiter of this.#queue) {
      if (askedMs.length >= known) break;
      askedMs.push(waiter.askedMs);
    }
    return shareOf(state, { process: this.#idPrefix, askedMs, free, nowMs });
  }

  #place(id: string): Permit {
    const { clock, store } = this.#options;
    return {
      complete: (report) => {
        store.transact((state) => recordResponse(state, id, clock.nowMs(), report, this.#windowMs));
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
    const newsMs = store.shared ? SHARED_LOOK_MS : PROGRESS_MS;
    const headDeadlineMs = this.#queue.peek()?.options.deadlineMs ?? Infinity;
    const wakeMs = Math.min(untilMs ?? nowMs + newsMs, headDeadlineMs + 1, this.#nextProgressMs);
    const wake = new AbortController();
    // Where the time is known, an answer on its way cannot make it earlier.
    if (untilMs === undefined) this.#wake = wake;
    else this.#timed = wake;
    try {
      await clock.sleep(Math.max(1, wakeMs - nowMs), wake.signal);
    } catch {
      // Woken early: there may be room.
    } finally {
      this.#wake = this.#timed = undefined;
    }
  }

  /** Tells those whose time is up, or cannot suffice. */
  #giveUp(blocked: Blocked): void {
    const earliestMs = blocked.untilMs ?? this.#options.clock.nowMs();
    const head = this.#queue.peek();
    if (head === undefined || head.options.deadlineMs >= earliestMs) return;
    const late = this.#extract(({ options }) => options.deadlineMs < earliestMs);
    const left = late.length + this.#queue.length;
    for (const { reject } of late) {
      reject(
        new MaxWaitError({
          why: `${capitalised(this.#reason(blocked))}, and waiting for it would exceed maxWait. Requests to the account in this run: ${this.#sent} sent, ${left} left.`,
          nextStep:
            "Run the command again later; it continues where it stopped. Or raise electronhub:maxWait.",
        }),
      );
    }
  }

  /** One line at most every 10 seconds: what waits, how many, until when. */
  #tell(blocked: Blocked): void {
    const { clock, report } = this.#options;
    const nowMs = clock.nowMs();
    if (nowMs < this.#nextProgressMs) return;
    this.#nextProgressMs = nowMs + PROGRESS_MS;
    report?.(`Electron Hub: ${this.#whatWaits()} until ${this.#reason(blocked)}.`);
  }

  #whatWaits(): string {
    const kinds = [...this.#waitingFor].map(([what, count]) => `${count} ${what}`).join(", ");
    return `${this.#queue.length} request${this.#queue.length === 1 ? " waits" : "s wait"} (${kinds})`;
  }

  #reason({ untilMs, rate, cooldown }: Blocked): string {
    const figures =
      rate === undefined ? "" : ` (${rate.limit} requests per ${formatDuration(rate.windowMs)})`;
    const what = cooldown
      ? "the account's cooldown after a refusal ends"
      : `the account's rate limit${figures} has room`;
    if (untilMs === undefined) return what;
    const waitMs = untilMs - this.#options.clock.nowMs();
    return `${what} at ${new Date(untilMs).toISOString().slice(11, 19)} UTC, in ${formatDuration(waitMs)}`;
  }
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
