import {
  ConnectionError,
  ForbiddenError,
  MaxWaitError,
  NotFoundError,
  ServerError,
  UnauthorizedError,
  UnexpectedResponseError,
} from "../../api/errors";
import { hasExpired } from "../../api/wire";
import { quotable } from "../../util/redact";
import { counted, credits as inCredits } from "../terminal/table";
import { failure, ok, problemIn, warning, type Check } from "./check";
import {
  describeApiKey,
  isMasterKey,
  problemWith,
  valueOf,
  writtenApiKey,
  type Credentials,
} from "./credentials";
import type { Findings, Outcome } from "./probe";

/**
 * Whose word an answer is. `edge`: of nobody who speaks for the API, or of nobody at all. `waiting`: no request may go
 * out just now.
 */
type Speaker = "api" | "refusesKey" | "edge" | "waiting";

function speakerOf(outcome: Outcome<unknown>): Speaker {
  if (!("error" in outcome)) return "api";
  const error = causeOf(outcome.error);
  if (error instanceof UnauthorizedError) return "refusesKey";
  if (error instanceof MaxWaitError) return "waiting";
  if (error instanceof ForbiddenError) return error.reason === "edge" ? "edge" : "api";
  const unsaid = [ConnectionError, UnexpectedResponseError, ServerError, NotFoundError];
  return unsaid.some((kind) => error instanceof kind) ? "edge" : "api";
}

/** Waiting is given up for a reason, and that is what matters here. */
function causeOf(error: unknown): unknown {
  return error instanceof MaxWaitError && error.cause !== undefined ? error.cause : error;
}

/** The check that tells why an answer is missing. */
const SEE: Record<Speaker, string> = {
  api: "See Account.",
  refusesKey: "See API key.",
  edge: "See Base URL.",
  waiting: "See Rate limit.",
};

function notAsked(name: string): Check {
  return warning(name, "not asked", "Mend the API key and the base URL first.");
}

const RUN_AGAIN = "Run the command again.";

/** The API key: its kind, where it comes from, and whether the API accepts it. */
export function apiKeyCheck(credentials: Credentials, findings: Findings | undefined): Check {
  const name = "API key";
  if (credentials.problem !== undefined) return warning(name, "not known", "See Stack.");
  const apiKey = writtenApiKey(credentials);
  const problem = problemWith("apiKey", credentials);
  if (apiKey === undefined || problem !== undefined) {
    const { why, nextStep } = problem ?? { why: "There is none.", nextStep: RUN_AGAIN };
    const what = apiKey === undefined ? why : `${describeApiKey(credentials, apiKey)}: ${why}`;
    return failure(name, what, nextStep);
  }
  const described = describeApiKey(credentials, apiKey);
  if (findings === undefined) return warning(name, `${described}; not tried`, "Mend the base URL first.");
  const { account } = findings;
  const speaker = speakerOf(account);
  if ("error" in account && speaker === "refusesKey") {
    const { why, nextStep } = problemIn(causeOf(account.error), RUN_AGAIN);
    return failure(name, `${described}: ${why}`, nextStep);
  }
  const verdict =
    "value" in account ? "accepted" : speaker === "api" ? "refused" : "not known whether accepted";
  const what = `${described}; ${verdict}`;
  if (credentials.isInClear) {
    return warning(
      name,
      `${what}. It stands unencrypted in the stack's configuration file`,
      "Encrypt it with `pulumi config set electronhub:apiKey --secret`, and replace the key if that file was shared.",
    );
  }
  if (!("value" in account)) return warning(name, what, SEE[speaker]);
  if (isMasterKey(apiKey)) return ok(name, what);
  return warning(name, what, "An account's master key starts with ek-: check that this is the one.");
}

/** The base URL, and whether what answers there is the API. */
export function baseUrlCheck(credentials: Credentials, findings: Findings | undefined): Check {
  const name = "Base URL";
  if (credentials.problem !== undefined) return warning(name, "not known", "See Stack.");
  const problem = problemWith("baseUrl", credentials);
  if (problem !== undefined) return failure(name, problem.why, problem.nextStep);
  const baseUrl = valueOf("baseUrl", credentials);
  if (findings === undefined) return warning(name, `${baseUrl}, not asked`, "Mend the API key first.");
  const { account, answers } = findings;
  const speaker = speakerOf(account);
  if (speaker === "waiting" && answers.length === 0)
    return warning(name, `${baseUrl}, not asked`, SEE.waiting);
  if (!("error" in account) || speaker !== "edge") return ok(name, `${baseUrl}, which answers`);
  const { why, nextStep } = problemIn(causeOf(account.error), RUN_AGAIN);
  return failure(name, `${baseUrl}: ${why}`, nextStep);
}

/** What the account has left. */
export function accountCheck(findings: Findings | undefined): Check {
  const name = "Account";
  if (findings === undefined) return notAsked(name);
  const { account } = findings;
  if ("error" in account) return unanswered(name, account);
  const { credits, subscription } = account.value;
  const plan = typeof subscription === "string" ? `, subscription ${quotable(subscription, [], 60)}` : "";
  const what = `${inCredits(credits)} credits left${plan}`;
  if (credits > 0) return ok(name, what);
  return warning(name, what, "Top up the account, or remove keys: their unused credits come back.");
}

/** Whether the API key may manage the account's keys. @param nowMs by the API's clock. */
export function managementCheck(findings: Findings | undefined, nowMs: number): Check {
  const name = "Management";
  if (findings === undefined) return notAsked(name);
  const { account, keys } = findings;
  if (keys === undefined) return warning(name, "not known", SEE[speakerOf(account)]);
  if ("error" in keys) return unanswered(name, keys, speakerOf(account) !== "edge");
  const enabled = keys.value.filter(({ is_active }) => is_active === true).length;
  const expired = keys.value.filter((key) => hasExpired(key, nowMs) === true).length;
  return ok(name, `${counted(keys.value.length, "proxy key")}, ${enabled} enabled, ${expired} expired`);
}

/** @param isNews whether a failure of what answers is not told elsewhere. */
function unanswered(name: string, { error }: { error: unknown }, isNews = false): Check {
  const speaker = speakerOf({ error });
  const isTold = speaker === "waiting" || (!isNews && speaker !== "api");
  if (isTold) return warning(name, "not known", SEE[speaker]);
  const { why, nextStep } = problemIn(causeOf(error), RUN_AGAIN);
  return failure(name, why, nextStep);
}
