import { subscribe } from "node:diagnostics_channel";
import type { Dispatcher } from "undici";
import { errorCode } from "../util/errno";
import { ConnectionError } from "./errors";

export interface HttpRequest {
  method: "GET" | "POST";
  url: URL;
  headers: Record<string, string>;
  body?: string | undefined;
}

export interface HttpResponse {
  status: number;
  /** Names in lower case. */
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/** Sends a request once: no retry, no redirect, no rate limit. */
export interface Transport {
  /** @throws ConnectionError without a complete response. */
  send(request: HttpRequest, signal?: AbortSignal): Promise<HttpResponse>;
  close(): Promise<void>;
}

export interface TransportOptions {
  /** Default 10,000. */
  connectTimeoutMs?: number;
  /** From the request to the response's headers, and between two parts of the body. Default 60,000. */
  responseTimeoutMs?: number;
  /** From the request to the end of the response. Default 120,000. */
  exchangeTimeoutMs?: number;
  /** A longer body is refused. Default 8 MiB. */
  maxBodyBytes?: number;
}

/** Must be less than the time after which the rate limiter drops a request without a response. */
export const EXCHANGE_TIMEOUT_MS = 120_000;

/** Sends requests with undici, through the proxy that HTTPS_PROXY and NO_PROXY name, except to loopback. */
export function createTransport({
  connectTimeoutMs = 10_000,
  responseTimeoutMs = 60_000,
  exchangeTimeoutMs = EXCHANGE_TIMEOUT_MS,
  maxBodyBytes = 8 * 1024 * 1024,
}: TransportOptions = {}): Transport {
  const options = {
    connect: { timeout: connectTimeoutMs },
    headersTimeout: responseTimeoutMs,
    bodyTimeout: responseTimeoutMs,
  };
  let direct: Dispatcher | undefined;
  let proxied: Dispatcher | undefined;

  return {
    async send({ method, url, headers, body }, signal) {
      // Loaded with the first request: previews, and programs that call no function, send none.
      const [{ Agent, EnvHttpProxyAgent, request }, { proxySettings }] = await Promise.all([
        import("undici"),
        import("./proxySettings.js"),
      ]);
      const dispatcher = isLoopback(url.hostname)
        ? (direct ??= new Agent(options))
        : (proxied ??= new EnvHttpProxyAgent({ ...options, ...proxySettings(process.env) }));
      const late = new AbortController();
      const timer = setTimeout(() => late.abort(new ResponseTooSlowError()), exchangeTimeoutMs);
      try {
        const response = await request(url, {
          method,
          headers,
          body: body ?? null,
          dispatcher,
          signal: signal ? AbortSignal.any([signal, late.signal]) : late.signal,
        });
        return {
          status: response.statusCode,
          headers: response.headers,
          body: await readText(response, maxBodyBytes),
        };
      } catch (error) {
        if (signal?.aborted) throw signal.reason;
        throw connectionError(late.signal.aborted ? late.signal.reason : error, url);
      } finally {
        clearTimeout(timer);
      }
    },
    async close() {
      await Promise.all([direct?.destroy(), proxied?.destroy()]);
    },
  };
}

/** Whether the host is this machine: plain http is safe, and no proxy is used. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

async function readText(
  { headers, body }: Pick<Dispatcher.ResponseData, "headers" | "body">,
  maxBytes: number,
): Promise<string> {
  const bytes = await readCapped(body, maxBytes);
  const coding = headers["content-encoding"];
  if (coding === undefined) return bytes.toString("utf8");
  const { decoded } = await import("./contentCoding.js");
  const tooLong = () => new ResponseTooLongError(maxBytes);
  return decoded(bytes, coding, { maxBytes, tooLong }).toString("utf8");
}

async function readCapped(body: Dispatcher.ResponseData["body"], maxBytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of body as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > maxBytes) {
      body.destroy();
      throw new ResponseTooLongError(maxBytes);
    }
    parts.push(part);
  }
  return Buffer.concat(parts);
}

class ResponseTooLongError extends Error {
  readonly code = "RESPONSE_TOO_LONG";
  constructor(readonly maxBytes: number) {
    super(`The response is longer than ${maxBytes} bytes.`);
  }
}

class ResponseTooSlowError extends Error {
  readonly code = "RESPONSE_TOO_SLOW";
}

/** Errors while connecting, also to a proxy, which undici publishes. */
const whileConnecting = new WeakSet<object>();
subscribe("undici:client:connectError", (message) => {
  const { error } = message as { error?: unknown };
  if (typeof error === "object" && error !== null) whileConnecting.add(error);
});

const DESCRIPTIONS: Record<string, string> = {
  ECONNREFUSED: "the connection was refused",
  ENOTFOUND: "the host name does not resolve",
  EAI_AGAIN: "the host name could not be resolved just now",
  ENETUNREACH: "the network is unreachable",
  EHOSTUNREACH: "the host is unreachable",
  UND_ERR_CONNECT_TIMEOUT: "connecting timed out",
  ECONNRESET: "the connection was reset",
  EPIPE: "the connection broke",
  EPROTO: "TLS failed",
  ETIMEDOUT: "the connection timed out",
  UND_ERR_ABORTED: "it was aborted, for example because a proxy refused it",
  UND_ERR_SOCKET: "the connection was closed before the response was complete",
  UND_ERR_HEADERS_TIMEOUT: "no response came in time",
  UND_ERR_BODY_TIMEOUT: "the response stopped half-way",
  RESPONSE_TOO_SLOW: "the response did not end in time",
  RESPONSE_TOO_LONG: "the response is far longer than the API's responses",
};

const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_(?:VERIFY|GET)_/;

/** Only an error while connecting proves that the request was not sent. */
export function connectionError(error: unknown, url: URL): ConnectionError {
  const code = firstCode(error);
  const neverSent = causesOf(error).some((cause) => whileConnecting.has(cause));
  const host = url.host;
  if (neverSent && CERTIFICATE.test(code)) {
    return new ConnectionError({
      maybeSent: false,
      why: `The TLS certificate of ${host} was not accepted (${code}).`,
      nextStep:
        "If a company proxy inspects TLS, set NODE_EXTRA_CA_CERTS to its certificate's file; otherwise check baseUrl.",
      cause: error,
    });
  }
  const known = DESCRIPTIONS[code] ?? (/TLS|SSL/.test(code) ? "TLS failed" : "it broke");
  return new ConnectionError({
    maybeSent: !neverSent,
    retryable: code !== "RESPONSE_TOO_LONG",
    why: `${neverSent ? `${host} could not be reached` : `The connection to ${host} failed`}: ${known}${code === "" ? "" : ` (${code})`}.`,
    nextStep: "Check the network, the proxy settings and electronhub:baseUrl, then run the command again.",
    cause: error,
  });
}

/** The first error code in a chain of causes: undici wraps system errors. */
function firstCode(error: unknown): string {
  const codes = causesOf(error).map((cause) => errorCode(cause) ?? "");
  return codes.find((code) => /^[A-Z][A-Z0-9_]*$/.test(code)) ?? "";
}

function causesOf(error: unknown): Error[] {
  const causes: Error[] = [];
  for (let at: unknown = error; at instanceof Error && causes.length < 5;) {
    causes.push(at);
    at = at instanceof AggregateError && at.errors.length > 0 ? at.errors[0] : at.cause;
  }
  return causes;
}
