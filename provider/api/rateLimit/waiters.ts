import type { AcquireOptions, Permit } from "./permit";
import type { Progress } from "./progress";

/** A request that waits for its permit. */
export interface Waiter {
  options: AcquireOptions;
  /** When it was enqueued, in milliseconds since the epoch; 0 for one that was sent already or is urgent. */
  askedMs: number;
  /** The same by the clock that machines share. */
  sharedAskedMs?: number;
  resolve: (permit: Permit) => void;
  reject: (error: unknown) => void;
}

/** The requests that wait for a permit, in order. */
export class Waiters {
  readonly #progress: Progress;
  readonly #onAbort: () => void;
  /** In order; those before `#first` are done. An array's `shift` would move all others each time. */
  #waiters: Waiter[] = [];
  #first = 0;
  /** Signals with a listener. One listener serves all waiters of a signal, since many listeners are slow. */
  readonly #watched = new WeakSet<AbortSignal>();

  /** @param onAbort called after waiters were rejected because their signal aborted. */
  constructor(progress: Progress, onAbort: () => void) {
    this.#progress = progress;
    this.#onAbort = onAbort;
  }

  get count(): number {
    return this.#waiters.length - this.#first;
  }

  /** The next `count` to be served. */
  first(count: number): Waiter[] {
    return this.#waiters.slice(this.#first, this.#first + count);
  }

  get head(): Waiter | undefined {
    return this.#waiters[this.#first];
  }

  enqueue(options: AcquireOptions, nowMs: number): Promise<Permit> {
    const { signal, again, urgent, what } = options;
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason as Error);
        return;
      }
      if (signal) this.#watch(signal);
      const waiter = { options, askedMs: again || urgent ? 0 : nowMs, resolve, reject };
      if (again) this.#waiters.splice(this.#first, 0, waiter);
      else this.#waiters.push(waiter);
      this.#progress.add(what);
    });
  }

  /** Takes the first waiters out of the queue. */
  take(count: number): Waiter[] {
    const taken = this.first(count);
    this.#first += taken.length;
    // Each waiter is moved once on average, however long the queue is.
    if (this.#first * 2 >= this.#waiters.length) {
      this.#waiters = this.#waiters.slice(this.#first);
      this.#first = 0;
    }
    for (const { options } of taken) this.#progress.remove(options.what);
    return taken;
  }

  extract(matches: (waiter: Waiter) => boolean): Waiter[] {
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
      for (const { reject } of this.extract(({ options }) => options.signal === signal))
        reject(signal.reason);
      this.#onAbort();
    };
    signal.addEventListener("abort", onAbort, { once: true });
  }
}
