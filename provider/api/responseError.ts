import { budgetAboveLimit } from "./budgetLimit";
import { describeBody, errorMessage, readBody, type ResponseBody } from "./responseBody";
import {
  ForbiddenError,
  InsufficientBalanceError,
  InvalidRequestError,
  NotFoundError,
  RateLimitedError,
  ServerError,
  UnauthorizedError,
  UnexpectedResponseError,
  type ApiError,
  type ForbiddenReason,
} from "./errors";
import { quotable } from "../util/redact";
import { retryTextMs } from "./retryText";
import { saysAlreadyGone } from "./statements";
import type { HttpResponse } from "./transport";

export type Endpoint = "create" | "list" | "lookup" | "update" | "toggle" | "remove" | "validate" | "me";

/** The endpoints that concern one key. */
const OF_ONE_KEY: ReadonlySet<Endpoint> = new Set(["lookup", "update", "toggle", "remove"]);

/** The documented cooldown (https://docs.electronhub.ai), for a 429 without a time. */
const DEFAULT_COOLDOWN_MS = 180_000;

/** A 429 that asks for less is not trusted. */
const MIN_RETRY_AFTER_MS = 1_000;

/** Far above every documented cooldown. */
const MAX_RETRY_AFTER_MS = 24 * 3_600_000;

/** Upper bound for a 429 from an edge or a proxy, which does not know the account's limit. */
const MAX_FOREIGN_COOLDOWN_MS = 600_000;

/** The error for a response that is not a success. */
export function errorFor(
  endpoint: Endpoint,
  response: HttpResponse,
  { secrets, nowMs }: { secrets: readonly string[]; nowMs: number },
): ApiError {
  const { status } = response;
  const body = readBody(response.body);
  const raw = errorMessage(body);
  const words = raw === undefined ? describeBody(body) : `"${quotable(raw, secrets)}"`;
  const said = (meaning: string) => `${meaning} (HTTP ${status}: ${words}).`;

  const about = { status, isForeign: body.kind !== "json" };

  switch (status) {
    case 400:
    case 422: {
      const tooMuch = budgetAboveLimit(endpoint, raw ?? "");
      if (tooMuch) return new InvalidRequestError({ ...about, ...tooMuch, why: said(tooMuch.why) });
      return new InvalidRequestError({
        ...about,
        why: said("The API calls the request invalid"),
        nextStep: "Correct the input that the message names, then run the command again.",
      });
    }
    case 401:
      return new UnauthorizedError({
        ...about,
        why: said("The API does not accept this API key"),
        nextStep:
          "Check electronhub:apiKey (or ELECTRONHUB_API_KEY): it must be the account's current master API key (ek-…).",
      });
    case 402:
      return new InsufficientBalanceError({
        ...about,
        why: said("The account's balance does not cover the budget"),
        nextStep: "Top up the account or lower `budget`; destroying other keys returns their unused credits.",
      });
    case 403:
      return forbidden(forbiddenReason(endpoint, body, raw), said, endpoint);
    case 404: {
      const saidByApi = body.kind === "json" && saysAlreadyGone(body.value);
      return new NotFoundError({
        ...about,
        isForeign: !saidByApi,
        saidByApi,
        why: said(
          saidByApi
            ? "The account has no such key"
            : "The server responded, but not like the Electron Hub API",
        ),
        nextStep: saidByApi
          ? "Run `pulumi refresh` to bring the state up to date."
          : "Check that electronhub:baseUrl has its path, such as /v1, and check any proxy between here and the API.",
      });
    }
    case 408:
    case 425:
      return new ServerError({
        ...about,
        retryable: true,
        why: said("The request timed out"),
        nextStep: TRY_AGAIN,
      });
    case 429:
      return new RateLimitedError({
        ...about,
        retryAfterMs: cooldownMs(response, raw, nowMs),
        why: said("The account's rate limit is exceeded"),
        nextStep: "Wait for the cooldown to end; other programs that use the account share its limit.",
      });
    default: {
      if (status >= 500) {
        return new ServerError({
          ...about,
          retryable: true,
          retryAfterMs: retryAfterMs(response, undefined, nowMs),
          why: said("The API failed"),
          nextStep: TRY_AGAIN,
        });
      }
      const isRedirect = status >= 300 && status < 400;
      return new UnexpectedResponseError({
        ...about,
        isForeign: about.isForeign || isRedirect,
        why: isRedirect
          ? `The address redirects elsewhere (HTTP ${status}). Redirects are not followed: they would send the API key there.`
          : said("The API documents no such response"),
        nextStep: "Check electronhub:baseUrl, and any proxy between here and the API.",
      });
    }
  }
}

