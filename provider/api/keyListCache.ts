import type { CallOptions, Listing, ProxyKeyClient } from "./client";
import { isIncompleteList } from "./errorGuards";

/** Milliseconds for which a list that arrived is still good for reading; our own writes end it at once. */
const MAX_AGE_MS = 30_000;

/** The account's keys, listed once for all who ask at about the same time. */
export class KeyListCache {
  readonly #client: ProxyKeyClient;
  #current: { listing: Promise<Listing>; arrivedMs: number | undefined } | undefined;

  constructor(client: ProxyKeyClient) {
    this.#client = client;
  }

  /** A list that no write of ours has made stale, shared with everybody who asked since. */
  get(context: CallOptions): Promise<Listing> {
    const { arrivedMs } = this.#current ?? {};
    const ageMs = arrivedMs === undefined ? 0 : context.clock.nowMs() - arrivedMs;
    // A clock that was set back does not make the list young again.
    if (ageMs < 0 || ageMs > MAX_AGE_MS) this.invalidate();
    return (this.#current ??= this.#start(context)).listing;
  }

  /** A list that is asked for after `seen` was, and shared as well. */
  after(seen: Promise<Listing>, context: CallOptions): Promise<Listing> {
    if (this.#current?.listing === seen) this.invalidate();
    return this.get(context);
  }

  /** To be called before and after every write: a list under way at that time may show either state. */
  invalidate(): void {
    this.#current = undefined;
  }

  #start(context: CallOptions) {
    const entry = {
      listing: this.#client.list(context),
      arrivedMs: undefined as number | undefined,
    };
    const arrived = () => {
      entry.arrivedMs = context.clock.nowMs();
    };
    entry.listing.then(arrived, (error: unknown) => {
      // Asking again for a list that is incomplete gives another one.
      if (isIncompleteList(error)) arrived();
      else if (this.#current === entry) this.invalidate();
    });
    return entry;
  }
}
