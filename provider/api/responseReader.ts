import type { z } from "zod";
import { describeBody, errorMessage, readBody } from "./responseBody";
import { errorFor, type Endpoint } from "./responseError";
import { UnexpectedResponseError, type ApiError } from "./errors";
import { quotable } from "../util/redact";
import type { HttpResponse } from "./transport";
import { createdKeySchema, normalName, type CreatedKey } from "./wire";

/** Reads the body of a success. Undefined: it is not in the API's form. @throws a more precise error. */
export type Reader<T> = (value: unknown, response: HttpResponse, secrets: readonly string[]) => T | undefined;

/** @param anySuccess accepts any 2xx status, such as 202 or 206. */
export function by<Schema extends z.ZodType>(
  schema: Schema,
  { anySuccess = false } = {},
): Reader<z.output<Schema>> {
  return (value, { status }) =>
    anySuccess || status === 200 || status === 201 ? schema.safeParse(value).data : undefined;
}

/** Reads a created key. The response to another request, sent again by a proxy, holds that request's key and its name. */
export function createdAs(name: string): Reader<CreatedKey> {
  const read = by(createdKeySchema, { anySuccess: true });
  return (value, response, secrets) => {
    const created = read(value, response, secrets);
    if (created === undefined || normalName(created.name) === normalName(name)) return created;
    const found = quotable(JSON.stringify(created.name), secrets);
    throw unexpected(response.status, `a key named ${found} instead of ${JSON.stringify(name)}`);
  };
}

/** Accepts only a 200 in the API's words: the server may not have carried out any other success yet. */
export function confirmed<T>(says: (value: unknown) => value is T): Reader<T> {
  return (value, { status }) => (status === 200 && says(value) ? value : undefined);
}

/** Reads a response. @throws the error for it, unless it is a success in the API's form. */
export function parse<T>(
  endpoint: Endpoint,
  read: Reader<T>,
  response: HttpResponse,
  secrets: readonly string[],
  nowMs: number,
): T {
  const { status } = response;
  if (status < 200 || status >= 300) throw errorFor(endpoint, response, { secrets, nowMs });
  const body = readBody(response.body);
  const found = body.kind === "json" ? read(body.value, response, secrets) : undefined;
  if (found !== undefined) return found;
  const message = errorMessage(body);
  const words = message === undefined ? "" : ` ("${quotable(message, secrets)}")`;
  throw unexpected(status, body.kind === "json" ? `JSON of another shape${words}` : describeBody(body));
}

export function unexpected(status: number, found: string): ApiError {
  return new UnexpectedResponseError({
    status,
    why: `The response reports success (HTTP ${status}) but holds ${found}, which is not the API's.`,
    nextStep: "Check electronhub:baseUrl, and any proxy between here and the API.",
  });
}
