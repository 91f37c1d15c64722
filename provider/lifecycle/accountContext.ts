import { createHash } from "node:crypto";
import { ProxyKeyClient, type CallOptions } from "../api/client";
import type { Clock } from "../util/clock";
import { RateLimiter } from "../api/rateLimit/rateLimiter";
import type { RetryPolicy, WaitLimit } from "../api/retry";
import type { Transport } from "../api/transport";
import { memoryStore, type WindowStore } from "../api/rateLimit/windowStore";
import type { Settings } from "../config";
import type { CreationJournal } from "./creations/journal";
import { EngineGoneError, type EngineLiveness } from "./run/engineLiveness";
import { UnsettledKeys } from "./run/unsettledKeys";
import { KeysOfRun } from "./run/keysOfRun";
import { serverOf } from "./server";

/** Dependencies of a plugin process or a command, which tests replace. */
export interface Dependencies {
  clock: Clock;
  /** A number in [0, 1), for delays. */
  random: () => number;
  /** For names. */
  randomBytes: (count: number) => Uint8Array;
  transport: Transport;
  environment: Readonly<Record<string, string | undefined>>;
  retryPolicy?: RetryPolicy;
  /** Whether the engine is still there. Absent in a process that is not a plugin. */
  engine?: EngineLiveness | undefined;
  /** Aborted when the engine is gone or the user stops the command. */
  signal?: AbortSignal;
  /** Stores an account's rate-limit window, by the account's anonymous name. Default: in this process. */
  windowStore?: (account: string, settings: Pick<Settings, "sharedWindow">) => WindowStore;
  /** Records the creations in flight. Default: none. */
  creations?: CreationJournal;
  /** Which keys the declared resources of the run hold and adopt. Default: known to this process only. */
  keysOfRun?: KeysOfRun;
  /** Keys whose settings may differ from their state. Default: known to this process only. */
  unsettledKeys?: UnsettledKeys;
  /** Shows the user one line, attached to the stack. */
  report?: (line: string) => void;
  /** Resolves when the user has been shown what the operation has reported, which its result awaits. Never rejects. */
  reported?: () => Promise<void>;
}

/** One account in this process. */
export interface AccountContext {
  /** The account's anonymous name: the same for the same API key and base URL. */
  account: string;
  client: ProxyKeyClient;
}

/** One verb in progress. */
export interface Operation extends AccountContext {
  settings: Settings;
  call: CallOptions;
  /** How many mutating requests have an unknown effect. */
  effects: { unclear: number };
  keys: KeysOfRun;
  unsettledKeys: UnsettledKeys;
  randomBytes: (count: number) => Uint8Array;
  /** Requests that this operation has sent. */
  requests: number;
  report: (line: string) => void;
}

/** Limits of one operation. */
export interface Limits {
  /** How long it may wait in all. Default: the setting `maxWait`. */
  maxWaitMs?: number;
  /** What set that limit, for messages. */
  limit?: WaitLimit;
}

/** An older operation had to wait, and the engine may have died meanwhile. */
const FRESH_MS = 1_000;

/** One context per account and base URL, shared by all resources of the process. */
export class AccountContexts {
  readonly keys: KeysOfRun;
  readonly unsettledKeys: UnsettledKeys;
  readonly #byName = new Map<string, AccountContext>();
  readonly #dependencies: Dependencies;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
    this.keys = dependencies.keysOfRun ?? new KeysOfRun();
    this.unsettledKeys = dependencies.unsettledKeys ?? new UnsettledKeys();
  }

  /**
   * Begins an operation: from now on it may wait `maxWait` in all.
   *
   * @param limits of this operation, instead of the settings'.
   */
  begin(settings: Settings, { maxWaitMs = settings.maxWaitMs, limit }: Limits = {}): Operation {
    const { clock, random, randomBytes, engine, signal, report = () => {} } = this.#dependencies;
    const startedMs = clock.nowMs();
    const effects = { unclear: 0 };
    const operation: Operation = {
      ...this.#context(settings),
      settings,
      report,
      requests: 0,
      effects,
      keys: this.keys,
      unsettledKeys: this.unsettledKeys,
      randomBytes,
      call: {
        clock,
        random,
        signal,
        effects,
        deadlineMs: startedMs + maxWaitMs,
        limit,
        onRequest: () => operation.requests++,
        beforeMutation: async () => {
          if (engine === undefined || clock.nowMs() - startedMs < FRESH_MS) return;
          if (!(await engine.isAlive())) throw new EngineGoneError();
        },
      },
    };
    return operation;
  }

  #context({ baseUrl, apiKey, userAgent, rateLimit, sharedWindow }: Settings): AccountContext {
    const account = accountNameOf({ baseUrl, apiKey });
    const name = hash([account, userAgent, rateLimit ?? null, sharedWindow ?? null]);
    const known = this.#byName.get(name);
    if (known) return known;
    const {
      clock,
      random,
      transport,
      retryPolicy,
      report,
      windowStore = () => memoryStore(),
    } = this.#dependencies;
    const rateLimiter = new RateLimiter({
      clock,
      store: windowStore(account, { sharedWindow }),
      configured: rateLimit,
      report,
      random,
    });
    const client = new ProxyKeyClient({ transport, rateLimiter, baseUrl, apiKey, userAgent, retryPolicy });
    const context: AccountContext = { account, client };
    this.#byName.set(name, context);
    return context;
  }
}

export function accountNameOf({ baseUrl, apiKey }: Pick<Settings, "baseUrl" | "apiKey">): string {
  return hash(["account", serverOf({ baseUrl }), apiKey]);
}

function hash(parts: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 32);
}
