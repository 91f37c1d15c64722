import {
  bareNotFound,
  edgePage,
  emptyBody,
  hugeJson,
  malformedJson,
  redirectTo,
  tooManyRequestsWithoutHeaders,
  type FaultEffect,
  type JsonValue,
} from "../../provider/testing";
import type { MatrixFixture } from "./fixture";

/** One row of the matrix. */
export interface FaultRow {
  /** A row without a fault: every verb succeeds. */
  readonly sound?: true;
  readonly label: string;
  /** What the simulator does instead. Absent: no fault, or `refused`. */
  readonly effect?: (fixture: MatrixFixture) => FaultEffect;
  /** The connection is refused before it reaches the simulator. */
  readonly refused?: true;
  /** The Retry-After of the response. */
  readonly waitMs?: number;
  /** The key was removed outside before, so the response is correct. */
  readonly gone?: true;
  /** Needs a client with a short timeout, or with a small body limit. */
  readonly hangs?: true;
  readonly small?: true;
}

/** The client's body limit in rows with `small`. */
export const SMALL_CAP_BYTES = 16 * 1024;

const message = (status: number, text: string): FaultEffect => ({
  status,
  body: { error: { message: text, type: "error", param: null, code: status } },
});

const success = (status: number, text: string): FaultEffect => ({ status, body: { message: text } });

/** The request takes effect, with any response. */
const done = (effect: FaultEffect): FaultEffect => ({ ...effect, applied: true });

export const FAULT_ROWS: readonly FaultRow[] = [
  { label: "none", sound: true },
  { label: "200 with the usual response", sound: true, effect: (fixture) => usualResponse(fixture, 200) },
  { label: "201 with the usual response", effect: (fixture) => usualResponse(fixture, 201) },
  { label: "204, done", effect: () => done(emptyBody(204)) },
  { label: "200 HTML", effect: () => edgePage(200) },
  { label: "200 HTML, done", effect: () => done(edgePage(200)) },
  { label: "200 empty", effect: () => emptyBody(200) },
  { label: "200 empty, done", effect: () => done(emptyBody(200)) },
  { label: "200 malformed JSON", effect: () => malformedJson() },
  { label: "200 malformed JSON, done", effect: () => done(malformedJson()) },
  { label: "200 JSON object of another shape", effect: () => ({ status: 200, body: { status: "ok" } }) },
  { label: "200 JSON list of another shape", effect: () => ({ status: 200, body: ["ok"] }) },
  { label: "200 JSON with an error in it", effect: () => ({ ...message(500, "boom"), status: 200 }) },
  { label: "200 Nothing was deleted", effect: () => success(200, "Nothing was deleted") },
  { label: "200 with the message of delete-all", effect: () => success(200, "Proxy keys deleted") },
  {
    label: "200 that contradicts itself",
    effect: () => ({ status: 200, body: { message: "Proxy key deleted", success: false } }),
  },
  {
    label: "200 of another service",
    effect: () => ({ status: 200, body: { status: "maintenance", notices: [] } }),
  },
  { label: "200 an empty page", effect: () => ({ status: 200, body: { keys: [], has_more: true } }) },
  { label: "202 with the usual response", effect: (fixture) => usualResponse(fixture, 202) },
  { label: "206 an empty list", effect: () => ({ status: 206, body: [] }) },
  { label: "301", effect: ({ simulator }) => redirectTo(`${simulator.baseUrl}/elsewhere`, 301) },
  { label: "307", effect: ({ simulator }) => redirectTo(`${simulator.baseUrl}/elsewhere`, 307) },
  { label: "400", effect: () => message(400, "Invalid parameters") },
  { label: "401", effect: () => message(401, "Invalid API key") },
  { label: "402", effect: () => message(402, "Insufficient balance") },
  { label: "403 other account", effect: () => message(403, "Proxy key does not belong to you") },
  { label: "403 key cap", effect: () => message(403, "Maximum number of proxy keys reached (10)") },
  { label: "403 permission", effect: () => message(403, "This API key lacks permission") },
  { label: "403 address limit", effect: () => message(403, "Too many API keys for this IP address") },
  { label: "403 paused", effect: () => message(403, "Your plan is paused") },
  { label: "403 unstated", effect: () => message(403, "Forbidden") },
  { label: "403 HTML", effect: () => edgePage(403) },
  { label: "404 API, error.message", effect: () => message(404, "Proxy key not found"), gone: true },
  {
    label: "404 API, detail",
    effect: () => ({ status: 404, body: { detail: "Proxy key not found" } }),
    gone: true,
  },
  {
    label: "404 API, detail.error",
    effect: () => ({ status: 404, body: { detail: { error: { message: "Key already deleted" } } } }),
    gone: true,
  },
  { label: "404 about another key", effect: () => message(404, "API key not found") },
  { label: "404 about a key server", effect: () => message(404, "Key server unreachable") },
  { label: "404 bare Not Found", effect: () => bareNotFound() },
  { label: "404 HTML", effect: () => edgePage(404) },
  { label: "404 empty", effect: () => emptyBody(404) },
  { label: "408", effect: () => message(408, "Request timeout") },
  { label: "409", effect: () => message(409, "Conflict") },
  { label: "418", effect: () => message(418, "I'm a teapot") },
  {
    label: "422 list",
    effect: () => ({
      status: 422,
      body: {
        detail: [{ type: "missing", loc: ["body", "proxy_key"], msg: "Field required", input: null }],
      },
    }),
  },
  {
    label: "429 Retry-After in seconds",
    effect: () => ({ ...message(429, "Rate limit exceeded."), headers: { "retry-after": "42" } }),
    waitMs: 42_000,
  },
  {
    label: "429 Retry-After as a date",
    effect: ({ clock }) => ({
      ...message(429, "Rate limit exceeded."),
      // Computed for each response.
      get headers() {
        return { "retry-after": new Date(clock.nowMs() + 42_000).toUTCString() };
      },
    }),
    // A date has whole seconds.
    waitMs: 41_000,
  },
  {
    label: "429 Retry-After: 0",
    effect: () => ({ ...message(429, "Rate limit exceeded."), headers: { "retry-after": "0" } }),
  },
  {
    label: "429 Retry-After in the past",
    effect: () => ({
      ...message(429, "Rate limit exceeded."),
      headers: { "retry-after": "Thu, 01 Jan 2015 00:00:00 GMT" },
    }),
  },
  { label: "429 message only", effect: () => tooManyRequestsWithoutHeaders(), waitMs: 180_000 },
  { label: "429 HTML", effect: () => edgePage(429), waitMs: 180_000 },
  { label: "500", effect: () => message(500, "Internal server error") },
  { label: "500, done", effect: () => done(message(500, "Internal server error")) },
  { label: "502 HTML", effect: () => edgePage(502) },
  {
    label: "503 Retry-After in seconds",
    effect: () => ({ ...message(503, "Temporarily unavailable"), headers: { "retry-after": "42" } }),
    waitMs: 42_000,
  },
  { label: "504, done", effect: () => done(edgePage(504)) },
  { label: "cut before", effect: () => ({ cut: "before" }) },
  { label: "cut after", effect: () => ({ cut: "after" }) },
  { label: "cut mid-body", effect: () => ({ cut: "midBody" }) },
  { label: "hang", effect: () => ({ hang: true }), hangs: true },
  { label: "hang, done", effect: () => ({ hang: true, applied: true }), hangs: true },
  { label: "huge body, done", effect: () => done(hugeJson(4 * SMALL_CAP_BYTES)), small: true },
  { label: "connection refused", refused: true },
];

