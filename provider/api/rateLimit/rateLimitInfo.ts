import { errorMessage, readBody } from "../responseBody";
import { cooldownMs } from "../responseError";
import type { RateLimitInfo } from "./rateWindow";
import type { HttpResponse } from "../transport";

/**
 * What an answer tells of the account's limit (`X-RateLimit-Limit`, `X-RateLimit-Remaining`; a 429 from whomever).
 *
 * @returns undefined when it tells nothing, as an edge's page does.
 */
export function rateLimitInfo(answer: HttpResponse, nowMs: number): RateLimitInfo | undefined {
  const limit = count(answer, "x-ratelimit-limit", 1);
  const remaining = count(answer, "x-ratelimit-remaining", 0);
  const body = readBody(answer.body);
  if (answer.status === 429) {
    return { limit, cooldownMs: cooldownMs(answer, errorMessage(body), nowMs) };
  }
  return limit === undefined && body.kind !== "json" ? undefined : { limit, remaining };
}

function count({ headers }: HttpResponse, name: string, least: number): number | undefined {
  const value = headers[name];
  const text = (Array.isArray(value) ? value[0] : value)?.trim() ?? "";
  const number = /^\d{1,9}$/.test(text) ? Number(text) : undefined;
  return number === undefined || number < least ? undefined : number;
}
