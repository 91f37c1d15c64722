import { formatDuration } from "../../util/duration";
import { instantOf } from "../../lifecycle/schema/instants";
import { failure, ok, warning, type Check } from "./check";
import { problemWith, valueOf, type Credentials } from "./credentials";
import type { Findings, Observed } from "./probe";

/** The account's limit: what the answers say of it, and what is configured. */
export function rateCheck(credentials: Credentials, findings: Findings | undefined, nowMs: number): Check {
  const name = "Rate limit";
  const problem = problemWith("rateLimit", credentials);
  if (problem !== undefined) return failure(name, problem.why, problem.nextStep);
  if (findings === undefined) return warning(name, "not asked", "Mend the API key and the base URL first.");
  const { answers, cooldownUntilMs } = findings;
  if (nowMs < cooldownUntilMs) {
    return warning(
      name,
      `The account's cooldown after a refusal ends at ${timeOf(cooldownUntilMs)}, in ${formatDuration(cooldownUntilMs - nowMs)}; until then nothing is sent`,
      "Wait for it to end; other programs that use the account share its limit.",
    );
  }
  const configured = valueOf("rateLimit", credentials);
  const kept =
    configured === undefined
      ? ""
      : `; electronhub:rateLimit keeps it to ${configured.limit} per ${formatDuration(configured.windowMs)}`;
  const told = answers.map(rateWords).findLast((words) => words !== undefined);
  if (told !== undefined) return ok(name, `${told}${kept}`);
  if (answers.length === 0) return warning(name, "not known", "See Base URL.");
  if (kept !== "") return ok(name, `The answers name none${kept}`);
  return warning(
    name,
    "The answers name none, so that it is learnt from refusals only",
    "Check that no proxy takes the X-RateLimit headers away, or set electronhub:rateLimit to the plan's limit, for example 10/60s.",
  );
}

/** `X-RateLimit-Limit`, `-Remaining` and `-Reset`, the latter in Unix seconds (https://docs.electronhub.ai). */
function rateWords({ headers }: Observed): string | undefined {
  const [limit, remaining, resetUnixS] = ["limit", "remaining", "reset"].map((part) =>
    wholeNumber(headers[`x-ratelimit-${part}`]),
  );
  if (limit === undefined) return undefined;
  const left = remaining === undefined ? "" : `, ${remaining} left`;
  const reset = resetUnixS === undefined ? "" : `; the next place is free at ${timeOf(resetUnixS * 1_000)}`;
  return `${limit} requests per minute${left}${reset}`;
}

function wholeNumber(header: string | string[] | undefined): number | undefined {
  const text = String(header).trim();
  return /^\d{1,10}$/.test(text) ? Number(text) : undefined;
}

function timeOf(ms: number): string {
  return `${instantOf(ms / 1_000)?.slice(11, 19) ?? "?"} UTC`;
}

/** Milliseconds: less than this makes no difference to any expiry that people set. */
const WARN_MS = 30_000;
const FAIL_MS = 300_000;

/** This machine's clock beside the API's. */
export function clockCheck(findings: Findings | undefined): Check {
  const name = "Clock";
  if (findings === undefined)
    return warning(name, "not compared", "Mend the API key and the base URL first.");
  const aheadMs = serverAheadMs(findings);
  if (aheadMs === undefined) {
    return findings.answers.length === 0
      ? warning(name, "not compared", "See Base URL.")
      : warning(name, "The answers do not tell the time", "Check that no proxy takes the Date header away.");
  }
  const offMs = Math.abs(aheadMs);
  if (offMs <= WARN_MS) return ok(name, "agrees with the API's");
  const what = `${formatDuration(offMs)} ${aheadMs > 0 ? "behind" : "ahead of"} the API's`;
  const nextStep =
    "Set this machine's clock by NTP (on Linux `timedatectl set-ntp true`): when a key expires is counted from it.";
  return offMs > FAIL_MS ? failure(name, what, nextStep) : warning(name, what, nextStep);
}

/**
 * Milliseconds that the API's clock is ahead of ours at least: an answer's `Date` has whole seconds, and was written at
 * some instant between sending and receiving. Undefined: no answer tells.
 */
export function serverAheadMs({ answers }: Pick<Findings, "answers">): number | undefined {
  const told = answers.flatMap(({ headers, sentMs, receivedMs }) => {
    const dateMs = Date.parse(String(headers["date"]));
    return Number.isNaN(dateMs) ? [] : [{ leastMs: dateMs - receivedMs, mostMs: dateMs + 1_000 - sentMs }];
  });
  // The one that took the shortest knows best.
  const [best] = told.toSorted((a, b) => a.mostMs - a.leastMs - (b.mostMs - b.leastMs));
  return best === undefined ? undefined : Math.max(best.leastMs, Math.min(best.mostMs, 0));
}
