import { isIncompleteList } from "./errorGuards";
import type { WaitOptions } from "./retry";
import type { KeyObject } from "./wire";

/** How long a list counts as current. A change by this process invalidates it at once. */
const MAX_AGE_MS = 30_000;

/** The account's keys. */
export interface Listing {
  keys: readonly KeyObject[];
  /** How far the server's clock is ahead of ours. Undefined: no response had a date. */
  serverAheadMs: number | undefined;
}

/** Lists the account's keys once for concurrent readers. */
export class KeyListCache<Options extends Pick<WaitOptions, "clock">> {
  readonly #list: (options: Options) => Promise<Listing>;
  #current: { listing: Promise<Listing>; arrivedMs: number | undefined } | undefined;

  constructor(list: (options: Options) => Promise<Listing>) {
    this.#list = list;
  }

  /** A list that began after the last change by this process. */
  get(options: Options): Promise<Listing> {
    const { arrivedMs } = this.#current ?? {};
    const ageMs = arrivedMs === undefined ? 0 : options.clock.nowMs() - arrivedMs;
    // Negative: the clock was set back, so the age is unknown.
    if (ageMs < 0 || ageMs > MAX_AGE_MS) this.invalidate();
    return (this.#current ??= this.#start(options)).listing;
  }

  /** A list that began after `seen`, also shared. */
  after(seen: Promise<Listing>, options: Options): Promise<Listing> {
    return this.#current?.listing === seen ? this.fresh(options) : this.get(options);
  }

  /** A list that begins now, shared with later readers. */
  fresh(options: Options): Promise<Listing> {
    this.invalidate();
    return this.get(options);
  }

  /** Called when a request that changes keys has ended: a list that began before may show either state. */
  invalidate(): void {
    this.#current = undefined;
  }

  #start(options: Options) {
    const entry = { listing: this.#list(options), arrivedMs: undefined as number | undefined };
    const arrived = () => {
      entry.arrivedMs = options.clock.nowMs();
    };
    entry.listing.then(arrived, (error: unknown) => {
      // A new request would return another incomplete list.
      if (isIncompleteList(error)) arrived();
      else if (this.#current === entry) this.invalidate();
    });
    return entry;
  }
}
