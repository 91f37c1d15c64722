import { by, confirmed, parse, unexpected, type Reader } from "./responseReader";
import type { Endpoint } from "./responseError";
import { isUnclear } from "./errorGuards";
import { ConnectionError } from "./errors";
import type { RateLimiter, Permit } from "./rateLimit/rateLimiter";
import { readKeyList } from "./keyList";
import { KeyListCache, type Listing } from "./keyListCache";
import { rateLimitInfo } from "./rateLimit/rateLimitInfo";
import { withRetries, type RetryPolicy, type WaitOptions } from "./retry";
import { saysDeleted, saysToggled, saysUpdated } from "./statements";
import type { HttpResponse, HttpRequest, Transport } from "./transport";
import {
  createdKeySchema,
  foundKeySchema,
  accountSchema,
  validationSchema,
  type AccountObject,
  type CreatedKey,
  type KeyObject,
  type KeySettings,
  type Validation,
} from "./wire";

/** One operation that calls the API, perhaps several times. */
export interface CallOptions extends WaitOptions {
  /** Called for every request that goes out, right before. @throws to keep it from going out. */
  onRequest?: (isMutating: boolean) => void;
  /**
   * Asked right before every request that changes something.
   *
   * @throws to keep the request from going out.
   */
  beforeMutation?: () => Promise<void>;
  /** Counts this operation's requests whose effect is unknown. Absent: nothing is counted. */
  effects?: { unclear: number };
  /** The caller repeats the request itself: it is sent once. */
  once?: boolean;
  /** A reserved place for a request that is sent once. Absent: the request waits for its turn. */
  place?: Permit;
}

export interface ClientOptions {
  transport: Transport;
  /** Says when a request may go out. */
  pacer: RateLimiter;
  /** Without a slash at the end. */
  baseUrl: string;
  apiKey: string;
  userAgent: string;
  retryPolicy?: RetryPolicy;
}

/**
 * The calls to the Electron Hub API that we make (https://docs.electronhub.ai), each parsed at the edge. A key always
 * travels in the body, never in a URL. Never called: delete-all, the regeneration of the API key, and the older paths
 * with a key in them.
 */
export class ProxyKeyClient {
  /** Invalidated by this client when a request that changes keys ends. */
  readonly keyList = new KeyListCache((options: CallOptions) => this.list(options));
  readonly #options: ClientOptions;
  #serverAheadMs: number | undefined;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  /** How far the server's clock was ahead of ours in its latest response. Undefined: no response had a date. */
  get serverAheadMs(): number | undefined {
    return this.#serverAheadMs;
  }

  get retryPolicy(): RetryPolicy | undefined {
    return this.#options.retryPolicy;
  }

  /** Waits for a place in the rate limit, to be given to one call, or withdrawn. `again`: before all that wait. */
  reserve(endpoint: Endpoint, { deadlineMs, signal }: WaitOptions, again: boolean): Promise<Permit> {
    return this.#options.pacer.acquire({ what: endpoint, deadlineMs, signal, again });
  }

  /** The same for a lookup and the request right behind it. */
  reserveWithLookup(
    endpoint: Endpoint,
    { deadlineMs, signal }: WaitOptions,
    again: boolean,
  ): Promise<Permit>[] {
    return this.#options.pacer.acquireBoth(["lookup", endpoint], { deadlineMs, signal, again });
  }

