import { createHash } from "node:crypto";
import { ProxyKeyClient } from "../api/client";
import type { Clock } from "../api/clock";
import { KeySnapshot } from "../api/keySnapshot";
import type { RetryPolicy, WaitContext } from "../api/retry";
import type { Transport } from "../api/transport";
import type { Settings } from "../config";

/** What the lifecycle takes from the world, so that tests can bring their own. */
export interface Dependencies {
  clock: Clock;
  /** A number in [0, 1), for delays. */
  random: () => number;
  /** Unpredictable bytes, for names. */
  randomBytes: (count: number) => Uint8Array;
  transport: Transport;
  environment: Readonly<Record<string, string | undefined>>;
  retryPolicy?: RetryPolicy;
}

/** One account as this process knows it: its client, its list of keys, and the keys that it has handed out. */
export interface Session {
  client: ProxyKeyClient;
  snapshot: KeySnapshot;
  /** Fingerprints of the keys that this process has made, so that two creations never take the same one. */
  claimed: Set<string>;
}

/** One call of the engine at work. */
export interface Operation extends Session {
  wait: WaitContext;
  randomBytes: (count: number) => Uint8Array;
}

/** The sessions of a process: one for each account and base URL, however many resources share it. */
export class Sessions {
  readonly #byAccount = new Map<string, Session>();
  readonly #dependencies: Dependencies;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
  }

  /** Begins an operation: from now on it may wait `maxWait` in all. */
  begin(settings: Settings): Operation {
    const { clock, random, randomBytes } = this.#dependencies;
    return {
      ...this.#session(settings),
      randomBytes,
      wait: { clock, random, deadlineMs: clock.nowMs() + settings.maxWaitMs },
    };
  }

  #session({ baseUrl, apiKey, userAgent }: Settings): Session {
    const account = createHash("sha256")
      .update(JSON.stringify([baseUrl, apiKey, userAgent]))
      .digest("hex");
    const known = this.#byAccount.get(account);
    if (known) return known;
    const { transport, retryPolicy } = this.#dependencies;
    const client = new ProxyKeyClient({
      transport,
      baseUrl,
      apiKey,
      userAgent,
      ...(retryPolicy ? { retryPolicy } : {}),
    });
    const session: Session = { client, snapshot: new KeySnapshot(client), claimed: new Set() };
    this.#byAccount.set(account, session);
    return session;
  }
}