const TRY_AGAIN = "Run the command again later; it continues where it stopped.";

function forbiddenReason(
  endpoint: Endpoint,
  body: ResponseBody,
  message: string | undefined,
): ForbiddenReason {
  if (body.kind !== "json") return "edge";
  const words = message ?? "";
  if (/\bIP\b|\bip address/i.test(words)) return "addressLimit";
  if (/paused|suspended/i.test(words)) return "paused";
  if (/\bown(?:s|er|ed|ership)?\b|belong|another (?:user|account)|not yours/i.test(words))
    return "otherAccount";
  if (/\b(?:limit|maximum|max|too many|cap|quota)\b/i.test(words))
    return endpoint === "create" ? "keyCap" : "unstated";
  if (/permission|scope|not allowed|access denied|insufficient/i.test(words)) {
    const ofThisKey = OF_ONE_KEY.has(endpoint) && /\b(?:this|that|the) (?:proxy )?key\b/i.test(words);
    return ofThisKey ? "otherAccount" : "permission";
  }
  return "unstated";
}

function forbidden(
  reason: ForbiddenReason,
  said: (meaning: string) => string,
  endpoint: Endpoint,
): ForbiddenError {
  const { meaning, nextStep } = FORBIDDEN[reason];
  const suffix = reason === "unstated" && OF_ONE_KEY.has(endpoint) ? MAYBE_OTHER_ACCOUNT : "";
  return new ForbiddenError({
    status: 403,
    isForeign: reason === "edge",
    reason,
    why: said(meaning),
    nextStep: nextStep + suffix,
  });
}

const MAYBE_OTHER_ACCOUNT =
  " The usual reason is a key of another account: use the API key of the account that created it.";

const FORBIDDEN: Record<ForbiddenReason, { meaning: string; nextStep: string }> = {
  otherAccount: {
    meaning: "The key is owned by another account than this API key's",
    nextStep:
      "Use the API key of the account that owns it (electronhub:apiKey, or an explicit provider). " +
      "To drop the key from this stack without removing it, run `pulumi state delete`.",
  },
  keyCap: {
    meaning: "The account's plan allows no more proxy keys",
    nextStep: "Remove keys that are no longer used, or move to a larger plan.",
  },
  permission: {
    meaning: "This API key lacks the permission to do this",
    nextStep: "Use an API key that may manage proxy keys (the account's master key).",
  },
  addressLimit: {
    meaning: "The API refuses this machine's IP address",
    nextStep: "Run from another address, or ask the vendor to lift the limit on API keys for this one.",
  },
  paused: {
    meaning: "The account's plan is paused",
    nextStep: "Resume the plan, then run the command again.",
  },
  edge: {
    meaning: "The network edge in front of the API blocks the request, not the API itself",
    nextStep:
      "Check electronhub:baseUrl and whether this machine's address or the User-Agent (electronhub:userAgent) is blocked.",
  },
  unstated: {
    meaning: "The API refuses the request without a reason",
    nextStep: "Check that the account's plan is active and that this API key may manage proxy keys.",
  },
};

/**
 * How long to wait after a 429: `Retry-After` in seconds or as a date, else the time in the message, else the documented
 * cooldown.
 */
export function cooldownMs(response: HttpResponse, message: string | undefined, nowMs: number): number {
  const delayMs = retryAfterMs(response, message, nowMs) ?? DEFAULT_COOLDOWN_MS;
  return readBody(response.body).kind === "json" ? delayMs : Math.min(delayMs, MAX_FOREIGN_COOLDOWN_MS);
}

function retryAfterMs(
  response: HttpResponse,
  message: string | undefined,
  nowMs: number,
): number | undefined {
  const header = response.headers["retry-after"];
  const text = (Array.isArray(header) ? header[0] : header)?.trim();
  // A date in the header is by the server's clock.
  const serverMs = Date.parse(String(response.headers["date"]));
  const delayMs =
    (text === undefined ? undefined : headerDelayMs(text, Number.isNaN(serverMs) ? nowMs : serverMs)) ??
    retryTextMs(message ?? "");
  return delayMs === undefined ? undefined : bounded(delayMs);
}

function headerDelayMs(text: string, nowMs: number): number | undefined {
  if (/^\d+(?:\.\d+)?$/.test(text)) return Number(text) * 1_000;
  const dateMs = text.endsWith(" GMT") ? Date.parse(text) : Number.NaN;
  return Number.isNaN(dateMs) ? undefined : dateMs - nowMs;
}

function bounded(delayMs: number): number {
  return Math.min(Math.max(MIN_RETRY_AFTER_MS, delayMs), MAX_RETRY_AFTER_MS);
}
