import { by, confirmed, createdAs, parse, unexpected, type Reader } from "./responseReader";
import type { Endpoint } from "./responseError";
import { isUnclear } from "./errorGuards";
import { ConnectionError } from "./errors";
import type { Permit } from "./rateLimit/permit";
import type { RateLimiter } from "./rateLimit/rateLimiter";
import { readKeyList } from "./keyList";
import { KeyListCache, type Listing } from "./keyListCache";
import { rateLimitInfo } from "./rateLimit/rateLimitInfo";
import { withRetries, type RetryPolicy, type WaitOptions } from "./retry";
import { saysDeleted, saysToggled, saysUpdated } from "./statements";
import type { HttpResponse, HttpRequest, Transport } from "./transport";
import {
  foundKeySchema,
  accountSchema,
  validationSchema,
  type AccountObject,
  type CreatedKey,
  type KeyObject,
  type KeySettings,
  type Validation,
} from "./wire";

/** Options for every request of an operation. */
export interface CallOptions extends WaitOptions {
  /** Called right before each request. @throws to prevent the request. */
  onRequest?: (isMutating: boolean) => void;
  /** Called right before each request that changes keys. @throws to prevent the request. */
  beforeMutation?: () => Promise<void>;
  /** Counts the requests whose effect is unknown. */
  effects?: { unclear: number };
  /** No retries: the caller repeats the request itself. */
  once?: boolean;
  /** A permit that the caller has acquired. Absent: the request waits for one. */
  permit?: Permit;
}

export interface ClientOptions {
  transport: Transport;
  rateLimiter: RateLimiter;
  /** Without a trailing slash. */
  baseUrl: string;
  apiKey: string;
  userAgent: string;
  retryPolicy?: RetryPolicy | undefined;
}

/**
 * Sends requests to the Electron Hub API (https://docs.electronhub.ai) and parses the responses. Sends a key in the body
 * only, never in a URL. Never calls delete-all, the regeneration of the API key, or the older paths that contain a key.
 */
export class ProxyKeyClient {
  /** Invalidated by this client when a request that changes keys ends. */
  readonly keyList = new KeyListCache((options: CallOptions) => this.list(options));
  readonly #options: ClientOptions;
  #serverAheadMs: number | undefined;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  /** How far the server's clock was ahead of ours at the latest response. Undefined: no response had a date. */
  get serverAheadMs(): number | undefined {
    return this.#serverAheadMs;
  }

  get retryPolicy(): RetryPolicy | undefined {
    return this.#options.retryPolicy;
  }

  /** Waits for a permit of the rate limiter. @param again goes ahead of all that wait. */
  reserve(
    endpoint: Endpoint,
    { deadlineMs, limit, signal, urgent }: WaitOptions,
    again: boolean,
  ): Promise<Permit> {
    return this.#options.rateLimiter.acquire({ what: endpoint, deadlineMs, limit, signal, urgent, again });
  }

  /** Waits for the permits of a lookup and of the request that follows it. */
  reserveWithLookup(
    endpoint: Endpoint,
    { deadlineMs, limit, signal, urgent }: WaitOptions,
    again: boolean,
  ): Promise<Permit>[] {
    return this.#options.rateLimiter.acquireBoth(["lookup", endpoint], {
      deadlineMs,
      limit,
      signal,
      urgent,
      again,
    });
  }

  /** The same client with another key in the Authorization header. */
  withApiKey(apiKey: string): ProxyKeyClient {
    return new ProxyKeyClient({ ...this.#options, apiKey });
  }

  /** Never retried after an unclear response: the caller must first check whether the key exists. */
  async create(settings: KeySettings, call: CallOptions): Promise<CreatedKey> {
    return this.#call("create", createdAs(settings.name), settings, call, []);
  }

  /** All keys of the account. */
  async list(call: CallOptions): Promise<Listing> {
    const keys = await this.#call("list", readKeyList, undefined, call, []);
    return { keys, serverAheadMs: this.#serverAheadMs };
  }

  async lookup(key: string, call: CallOptions): Promise<KeyObject> {
    const found = await this.#call("lookup", by(foundKeySchema), { proxy_key: key }, call, [key]);
    if (found.key !== undefined && found.key !== key)
      throw unexpected(200, "another key than the requested one");
    return found;
  }

  /**
   * Replaces all settings. Idempotent, so retried.
   *
   * @throws UnexpectedResponseError, whose outcome is unknown, unless the API confirms the update.
   */
  async update(key: string, settings: KeySettings, call: CallOptions): Promise<void> {
    await this.#call("update", confirmed(saysUpdated), { proxy_key: key, ...settings }, call, [key]);
  }

  /**
   * Flips the state. Never retried after an unclear response: the caller must look first. Returns the NEW state.
   *
   * @throws UnexpectedResponseError, whose outcome is unknown, unless the API confirms the new state.
   */
  async toggle(key: string, call: CallOptions): Promise<boolean> {
    const response = await this.#call("toggle", confirmed(saysToggled), { proxy_key: key }, call, [key]);
    return response.status;
  }

  /**
   * Immediate and irreversible. A repetition gets a 404, so it is retried.
   *
   * @throws UnexpectedResponseError, whose outcome is unknown, unless the API confirms the deletion.
   */
  async remove(key: string, call: CallOptions): Promise<void> {
    await this.#call("remove", confirmed(saysDeleted), { proxy_key: key }, call, [key]);
  }

  /** Whether this client's own key, a proxy key, works, optionally for a model. */
  async validate(model: string | undefined, call: CallOptions): Promise<Validation> {
    return this.#call("validate", by(validationSchema), model === undefined ? {} : { model }, call, []);
  }

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
      policy: retryPolicy,
    });
  }

  /** Sends the request once, as soon as the rate limiter permits. */
  async #send(
    endpoint: Endpoint,
    request: HttpRequest,
    call: CallOptions,
    again: boolean,
  ): Promise<HttpResponse> {
    const { transport } = this.#options;
    const { signal, clock } = call;
    const isMutating = ROUTES[endpoint].mutating;
    const permit = call.permit ?? (await this.reserve(endpoint, call, again));
    try {
      if (isMutating) await call.beforeMutation?.();
      signal?.throwIfAborted();
      call.onRequest?.(isMutating);
    } catch (error) {
      await permit.cancel();
      throw error;
    }
    let status: number | undefined;
    try {
      // A request that changes keys is never aborted: its outcome would be unknown.
      const response = await transport.send(request, isMutating ? undefined : signal);
      ({ status } = response);
      const nowMs = clock.nowMs();
      await permit.complete(rateLimitInfo(response, nowMs));
      const dateMs = Date.parse(String(response.headers["date"]));
      if (!Number.isNaN(dateMs)) this.#serverAheadMs = dateMs - nowMs;
      return response;
    } catch (error) {
      if (error instanceof ConnectionError && !error.maybeSent) await permit.cancel();
      else await permit.complete();
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
      "accept-encoding": "identity",
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
  mutating: boolean;
  /** Retried even if its effect is unknown. */
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