/** The request takes effect and gets the usual response with this status. */
function usualResponse({ account }: MatrixFixture, status: number): FaultEffect {
  return {
    status,
    applied: true,
    body: ({ path, rawBody }) => goodBody(path, rawBody),
  };

  function goodBody(path: string, rawBody: string): JsonValue {
    const { proxy_key: key } = (rawBody === "" ? {} : JSON.parse(rawBody)) as { proxy_key?: string };
    switch (path) {
      case "/auth/proxy":
        return account.keys().map(keyObject);
      case "/auth/proxy/create":
        return keyObject(account.keys().at(-1)!);
      case "/auth/proxy/lookup":
        return keyObject(account.findKey(key ?? "")!);
      case "/auth/proxy/toggle":
        return { message: "Proxy key status updated", status: account.findKey(key ?? "")!.isActive };
      default:
        return { message: path.endsWith("/remove") ? "Proxy key deleted" : "Proxy key updated" };
    }
  }
}

function keyObject(key: ReturnType<MatrixFixture["account"]["keys"]>[number]): JsonValue {
  return {
    name: key.name,
    key: key.key,
    expires_at: key.expiresAtUnixS,
    allocated_ammount: key.allocatedAmount,
    used_ammount: key.usedAmount,
    is_active: key.isActive,
    model_whitelist: key.modelWhitelist,
    ip_whitelist: key.ipWhitelist,
    created_at: key.createdAtUnixS,
    last_used: key.lastUsedUnixS,
  };
}
