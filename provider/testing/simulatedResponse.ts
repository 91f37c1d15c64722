import type { KeyRecord } from "./keyRecord";
import { toCredits } from "./keyRecord";
import type { RateFigures } from "./requestWindow";
import { InvalidBody, type RequestError } from "./requestError";

/** Any JSON value. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue };

/** The API's behaviour in points on which its documentation is contradictory or silent. */
export interface Dialect {
  /** The status of a successful create. Default: 201. */
  createStatus: 200 | 201;
  /** The status for an invalid body. 422 has the framework's list in `detail`, with any `errorShape`. Default: 400. */
  invalidBodyStatus: 400 | 422;
  /** The body of an error: `{error:{…}}`, `{detail:"…"}` or `{detail:{error:{…}}}`. Default: "error". */
  errorShape: "error" | "detail" | "detailError";
  /** The type of `code` in an error. Default: "number". */
  errorCode: "number" | "string" | "null";
  /** The property that contains the list of keys. Default: undefined, the body is an array. */
  listEnvelope: string | undefined;
  /** Whether listed keys have `key` in full, not at all, or with its middle masked. Default: "full". */
  listKeys: "full" | "omitted" | "masked";
  /** Whether an empty whitelist is null in responses. Default: false. */
  nullWhitelists: boolean;
  /** Whether key objects have undocumented fields. Default: false. */
  unknownFields: boolean;
  /** Whether responses of an account with a rate limit have `X-RateLimit-*` headers. Default: true. */
  rateLimitHeaders: boolean;
  /** The format of `Retry-After` in a 429. Default: "seconds". */
  retryAfter: "none" | "seconds" | "date";
  /** The status if a proxy or DevPass key tries to manage keys. Default: 401. */
  proxyKeyAuthStatus: 401 | 403;
  /** Whether create applies `limit_type`. Otherwise the new key is "daily". Default: false. */
  createHonoursLimitType: boolean;
  /** The IP address of the client as `validate` sees it. Default: "127.0.0.1". */
  callerIp: string;
}

/** The default behaviour of the simulator. */
export const DEFAULT_DIALECT: Readonly<Dialect> = {
  createStatus: 201,
  invalidBodyStatus: 400,
  errorShape: "error",
  errorCode: "number",
  listEnvelope: undefined,
  listKeys: "full",
  nullWhitelists: false,
  unknownFields: false,
  rateLimitHeaders: true,
  retryAfter: "seconds",
  proxyKeyAuthStatus: 401,
  createHonoursLimitType: false,
  callerIp: "127.0.0.1",
};

/** A complete HTTP response. */
export interface SimulatedResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export function jsonResponse(
  status: number,
  value: JsonValue,
  headers: Readonly<Record<string, string>> = {},
): SimulatedResponse {
  return {
    status,
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(value),
  };
}

export function responseForError(error: RequestError, dialect: Dialect): SimulatedResponse {
  if (error instanceof InvalidBody && dialect.invalidBodyStatus === 422) {
    return jsonResponse(422, { detail: [frameworkDetail(error)] });
  }
  return errorResponse(error.status, error.message, dialect);
}

export function errorResponse(
  status: number,
  message: string,
  dialect: Dialect,
  headers: Readonly<Record<string, string>> = {},
): SimulatedResponse {
  if (dialect.errorShape === "detail") return jsonResponse(status, { detail: message }, headers);
  const code = { number: status, string: String(status), null: null }[dialect.errorCode];
  const body = { error: { message, type: "error", param: null, code } };
  return jsonResponse(status, dialect.errorShape === "detailError" ? { detail: body } : body, headers);
}

export function rateLimitedResponse(waitMs: number, nowMs: number, dialect: Dialect): SimulatedResponse {
  const waitS = Math.max(1, Math.ceil(waitMs / 1_000));
  const headers: Record<string, string> = {};
  if (dialect.retryAfter === "seconds") headers["retry-after"] = String(waitS);
  if (dialect.retryAfter === "date") headers["retry-after"] = new Date(nowMs + waitS * 1_000).toUTCString();
  return errorResponse(429, `Rate limit exceeded. Try again in ${waitS} seconds.`, dialect, headers);
}

export function rateHeaders(figures: RateFigures | undefined): Record<string, string> {
  if (figures === undefined) return {};
  return {
    "x-ratelimit-limit": String(figures.limit),
    "x-ratelimit-remaining": String(figures.remaining),
    "x-ratelimit-reset": String(figures.resetUnixS),
  };
}

/** The key object in responses. It never contains `limit_type`. */
export function keyObject(record: KeyRecord, dialect: Dialect): Record<string, JsonValue> {
  const whitelist = (entries: readonly string[]): readonly string[] | null =>
    dialect.nullWhitelists && entries.length === 0 ? null : [...entries];
  return {
    name: record.name,
    key: record.key,
    expires_at: record.expiresAtUnixS,
    allocated_ammount: toCredits(record.allocatedMicro),
    used_ammount: toCredits(record.usedMicro),
    is_active: record.isActive,
    model_whitelist: whitelist(record.modelWhitelist),
    ip_whitelist: whitelist(record.ipWhitelist),
    created_at: record.createdAtUnixS,
    last_used: record.lastUsedUnixS,
    ...(dialect.unknownFields ? { team: null, labels: { colour: "green" } } : {}),
  };
}

export function keyList(records: readonly KeyRecord[], dialect: Dialect): JsonValue {
  const items = records.map((record) => {
    const { key: _, ...rest } = keyObject(record, dialect);
    if (dialect.listKeys === "omitted") return rest;
    return {
      ...rest,
      key: dialect.listKeys === "full" ? record.key : `${record.key.slice(0, 13)}***${record.key.slice(-4)}`,
    };
  });
  return dialect.listEnvelope === undefined ? items : { [dialect.listEnvelope]: items };
}

function frameworkDetail(error: InvalidBody): JsonValue {
  return {
    type: error.missing ? "missing" : "value_error",
    loc: error.field === undefined ? ["body"] : ["body", error.field],
    msg: error.missing ? "Field required" : error.problem,
    input: (error.input ?? null) as JsonValue,
  };
}
