import { setImmediate } from "node:timers/promises";
import type { CallOptions, ProxyKeyClient } from "../api/client";
import type { Operation } from "../lifecycle/accountContext";

/** Shares one request between all calls that come before it is sent. A later call sends a new one. */
export class SharedCall<T> {
  readonly #waiting = new WeakMap<ProxyKeyClient, Promise<T>>();
  readonly #call: (client: ProxyKeyClient, context: CallOptions) => Promise<T>;

  constructor(call: (client: ProxyKeyClient, context: CallOptions) => Promise<T>) {
    this.#call = call;
  }

  get({ client, call }: Operation): Promise<T> {
    const waiting = this.#waiting.get(client);
    if (waiting !== undefined) return waiting;
    const close = () => {
      if (this.#waiting.get(client) === response) this.#waiting.delete(client);
    };
    const onRequest = (isMutating: boolean) => {
      close();
      call.onRequest?.(isMutating);
    };
    // A program makes its calls within one turn of the event loop.
    const response = setImmediate()
      .then(() => this.#call(client, { ...call, onRequest }))
      .finally(close);
    this.#waiting.set(client, response);
    return response;
  }
}

/** The account's keys. */
export const allKeys = new SharedCall(async (client, context) => (await client.list(context)).keys);
