import { errorMessage, readBody } from "../responseBody";
import { cooldownMs } from "../responseError";
import type { RateLimitInfo } from "./windowState";
import type { HttpResponse } from "../transport";

/**
 * What a response shows of the account's limit: `X-RateLimit-Limit`, `X-RateLimit-Remaining`, or a 429, also one of a
 * proxy in front of the API.
 *
 * @returns undefined when it shows nothing, as a proxy's page.
 */
export function rateLimitInfo(response: HttpResponse, nowMs: number): RateLimitInfo | undefined {
  const limit = count(response, "x-ratelimit-limit", 1);
  const remaining = count(response, "x-ratelimit-remaining", 0);
  const body = readBody(response.body);
  if (response.status === 429) {
    return { limit, cooldownMs: cooldownMs(response, errorMessage(body), nowMs) };
  }
  return limit === undefined && body.kind !== "json" ? undefined : { limit, remaining };
}

function count({ headers }: HttpResponse, name: string, min: number): number | undefined {
  const value = headers[name];
  const text = (Array.isArray(value) ? value[0] : value)?.trim() ?? "";
  const number = /^\d{1,9}$/.test(text) ? Number(text) : undefined;
  return number === undefined || number < min ? undefined : number;
}
