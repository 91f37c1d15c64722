import type { CallOptions, ProxyKeyClient } from "./client";
import type { Endpoint } from "./responseError";
import type { Permit } from "./rateLimit/permit";
import { withRetries } from "./retry";
import { isUserError, UserError } from "../util/userError";
import type { KeyObject } from "./wire";

/** An older lookup does not prove that the key is unused. */
const MAX_AGE_MS = 10_000;
/** How long a permit is held while the lookup waits for one: no other request can use it meanwhile. */
const MAX_HELD_MS = 40_000;
const MAX_LOOKUPS = 5;

/** Each lookup was too old by the time the request could be sent. */
class StaleLookupError extends UserError {
  override readonly name = "StaleLookupError";
}

export interface Change<T> {
  endpoint: "remove" | "toggle";
  /**
   * Checks the result of a lookup. True: there is nothing to change.
   *
   * @throws to prevent the change.
   */
  isDone: (found: KeyObject) => boolean;
  /** Sends the change only within 10 s of the lookup. */
  isUrgent: boolean;
  /** Sends the request once. After a retryable error, the key is looked up again first. */
  send: (call: CallOptions) => Promise<T>;
}

/**
 * Looks a key up, then changes it. Both requests queue together, so that the rate limiter seldom separates them. If the
 * lookup is too old when the change is permitted, the change keeps its permit and the key is looked up again.
 *
 * @returns the result of `send`. Undefined: there was nothing to change.
 */
export function changeAfterLook<T>(
  client: ProxyKeyClient,
  key: string,
  change: Change<T>,
  call: CallOptions,
): Promise<T | undefined> {
  return withRetries((again) => attempt(client, key, change, call, again), call, {
    policy: client.retryPolicy,
    mayRepeat: () => true,
  });
}

async function attempt<T>(
  client: ProxyKeyClient,
  key: string,
  { endpoint, isDone, isUrgent, send }: Change<T>,
  call: CallOptions,
  again: boolean,
): Promise<T | undefined> {
  const permits = new PermitOfChange(client, endpoint, call);
  try {
    for (let lookups = 0; lookups < MAX_LOOKUPS; lookups++) {
      const permit = await permits.reserveWithLookup(again || lookups > 0);
      const seen = await lookUp(client, key, permit, call);
      if (isDone(seen.found)) return undefined;
      await permits.arrived();
      await call.beforeMutation?.();
      const ageMs = call.clock.nowMs() - seen.sentMs;
      // Negative: the clock was set back, so the age is unknown.
      if (isUrgent && (ageMs < 0 || ageMs > MAX_AGE_MS)) continue;
      const { beforeMutation: _asked, ...rest } = call;
      return await send({ ...rest, once: true, permit: permits.take() });
    }
  } finally {
    await permits.giveBack();
  }
  throw new StaleLookupError({
    why: `The rate limit leaves too little room: each of ${MAX_LOOKUPS} lookups of the key was more than 10 s old before the ${endpoint} request could be sent, so it was not sent.`,
    nextStep:
      "Destroy with `--parallel 1` while no other program uses the account, or leave refuseIfUsedWithin out, run `pulumi up`, then destroy.",
  });
}

async function lookUp(client: ProxyKeyClient, key: string, permit: Permit, call: CallOptions) {
  let sentMs = Number.NaN;
  const onRequest = (isMutating: boolean) => {
    call.onRequest?.(isMutating);
    sentMs = call.clock.nowMs();
  };
  const found = await client.lookup(key, { ...call, onRequest, once: true, permit });
  return { found, sentMs };
}

/** The permit of the change: acquired together with the lookup's, kept for another lookup, given back if unused. */
class PermitOfChange {
  readonly #client: ProxyKeyClient;
  readonly #endpoint: Endpoint;
  readonly #call: CallOptions;
  readonly #unwanted = new AbortController();
  #pending: Promise<void> = Promise.resolve();
  #permit: Permit | undefined;

  constructor(client: ProxyKeyClient, endpoint: Endpoint, call: CallOptions) {
    this.#client = client;
    this.#endpoint = endpoint;
    const { signal } = call;
    const ends = this.#unwanted.signal;
    this.#call = { ...call, signal: signal === undefined ? ends : AbortSignal.any([signal, ends]) };
  }

  /** Returns the permit of the lookup. */
  async reserveWithLookup(urgent: boolean): Promise<Permit> {
    if (this.#permit === undefined) return this.#reserveBoth(urgent);
    const { clock, deadlineMs, random } = this.#call;
    // Random: processes that all hold a permit and wait for another must not give up at the same time.
    const heldMs = MAX_HELD_MS * (0.5 + random() / 2);
    try {
      const call = { ...this.#call, deadlineMs: Math.min(deadlineMs, clock.nowMs() + heldMs) };
      return await this.#client.reserve("lookup", call, true);
    } catch (error) {
      if (!isUserError(error)) throw error;
      await this.#cancel();
      return this.#reserveBoth(true);
    }
  }

  #reserveBoth(urgent: boolean): Promise<Permit> {
    const [looking, changing] = this.#client.reserveWithLookup(this.#endpoint, this.#call, urgent);
    this.#pending = this.#keep(changing!);
    // It may fail while the lookup is under way.
    this.#pending.catch(() => {});
    return looking!;
  }

  async #keep(pending: Promise<Permit>): Promise<void> {
    const permit = await pending;
    if (this.#unwanted.signal.aborted) await permit.cancel();
    else this.#permit = permit;
  }

  /** Resolves when the permit is there. */
  arrived(): Promise<void> {
    return this.#pending;
  }

  /** Passes the permit to the caller. */
  take(): Permit {
    const permit = this.#permit!;
    this.#permit = undefined;
    return permit;
  }

  async giveBack(): Promise<void> {
    this.#unwanted.abort();
    await this.#cancel();
  }

  async #cancel(): Promise<void> {
    const permit = this.#permit;
    this.#permit = undefined;
    await permit?.cancel();
  }
}
