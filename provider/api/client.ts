import type { z } from "zod";
import { describeBody, readBody } from "./answerBody";
import { classify, type Endpoint } from "./classify";
import { UnexpectedAnswerError, type ApiError } from "./errors";
import { withRetries, type RetryPolicy, type WaitContext } from "./retry";
import type { HttpAnswer, HttpRequest, Transport } from "./transport";
import {
  confirmationSchema,
  createdKeySchema,
  keyListSchema,
  keyObjectSchema,
  toggleAnswerSchema,
  type CreatedKey,
  type KeyObject,
  type KeySettings,
} from "./wire";

export interface ClientOptions {
  transport: Transport;
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
  async create(settings: KeySettings, context: WaitContext): Promise<CreatedKey> {
    return this.#call("create", createdKeySchema, settings, context, []);
  }

  /** All keys of the account. */
  async list(context: WaitContext): Promise<Listing> {
    let serverAheadMs: number | undefined;
    const keys = await this.#call("list", keyListSchema, undefined, context, [], (answer) => {
      const dateMs = Date.parse(String(answer.headers["date"]));
      serverAheadMs = Number.isNaN(dateMs) ? undefined : dateMs - context.clock.nowMs();
    });
    return { keys, serverAheadMs };
  }

  async lookup(key: string, context: WaitContext): Promise<KeyObject> {
    return this.#call("lookup", keyObjectSchema, { proxy_key: key }, context, [key]);
  }

  /** A full replacement, so it may be repeated. */
  async update(key: string, settings: KeySettings, context: WaitContext): Promise<void> {
    await this.#call("update", confirmationSchema, { proxy_key: key, ...settings }, context, [key]);
  }

  /** Flips the state, so it is sent once: after an unclear answer the caller has to look. Returns the NEW state. */
  async toggle(key: string, context: WaitContext): Promise<boolean> {
    return (await this.#call("toggle", toggleAnswerSchema, { proxy_key: key }, context, [key])).status;
  }

  /** Immediate and irreversible; a repetition answers 404, so it may be repeated. */
  async remove(key: string, context: WaitContext): Promise<void> {
    await this.#call("remove", confirmationSchema, { proxy_key: key }, context, [key]);
  }

  async #call<Schema extends z.ZodType>(
    endpoint: Endpoint,
    schema: Schema,
    body: object | undefined,
    context: WaitContext,
    secrets: readonly string[],
    observe?: (answer: HttpAnswer) => void,
  ): Promise<z.output<Schema>> {
    const { transport, apiKey, retryPolicy } = this.#options;
    const request = this.#request(endpoint, body);
    const attempt = async () => {
      const answer = await transport.send(request, context.signal);
      observe?.(answer);
      return parse(endpoint, schema, answer, [apiKey, ...secrets], context.clock.nowMs());
    };
    return withRetries(attempt, context, {
      mayRepeat: (error) => REPEATABLE[endpoint] || !error.outcomeUnknown,
      ...(retryPolicy ? { policy: retryPolicy } : {}),
    });
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
  if (answer.status === 204 && schema === (confirmationSchema as z.ZodType)) return {} as z.output<Schema>;
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
