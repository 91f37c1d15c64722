import type { KeyRecord } from "./keyRecord";
import { toCredits } from "./keyRecord";
import type { RateFigures } from "./rateWindow";
import { InvalidBody, type Refusal } from "./refusal";

export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue };

/** The points on which the vendor's sources disagree or are silent. Change them at any time. */
export interface Dialect {
  /** Default: 201. */
  createStatus: 200 | 201;
  /** A body that breaks a rule. 422 has the framework's list in `detail`, whatever `errorShape` says. Default: 400. */
  invalidBodyStatus: 400 | 422;
  /** `{error:{…}}`, `{detail:"…"}` or `{detail:{error:{…}}}`. Default: "error". */
  errorShape: "error" | "detail" | "detailError";
  /** The kind of `code` within an error. Default: "number". */
  errorCode: "number" | "string" | "null";
  /** The property that wraps the list of keys. Default: undefined, a bare array. */
  listEnvelope: string | undefined;
  /** Whether listed keys carry `key`: whole, not at all, or with its middle starred out. Default: "full". */
  listKeys: "full" | "omitted" | "masked";
  /** Whether an empty whitelist is answered as null. Default: false. */
  nullWhitelists: boolean;
  /** Whether key objects carry fields nobody has documented. Default: false. */
  unknownFields: boolean;
  /** Whether answers of an account with a limit carry `X-RateLimit-*`. Default: true. */
  rateLimitHeaders: boolean;
  /** The form of `Retry-After` on a 429. Default: "seconds". */
  retryAfter: "none" | "seconds" | "date";
  /** The refusal of a proxy or DevPass key that tries to manage keys. Default: 401. */
  proxyKeyAuthStatus: 401 | 403;
  /** Whether create heeds `limit_type`; otherwise the new key is "daily". Default: false, the costlier reading. */
  createHonoursLimitType: boolean;
  /** The caller's address as `validate` sees it. Default: "127.0.0.1". */
  callerIp: string;
}

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

/** A complete HTTP answer. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export function jsonAnswer(
  status: number,
  value: JsonValue,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return {
    status,
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(value),
  };
}

export function refusalAnswer(refusal: Refusal, dialect: Dialect): Answer {
  if (refusal instanceof InvalidBody && dialect.invalidBodyStatus === 422) {
    return jsonAnswer(422, { detail: [frameworkDetail(refusal)] });
  }
  return errorAnswer(refusal.status, refusal.message, dialect);
}

export function errorAnswer(
  status: number,
  message: string,
  dialect: Dialect,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  if (dialect.errorShape === "detail") return jsonAnswer(status, { detail: message }, headers);
  const code = { number: status, string: String(status), null: null }[dialect.errorCode];
  const error = { error: { message, type: "error", param: null, code } };
  return jsonAnswer(status, dialect.errorShape === "detailError" ? { detail: error } : error, headers);
}

export function rateLimitedAnswer(waitMs: number, nowMs: number, dialect: Dialect): Answer {
  const waitS = Math.max(1, Math.ceil(waitMs / 1_000));
  const headers: Record<string, string> = {};
  if (dialect.retryAfter === "seconds") headers["retry-after"] = String(waitS);
  if (dialect.retryAfter === "date") headers["retry-after"] = new Date(nowMs + waitS * 1_000).toUTCString();
  return errorAnswer(429, `Rate limit exceeded. Try again in ${waitS} seconds.`, dialect, headers);
}

export function rateHeaders(figures: RateFigures | undefined): Record<string, string> {
  if (figures === undefined) return {};
  return {
    "x-ratelimit-limit": String(figures.limit),
    "x-ratelimit-remaining": String(figures.remaining),
    "x-ratelimit-reset": String(figures.resetUnixS),
  };
}

/** The key object of the wire; `limit_type` is never part of it. */
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

function frameworkDetail(refusal: InvalidBody): JsonValue {
  return {
    type: refusal.missing ? "missing" : "value_error",
    loc: refusal.field === undefined ? ["body"] : ["body", refusal.field],
    msg: refusal.missing ? "Field required" : refusal.problem,
    input: (refusal.input ?? null) as JsonValue,
  };
}
