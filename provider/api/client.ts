import type { z } from "zod";
import { describeBody, readBody } from "./answerBody";
import { classify, type Endpoint } from "./classify";
import { ConnectionError, UnexpectedAnswerError, type ApiError } from "./errors";
import type { Pacer } from "./pacer";
import { rateReport } from "./rateReport";
import { withRetries, type RetryPolicy, type WaitContext } from "./retry";
import type { HttpAnswer, HttpRequest, Transport } from "./transport";
import {
  confirmationSchema,
  createdKeySchema,
  keyListSchema,
  keyObjectSchema,
  removalSchema,
  toggleAnswerSchema,
  type CreatedKey,
  type KeyObject,
  type KeySettings,
} from "./wire";

/** One operation that calls the API, perhaps several times. */
export interface CallContext extends WaitContext {
  /** Called for every request that goes out. */
  onRequest?: () => void;
  /**
   * Asked right before every request that changes something.
   *
   * @throws to keep the request from going out.
   */
  beforeMutation?: () => Promise<void>;
}

export interface ClientOptions {
  transport: Transport;
  /** Says when a request may go out. */
  pacer: Pacer;
  /** Without a slash at the end. */
  baseUrl: string;
  apiKey: string;
  userAgent: string;
  retryPolicy?: RetryPolicy;
}

/** A try that answered: what came back, and by the server's clock when. */
export interface Listing {
  keys: readonly KeyObject[];
  /** Milliseconds that the server's clock is ahead of ours, when it says the time. */
  serverAheadMs: number | undefined;
}

/**
 * The calls to the Electron Hub API that we make (https://docs.electronhub.ai), each parsed at the edge. A key always
 * travels in the body, never in a URL. Never called: delete-all, the regeneration of the API key, and the older paths
 * with a key in them.
 */
export class ProxyKeyClient {
  readonly #options: ClientOptions;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  /** Sent once: after an unclear answer the caller has to look before it creates again. */
  async create(settings: KeySettings, context: CallContext): Promise<CreatedKey> {
    return this.#call("create", createdKeySchema, settings, context, []);
  }

  /** All keys of the account. */
  async list(context: CallContext): Promise<Listing> {
    let serverAheadMs: number | undefined;
    const keys = await this.#call("list", keyListSchema, undefined, context, [], (answer) => {
      const dateMs = Date.parse(String(answer.headers["date"]));
      serverAheadMs = Number.isNaN(dateMs) ? undefined : dateMs - context.clock.nowMs();
    });
    return { keys, serverAheadMs };
  }

  async lookup(key: string, context: CallContext): Promise<KeyObject> {
    const found = await this.#call("lookup", keyObjectSchema, { proxy_key: key }, context, [key]);
    if (found.key !== undefined && found.key !== key) throw unexpected(200, "another key than was asked for");
    return found;
  }

  /** A full replacement, so it may be repeated. */
  async update(key: string, settings: KeySettings, context: CallContext): Promise<void> {
    await this.#call("update", confirmationSchema, { proxy_key: key, ...settings }, context, [key]);
  }

  /** Flips the state, so it is sent once: after an unclear answer the caller has to look. Returns the NEW state. */
  async toggle(key: string, context: CallContext): Promise<boolean> {
    return (await this.#call("toggle", toggleAnswerSchema, { proxy_key: key }, context, [key])).status;
  }

  /** Immediate and irreversible; a repetition answers 404, so it may be repeated. */
  async remove(key: string, context: CallContext): Promise<void> {
    await this.#call("remove", removalSchema, { proxy_key: key }, context, [key]);
  }

  async #call<Schema extends z.ZodType>(
    endpoint: Endpoint,
    schema: Schema,
    body: object | undefined,
    context: CallContext,
    secrets: readonly string[],
    observe?: (answer: HttpAnswer) => void,
  ): Promise<z.output<Schema>> {
    const { apiKey, retryPolicy } = this.#options;
    const request = this.#request(endpoint, body);
    const attempt = async (again: boolean) => {
      const answer = await this.#send(endpoint, request, context, again);
      observe?.(answer);
      return parse(endpoint, schema, answer, [apiKey, ...secrets], context.clock.nowMs());
    };
    return withRetries(attempt, context, {
      mayRepeat: (error) => REPEATABLE[endpoint] || !error.outcomeUnknown,
      ...(retryPolicy ? { policy: retryPolicy } : {}),
    });
  }

  /** Sends once, when it is this request's turn. */
  async #send(
    endpoint: Endpoint,
    request: HttpRequest,
    context: CallContext,
    again: boolean,
  ): Promise<HttpAnswer> {
    const { pacer, transport } = this.#options;
    const { deadlineMs, signal, clock } = context;
    const place = await pacer.acquire({ what: endpoint, deadlineMs, signal, again });
    try {
      if (MUTATING[endpoint]) await context.beforeMutation?.();
    } catch (error) {
      place.withdraw();
      throw error;
    }
    context.onRequest?.();
    try {
      // What changes something is never cut off half-way: its outcome would be unknown.
      const answer = await transport.send(request, MUTATING[endpoint] ? undefined : signal);
      place.settle(rateReport(answer, clock.nowMs()));
      return answer;
    } catch (error) {
      if (error instanceof ConnectionError && !error.maybeSent) place.withdraw();
      else place.settle();
      throw error;
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
    return {
      method: endpoint === "list" ? "GET" : "POST",
      url: new URL(endpoint === "list" ? `${baseUrl}/auth/proxy` : `${baseUrl}/auth/proxy/${endpoint}`),
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
    };
  }
}

const MUTATING: Record<Endpoint, boolean> = {
  create: true,
  list: false,
  lookup: false,
  update: true,
  toggle: true,
  remove: true,
};

/** May the call be sent again when nobody knows whether it took effect? */
const REPEATABLE: Record<Endpoint, boolean> = {
  create: false,
  list: true,
  lookup: true,
  update: true,
  toggle: false,
  remove: true,
};

function parse<Schema extends z.ZodType>(
  endpoint: Endpoint,
  schema: Schema,
  answer: HttpAnswer,
  secrets: readonly string[],
  nowMs: number,
): z.output<Schema> {
  if (answer.status < 200 || answer.status >= 300) throw classify(endpoint, answer, { secrets, nowMs });
  const body = readBody(answer.body);
  const needsNoBody = endpoint === "remove" || endpoint === "update";
  if (answer.status === 204 && needsNoBody) return {} as z.output<Schema>;
  const parsed = body.kind === "json" ? schema.safeParse(body.value) : undefined;
  if (parsed?.success) return parsed.data;
  throw unexpected(answer.status, body.kind === "json" ? "JSON of another shape" : describeBody(body));
}

function unexpected(status: number, found: string): ApiError {
  return new UnexpectedAnswerError({
    status,
    why: `The answer says success (HTTP ${status}) but holds ${found}, which is not the API's.`,
    nextStep: "Check electronhub:baseUrl, and any proxy between here and the API.",
  });
}