  /** The same client with another key in the Authorization header. */
  withApiKey(apiKey: string): ProxyKeyClient {
    return new ProxyKeyClient({ ...this.#options, apiKey });
  }

  /** Sent once: after an unclear response the caller has to look before it creates again. */
  async create(settings: KeySettings, call: CallOptions): Promise<CreatedKey> {
    return this.#call("create", by(createdKeySchema, { anySuccess: true }), settings, call, []);
  }

  /** All keys of the account. */
  async list(call: CallOptions): Promise<Listing> {
    const keys = await this.#call("list", readKeyList, undefined, call, []);
    return { keys, serverAheadMs: this.#serverAheadMs };
  }

  async lookup(key: string, call: CallOptions): Promise<KeyObject> {
    const found = await this.#call("lookup", by(foundKeySchema), { proxy_key: key }, call, [key]);
    if (found.key !== undefined && found.key !== key) throw unexpected(200, "another key than was asked for");
    return found;
  }

  /**
   * A full replacement, so it may be repeated.
   *
   * @throws UnexpectedResponseError, whose outcome is unknown, for any success but the API's word that the key was updated.
   */
  async update(key: string, settings: KeySettings, call: CallOptions): Promise<void> {
    await this.#call("update", confirmed(saysUpdated), { proxy_key: key, ...settings }, call, [key]);
  }

  /**
   * Flips the state, so it is sent once: after an unclear response the caller has to look. Returns the NEW state.
   *
   * @throws UnexpectedResponseError, whose outcome is unknown, for any success but the API's word on the new state.
   */
  async toggle(key: string, call: CallOptions): Promise<boolean> {
    const response = await this.#call("toggle", confirmed(saysToggled), { proxy_key: key }, call, [key]);
    return response.status;
  }

  /**
   * Immediate and irreversible; a repetition gets a 404, so it may be repeated.
   *
   * @throws UnexpectedResponseError, whose outcome is unknown, for any success but the API's word that the key was deleted.
   */
  async remove(key: string, call: CallOptions): Promise<void> {
    await this.#call("remove", confirmed(saysDeleted), { proxy_key: key }, call, [key]);
  }

  /** Whether this client's own key, a proxy key, works, for a model where one is named. */
  async validate(model: string | undefined, call: CallOptions): Promise<Validation> {
    return this.#call("validate", by(validationSchema), model === undefined ? {} : { model }, call, []);
  }

  /** The account: its credits. */
  async account(call: CallOptions): Promise<AccountObject> {
    return this.#call("me", by(accountSchema), undefined, call, []);
  }

  async #call<T>(
    endpoint: Endpoint,
    read: Reader<T>,
    body: object | undefined,
    call: CallOptions,
    secrets: readonly string[],
  ): Promise<T> {
    const { apiKey, retryPolicy } = this.#options;
    const request = this.#request(endpoint, body);
    const attempt = async (again: boolean) => {
      try {
        const response = await this.#send(endpoint, request, call, again);
        return parse(endpoint, read, response, [apiKey, ...secrets], call.clock.nowMs());
      } catch (error) {
        const { effects } = call;
        if (effects && ROUTES[endpoint].mutating && isUnclear(error)) effects.unclear++;
        throw error;
      }
    };
    if (call.once) return attempt(false);
    return withRetries(attempt, call, {
      mayRepeat: (error) => ROUTES[endpoint].repeatable || !error.outcomeUnknown,
      ...(retryPolicy ? { policy: retryPolicy } : {}),
    });
  }

  /** Sends once, when it is this request's turn. */
  async #send(
    endpoint: Endpoint,
    request: HttpRequest,
    call: CallOptions,
    again: boolean,
  ): Promise<HttpResponse> {
    const { transport } = this.#options;
    const { signal, clock } = call;
    const isMutating = ROUTES[endpoint].mutating;
    const place = call.place ?? (await this.reserve(endpoint, call, again));
    try {
      if (isMutating) await call.beforeMutation?.();
      signal?.throwIfAborted();
      call.onRequest?.(isMutating);
    } catch (error) {
      place.cancel();
      throw error;
    }
    let status: number | undefined;
    try {
      // A request that changes keys is never aborted: its outcome would be unknown.
      const response = await transport.send(request, isMutating ? undefined : signal);
      ({ status } = response);
      const nowMs = clock.nowMs();
      place.complete(rateLimitInfo(response, nowMs));
      const dateMs = Date.parse(String(response.headers["date"]));
      if (!Number.isNaN(dateMs)) this.#serverAheadMs = dateMs - nowMs;
      return response;
    } catch (error) {
      if (error instanceof ConnectionError && !error.maybeSent) place.cancel();
      else place.complete();
      throw error;
    } finally {
      // A remove with status 404 changed nothing, so that concurrent ones share the list that they need as evidence.
      if (isMutating && !(endpoint === "remove" && status === 404)) this.keyList.invalidate();
    }
  }

  #request(endpoint: Endpoint, body: object | undefined): HttpRequest {
    const { baseUrl, apiKey, userAgent } = this.#options;
    const headers: Record<string, string> = {
      accept: "application/json",
      authorization: `Bearer ${apiKey}`,
      "user-agent": userAgent,
    };
    if (body !== undefined) headers["content-type"] = "application/json";
    const { method, path } = ROUTES[endpoint];
    return {
      method,
      url: new URL(`${baseUrl}${path}`),
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
    };
  }
}

interface Route {
  method: "GET" | "POST";
  path: string;
  /** It changes something on the account. */
  mutating: boolean;
  /** May it be sent again when its effect is unknown? */
  repeatable: boolean;
}

const ROUTES: Record<Endpoint, Route> = {
  create: { method: "POST", path: "/auth/proxy/create", mutating: true, repeatable: false },
  list: { method: "GET", path: "/auth/proxy", mutating: false, repeatable: true },
  lookup: { method: "POST", path: "/auth/proxy/lookup", mutating: false, repeatable: true },
  update: { method: "POST", path: "/auth/proxy/update", mutating: true, repeatable: true },
  toggle: { method: "POST", path: "/auth/proxy/toggle", mutating: true, repeatable: false },
  remove: { method: "POST", path: "/auth/proxy/remove", mutating: true, repeatable: true },
  validate: { method: "POST", path: "/auth/proxy/validate", mutating: false, repeatable: true },
  me: { method: "GET", path: "/user/me", mutating: false, repeatable: true },
};
