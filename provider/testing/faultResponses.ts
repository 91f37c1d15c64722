import type { JsonValue } from "./simulatedResponse";
import type { FaultEffect } from "./faults";

/** The HTML error page of the CDN in front of the API. */
export function edgePage(status: number): FaultEffect {
  return {
    status,
    contentType: "text/html; charset=UTF-8",
    headers: {
      server: "cloudflare",
      "cf-ray": "8f0a1b2c3d4e5f60-FRA",
      "cache-control": "no-store",
    },
    body: [
      "<!DOCTYPE html>",
      `<html lang="en-US"><head><title>${status} | Attention Required! | Cloudflare</title></head>`,
      `<body><h1>Error ${status}</h1><p>Cloudflare Ray ID: 8f0a1b2c3d4e5f60</p></body></html>`,
    ].join("\n"),
  };
}

/** A 200 with truncated JSON. */
export function malformedJson(): FaultEffect {
  return { status: 200, body: '{"message":"Proxy key' };
}

/** A 200 with a valid JSON body of exactly `bytes` bytes (at least 15). */
export function hugeJson(bytes: number): FaultEffect {
  const frame = JSON.stringify({ padding: "" }).length;
  return { status: 200, body: JSON.stringify({ padding: "x".repeat(Math.max(1, bytes - frame)) }) };
}

/** A 429 whose cooldown is only in its message, not in `Retry-After`. */
export function tooManyRequestsWithoutHeaders(): FaultEffect {
  return { status: 429, body: errorBody(429, "Rate limit exceeded. Try again in 180 seconds.") };
}

/** The framework's 404 for an unknown route. */
export function bareNotFound(): FaultEffect {
  return { status: 404, body: { detail: "Not Found" } };
}

/** A response with this status and an empty body. */
export function emptyBody(status: number): FaultEffect {
  return { status };
}

/** A redirect. With the default status, 307, the client is asked to repeat method and body. */
export function redirectTo(url: string, status: 301 | 302 | 303 | 307 | 308 = 307): FaultEffect {
  return { status, headers: { location: url } };
}

/** An error whose message repeats the request's Authorization header and body. */
export function echoSecrets(status: number): FaultEffect {
  return {
    status,
    body: ({ method, path, authorization = "none", rawBody }) =>
      errorBody(status, `${method} ${path} failed; authorization: ${authorization}; body: ${rawBody}`),
  };
}

function errorBody(status: number, message: string): JsonValue {
  return { error: { message, type: "error", param: null, code: status } };
}
