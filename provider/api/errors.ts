import { UserError, type UserErrorDetails } from "../util/userError";
import type { KeyObject } from "./wire";

export interface ApiErrorDetails extends UserErrorDetails {
  /** The same request can succeed when it is sent again. */
  retryable?: boolean;
  /** The HTTP status, if there was a response. */
  status?: number | undefined;
  /** The response is not in the API's form: an edge or a proxy may have sent it. */
  isForeign?: boolean;
}

/** Base of the errors of API calls: one subclass per meaning. */
export abstract class ApiError extends UserError {
  readonly retryable: boolean;
  readonly status: number | undefined;
  readonly isForeign: boolean;

  constructor({ retryable = false, status, isForeign = false, ...details }: ApiErrorDetails) {
    super(details);
    this.retryable = retryable;
    this.status = status;
    this.isForeign = isForeign;
  }

  /** Whether the request may have taken effect although it failed. */
  get outcomeUnknown(): boolean {
    return false;
  }
}

/** 400 or 422: the API calls the request itself invalid. */
export class InvalidRequestError extends ApiError {
  override readonly name = "InvalidRequestError";
}

/** 401: the API does not accept the API key. */
export class UnauthorizedError extends ApiError {
  override readonly name = "UnauthorizedError";
}

/** 402: the account's balance does not cover the credits. */
export class InsufficientBalanceError extends ApiError {
  override readonly name = "InsufficientBalanceError";
}

/** Why a request was refused. `edge`: by the network edge in front of the API, not by the API. */
export type ForbiddenReason =
  | "otherAccount"
  | "keyCap"
  | "permission"
  | "addressLimit"
  | "paused"
  | "edge"
  | "unstated";

/** 403: refused. Always hard: never retried, the resource stays in the state. */
export class ForbiddenError extends ApiError {
  override readonly name = "ForbiddenError";
  readonly reason: ForbiddenReason;
  constructor(details: ApiErrorDetails & { reason: ForbiddenReason }) {
    super(details);
    this.reason = details.reason;
  }
}

/** 404. `saidByApi`: the API states that the key does not exist; otherwise from a proxy or an unknown route. */
export class NotFoundError extends ApiError {
  override readonly name = "NotFoundError";
  readonly saidByApi: boolean;
  constructor(details: ApiErrorDetails & { saidByApi: boolean }) {
    super(details);
    this.saidByApi = details.saidByApi;
  }
}

/** 429: the rate limit is exceeded. The request had no effect. */
export class RateLimitedError extends ApiError {
  override readonly name = "RateLimitedError";
  /** Counted from the response. */
  readonly retryAfterMs: number;
  constructor(details: ApiErrorDetails & { retryAfterMs: number }) {
    super({ retryable: true, ...details });
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** 5xx: the server failed, before or after the request took effect. */
export class ServerError extends ApiError {
  override readonly name = "ServerError";
  /** 0: not in the response. */
  readonly retryAfterMs: number;
  constructor(details: ApiErrorDetails & { retryAfterMs?: number | undefined }) {
    super(details);
    this.retryAfterMs = details.retryAfterMs ?? 0;
  }
  override get outcomeUnknown(): boolean {
    return true;
  }
}

/** A response that is not in the API's form: a redirect, HTML instead of JSON, JSON of another shape. */
export class UnexpectedResponseError extends ApiError {
  override readonly name = "UnexpectedResponseError";
  override get outcomeUnknown(): boolean {
    return this.status === undefined || this.status < 300;
  }
}

/** The list of keys may be incomplete, so it cannot prove that a key does not exist. */
export class IncompleteListError extends ApiError {
  override readonly name = "IncompleteListError";
  /** The keys that it does show. */
  readonly shown: readonly KeyObject[];
  /** The JSON of the entries that cannot be read. */
  readonly #unread: string;
  constructor(details: ApiErrorDetails & { shown: readonly KeyObject[]; unread: string }) {
    super(details);
    this.shown = details.shown;
    this.#unread = details.unread;
  }
  /** Whether an entry that cannot be read has this key. */
  hasUnread(key: string): boolean {
    return this.#unread.includes(key);
  }
}

/** No complete response: refused, reset, timed out, not resolved. */
export class ConnectionError extends ApiError {
  override readonly name = "ConnectionError";
  /** Whether the request may have reached the server. */
  readonly maybeSent: boolean;
  constructor(details: ApiErrorDetails & { maybeSent: boolean }) {
    super(details);
    this.maybeSent = details.maybeSent;
  }
  override get outcomeUnknown(): boolean {
    return this.maybeSent;
  }
}

/** The wait would exceed `maxWait`. */
export class MaxWaitError extends ApiError {
  override readonly name = "MaxWaitError";
}
