import type { KeyObject } from "./wire";

/** Marks our errors across copies of this module, where `instanceof` fails. */
const MARKER = Symbol.for("pulumi-electronhub.ApiError");

export interface UserErrorDetails {
  /** Why it failed, a sentence for people. Holds no secret and no raw body. */
  why: string;
  /** What to do next, a sentence for people. */
  nextStep: string;
  /** May the same request be sent again with a chance of another answer? Decided here, once. */
  retryable?: boolean;
  /** The HTTP status, when there was an answer. */
  status?: number | undefined;
  /** The response is not in the API's form: an edge or a proxy may have answered instead of the API. */
  isForeign?: boolean;
  cause?: unknown;
}

/** Base of every error that a call to the API can end in: one subclass per meaning. */
export abstract class UserError extends Error {
  abstract override readonly name: string;
  readonly [MARKER] = true;
  readonly why: string;
  readonly nextStep: string;
  readonly retryable: boolean;
  readonly status: number | undefined;
  readonly isForeign: boolean;
  /** What was tried before, one line each, when there was more than one try. */
  attempts: readonly string[] = [];

  constructor({ why, nextStep, retryable = false, status, isForeign = false, cause }: UserErrorDetails) {
    super(`${why} ${nextStep}`, cause === undefined ? undefined : { cause });
    this.why = why;
    this.nextStep = nextStep;
    this.retryable = retryable;
    this.status = status;
    this.isForeign = isForeign;
  }

  /** May the request have taken effect although this error came back? */
  get outcomeUnknown(): boolean {
    return false;
  }
}

export function isUserError(error: unknown): error is UserError {
  return typeof error === "object" && error !== null && MARKER in error;
}

/** A setting or credential is missing or malformed: told before any request. */
export class ConfigurationError extends UserError {
  override readonly name = "ConfigurationError";
}

/** 400 or 422: the API calls the request itself invalid. */
export class InvalidRequestError extends UserError {
  override readonly name = "InvalidRequestError";
}

/** 401: the API does not accept the API key. */
export class UnauthorizedError extends UserError {
  override readonly name = "UnauthorizedError";
}

/** 402: the account's balance does not cover the credits. */
export class InsufficientBalanceError extends UserError {
  override readonly name = "InsufficientBalanceError";
}

/** Whose refusal a 403 is. `edge`: the network edge in front of the API, not the API. */
export type ForbiddenReason =
  | "otherAccount"
  | "keyCap"
  | "permission"
  | "addressLimit"
  | "paused"
  | "edge"
  | "unstated";

/** 403: refused. Always hard: never retried, the resource stays in the state. */
export class ForbiddenError extends UserError {
  override readonly name = "ForbiddenError";
  readonly reason: ForbiddenReason;
  constructor(details: UserErrorDetails & { reason: ForbiddenReason }) {
    super(details);
    this.reason = details.reason;
  }
}

/** 404. `saidByApi`: the API itself says that it knows no such key; otherwise the word of an edge or a wrong route. */
export class NotFoundError extends UserError {
  override readonly name = "NotFoundError";
  readonly saidByApi: boolean;
  constructor(details: UserErrorDetails & { saidByApi: boolean }) {
    super(details);
    this.saidByApi = details.saidByApi;
  }
}

/** 429: refused for the rate, until the cooldown has passed. Nothing took effect. */
export class RateLimitedError extends UserError {
  override readonly name = "RateLimitedError";
  /** Milliseconds from the answer until the next request may go out. */
  readonly retryAfterMs: number;
  constructor(details: UserErrorDetails & { retryAfterMs: number }) {
    super({ retryable: true, ...details });
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** 5xx: the server failed, before or after the request took effect. */
export class ServerError extends UserError {
  override readonly name = "ServerError";
  /** Milliseconds for which the server asks to wait. 0: it does not say. */
  readonly retryAfterMs: number;
  constructor(details: UserErrorDetails & { retryAfterMs?: number | undefined }) {
    super(details);
    this.retryAfterMs = details.retryAfterMs ?? 0;
  }
  override get outcomeUnknown(): boolean {
    return true;
  }
}

/** An answer that is none of the API's: a redirect, HTML where JSON should be, JSON of another shape. */
export class UnexpectedResponseError extends UserError {
  override readonly name = "UnexpectedAnswerError";
  override get outcomeUnknown(): boolean {
    return this.status === undefined || this.status < 300;
  }
}

/** A list that may be a part of the whole: it proves the absence of no key. */
export class IncompleteListError extends UserError {
  override readonly name = "IncompleteListError";
  /** What it shows is there nonetheless. */
  readonly shown: readonly KeyObject[];
  constructor(details: UserErrorDetails & { shown: readonly KeyObject[] }) {
    super(details);
    this.shown = details.shown;
  }
}

/** No complete answer: refused, reset, timed out, not resolved. */
export class ConnectionError extends UserError {
  override readonly name = "ConnectionError";
  /** Whether the request may have reached the server. */
  readonly maybeSent: boolean;
  constructor(details: UserErrorDetails & { maybeSent: boolean }) {
    super(details);
    this.maybeSent = details.maybeSent;
  }
  override get outcomeUnknown(): boolean {
    return this.maybeSent;
  }
}

/** Waiting any longer would exceed `maxWait`. */
export class MaxWaitError extends UserError {
  override readonly name = "MaxWaitError";
}
