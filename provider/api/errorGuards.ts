import { isUserError } from "../util/userError";
import type {
  ApiError,
  ForbiddenError,
  ForbiddenReason,
  IncompleteListError,
  InvalidRequestError,
  MaxWaitError,
  NotFoundError,
  RateLimitedError,
  ServerError,
  UnauthorizedError,
  UnexpectedResponseError,
} from "./errors";

/** Type guards for the errors of the API. They also recognise errors from another copy of the package. */

export function isApiError(error: unknown): error is ApiError {
  return isUserError(error) && "outcomeUnknown" in error;
}

/** The same request can succeed when it is sent again. */
export function isRetryable(error: unknown): error is ApiError {
  return isApiError(error) && error.retryable;
}

/** The request may have taken effect although it failed. */
export function isUnclear(error: unknown): error is ApiError {
  return isApiError(error) && error.outcomeUnknown;
}

/** An edge or a proxy may have sent the response. */
export function isForeign(error: unknown): error is ApiError {
  return isApiError(error) && error.isForeign;
}

/** A 2xx response that does not confirm the change in the API's words. */
export function isUnclearSuccess(error: unknown): error is UnexpectedResponseError {
  return isNamed<UnexpectedResponseError>(error, "UnexpectedResponseError") && error.outcomeUnknown;
}

/** A 404, from the API or from a proxy. */
export function isNotFound(error: unknown): error is NotFoundError {
  return isNamed<NotFoundError>(error, "NotFoundError");
}

/** A 404 in which the API states that the key does not exist. */
export function isKeyGone(error: unknown): error is NotFoundError {
  return isNotFound(error) && error.saidByApi;
}

/** A 403, for this reason if one is given. */
export function isForbidden(error: unknown, reason?: ForbiddenReason): error is ForbiddenError {
  return (
    isNamed<ForbiddenError>(error, "ForbiddenError") && (reason === undefined || error.reason === reason)
  );
}

export function isInvalidRequest(error: unknown): error is InvalidRequestError {
  return isNamed<InvalidRequestError>(error, "InvalidRequestError");
}

export function isUnauthorized(error: unknown): error is UnauthorizedError {
  return isNamed<UnauthorizedError>(error, "UnauthorizedError");
}

export function isRateLimited(error: unknown): error is RateLimitedError {
  return isNamed<RateLimitedError>(error, "RateLimitedError");
}

export function isServerError(error: unknown): error is ServerError {
  return isNamed<ServerError>(error, "ServerError");
}

export function isIncompleteList(error: unknown): error is IncompleteListError {
  return isNamed<IncompleteListError>(error, "IncompleteListError");
}

export function isMaxWait(error: unknown): error is MaxWaitError {
  return isNamed<MaxWaitError>(error, "MaxWaitError");
}

function isNamed<E extends ApiError>(error: unknown, name: E["name"]): error is E {
  return isApiError(error) && error.name === name;
}
