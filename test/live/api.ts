import { ProxyKeyClient, type CallOptions } from "../../provider/api/client";
import { ConnectionError } from "../../provider/api/errors";
import { rateLimitInfo } from "../../provider/api/rateLimit/rateLimitInfo";
import { RateLimiter } from "../../provider/api/rateLimit/rateLimiter";
import type { WindowStore } from "../../provider/api/rateLimit/windowStore";
import type { HttpResponse, Transport } from "../../provider/api/transport";
import type { Settings } from "../../provider/config";
import type { Clock } from "../../provider/util/clock";
import { answerOf, header, isSuccess, objectOf, type Answer } from "./answer";
import { guarded } from "./guard";
import { NotOurKeyError, type OwnKeys } from "./ownKeys";
import type { Report } from "./report";

export interface ApiParts {
  settings: Settings;
  clock: Clock;
  random: () => number;
  transport: Transport;
  store: WindowStore;
  own: OwnKeys;
  report: Report;
  /** Stops waiting. A request that was sent is never aborted. */
  signal?: AbortSignal | undefined;
}

const CALLS = {
  create: "POST /auth/proxy/create",
  list: "GET /auth/proxy",
  lookup: "POST /auth/proxy/lookup",
  update: "POST /auth/proxy/update",
  toggle: "POST /auth/proxy/toggle",
  remove: "POST /auth/proxy/remove",
  validate: "POST /auth/proxy/validate",
  me: "GET /user/me",
  logs: "GET /user/logs",
  models: "GET /models",
  chat: "POST /chat/completions",
} as const;

export type Call = keyof typeof CALLS;

/** A budget that a free account can pay many times. */
export const SMALL_BUDGET = 0.01;

const MAX_WAIT_MS = 15 * 60_000;

export interface NewKey {
  key: string;
  name: string;
  /** The body of the create. */
  settings: Readonly<Record<string, unknown>>;
  answer: Answer;
}

/** Sends single requests, as written, at the product's rate limit, and shows the responses as they are. */
export class LiveApi {
  /** The product's client, for looks and removals that have to succeed. */
  readonly client: ProxyKeyClient;
  readonly clock: Clock;
  /** The responses by call, except repeated ones. */
  readonly answers: { call: Call; answer: Answer }[] = [];
  readonly #parts: ApiParts;
  readonly #rateLimiter: RateLimiter;
  readonly #transport: Transport;
  #serverAheadMs = 0;

  constructor(parts: ApiParts) {
    const { settings, clock, random, transport, store, own } = parts;
    const { baseUrl, apiKey, userAgent, rateLimit } = settings;
    this.#parts = parts;
    this.clock = clock;
    this.#transport = guarded(transport, { baseUrl, apiKey, own });
    this.#rateLimiter = new RateLimiter({ clock, store, configured: rateLimit, random });
    this.client = new ProxyKeyClient({
      transport: this.#transport,
      rateLimiter: this.#rateLimiter,
      baseUrl,
      apiKey,
      userAgent,
    });
  }

  /** For the client. Without a signal: what has to be removed is removed also after Ctrl-C. */
  get call(): CallOptions {
    const { clock, random } = this.#parts;
    return { clock, random, deadlineMs: clock.nowMs() + MAX_WAIT_MS };
  }

  /** By the server's clock. */
  get serverNowMs(): number {
    return this.clock.nowMs() + this.#serverAheadMs;
  }

  /** @param as the credential; default: the API key; null: none. A 429 is waited out and sent again, once. */
  async send(call: Call, body?: object, as?: string | null): Promise<Answer> {
    let response = await this.#sendOnce(call, body, as, false);
    if (response.status === 429) {
      this.answers.push({ call, answer: answerOf(response) });
      response = await this.#sendOnce(call, body, as, true);
    }
    const answer = answerOf(response);
    this.answers.push({ call, answer });
    const dateMs = Date.parse(header(answer, "date") ?? "");
    if (!Number.isNaN(dateMs)) this.#serverAheadMs = dateMs - this.clock.nowMs();
    return answer;
  }

  /** Sends a create. `key` is undefined if the response shows none. */
  async create(settings: object = {}): Promise<Omit<NewKey, "key"> & { key: string | undefined }> {
    const { own, report } = this.#parts;
    const name = own.nextName();
    const body = {
      name,
      expires_at: -1,
      allocated_ammount: SMALL_BUDGET,
      model_whitelist: [],
      ip_whitelist: [],
      limit_type: "daily",
      ...settings,
    };
    const answer = await this.send("create", body);
    const { key } = objectOf(answer.json);
    if (!isSuccess(answer) || typeof key !== "string")
      return { name, settings: body, answer, key: undefined };
    report.hide(key);
    return { name, settings: body, answer, key };
  }

  /** Creates a key, and removes it even if the questions about it fail. */
  async withKey<T>(settings: object, use: (made: NewKey) => Promise<T>): Promise<T> {
    const { key, ...made } = await this.create(settings);
    if (key === undefined) throw new Error(`create: ${made.answer.text}`);
    try {
      return await use({ ...made, key });
    } finally {
      await this.removeIfLeft(key);
    }
  }

  async removeIfLeft(key: string): Promise<void> {
    if (this.#parts.own.remaining.some((one) => one.key === key)) await this.client.remove(key, this.call);
  }

  /** Waits. @throws when the run is stopped. */
  async sleep(ms: number): Promise<void> {
    await this.clock.sleep(ms, this.#parts.signal);
  }

  async #sendOnce(
    call: Call,
    body: object | undefined,
    as: string | null | undefined,
    again: boolean,
  ): Promise<HttpResponse> {
    const { clock, settings, signal } = this.#parts;
    const deadlineMs = clock.nowMs() + MAX_WAIT_MS;
    const permit = await this.#rateLimiter.acquire({ what: call, deadlineMs, signal, again });
    try {
      const [method, path] = CALLS[call].split(" ") as ["GET" | "POST", string];
      const credential = as === undefined ? settings.apiKey : as;
      const response = await this.#transport.send({
        method,
        url: new URL(`${settings.baseUrl}${path}`),
        headers: {
          accept: "application/json",
          "user-agent": settings.userAgent,
          ...(credential === null ? {} : { authorization: `Bearer ${credential}` }),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
      await permit.complete(rateLimitInfo(response, clock.nowMs()));
      return response;
    } catch (error) {
      const neverSent = error instanceof ConnectionError ? !error.maybeSent : error instanceof NotOurKeyError;
      await (neverSent ? permit.cancel() : permit.complete());
      throw error;
    }
  }
}
