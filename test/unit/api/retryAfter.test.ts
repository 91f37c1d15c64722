import { describe, expect, it } from "vitest";
import { errorFor, cooldownMs } from "../../../provider/api/responseError";
import { NOW_MS } from "../fixture";

const DAY_MS = 86_400_000;

function delay(header?: string | string[], message?: string): number | undefined {
  const headers = header === undefined ? {} : { "retry-after": header };
  return cooldownMs({ status: 429, headers, body: '{"error":"slow down"}' }, message, NOW_MS);
}

const inSeconds = (seconds: number) => new Date(NOW_MS + seconds * 1_000).toUTCString();

describe("how long a 429 asks to wait", () => {
  it.each([
    ["seconds", "42", 42_000],
    ["fractions of a second", "1.5", 1_500],
    ["a date", inSeconds(90), 90_000],
    ["the first of several", ["7", "9"], 7_000],
    ["blanks around it", " 8 ", 8_000],
    ["far too many seconds, bounded", "99999999999", DAY_MS],
    ["a date far away, bounded", inSeconds(10 * 86_400), DAY_MS],
  ])("the header has %s", (_, header, ms) => {
    expect(delay(header)).toBe(ms);
  });

  it.each([
    ["Rate limit exceeded. Try again in 180 seconds.", 180_000],
    ["retry in 5s", 5_000],
    ["wait 30 sec", 30_000],
    ["10 requests per 60 seconds. Try again in 180 seconds", 180_000],
    ["Try again in 180 seconds (limit: 10 requests per 60 seconds)", 180_000],
    ["At most 5 successive calls; retry in 90s", 90_000],
    ["Retry after 3 minutes", 180_000],
    ["try again in 2m", 120_000],
    ["Please wait 90s.", 90_000],
    ["Please wait for at least another 90 seconds", 90_000],
    ["Try again in 1 minute and 30 seconds.", 90_000],
    ["Try again in 1m30s", 90_000],
    ["Try again in 1 hour, 5 minutes", 3_900_000],
    ["Try again in 2500 ms", 2_500],
    ["Try again in 2500 milliseconds", 2_500],
    ["Try again in a minute", 60_000],
    ["Try again after 1.5 minutes", 90_000],
    ["Try again in 30 second(s)", 30_000],
    ["Retry-After: 30s", 30_000],
    ["Wait 5 seconds between requests. Try again in 180 seconds", 180_000],
    ["Cooldown period of 240 seconds", 240_000],
    ["Try again in 900 days", DAY_MS],
  ])("the message says it: %s", (message, ms) => {
    expect(delay(undefined, message)).toBe(ms);
    expect(delay("soon", message)).toBe(ms);
    expect(delay("3", message)).toBe(3_000);
  });

  it.each([
    undefined,
    "Rate limit exceeded.",
    "Limit: 5",
    "5 successive calls",
    "10 requests per 60 seconds",
    "Try again after 5 successful calls",
    "Try again in a few seconds",
    "Try again as soon as you can",
    "Retry after 30",
    "retry in 3 months",
    "You waited 5 seconds",
  ])("nothing says it: %j", (message) => {
    expect(delay(undefined, message)).toBe(180_000);
  });

  it("is the documented cooldown when nothing says it", () => {
    const answer = { status: 429, headers: {}, body: "<html>slow down</html>" };
    expect(errorFor("list", answer, { secrets: [], nowMs: NOW_MS })).toMatchObject({
      name: "RateLimitedError",
      retryAfterMs: 180_000,
    });
  });

  it("is at most ten minutes when an edge asks: it does not know the account's limit", () => {
    const answer = (seconds: string) => ({
      status: 429,
      headers: { "retry-after": seconds },
      body: "<html>slow down</html>",
    });
    expect(cooldownMs(answer("86400"), undefined, NOW_MS)).toBe(600_000);
    expect(cooldownMs(answer("90"), undefined, NOW_MS)).toBe(90_000);
  });

  it("is at least a second, even if the 429 names less", () => {
    expect(delay(inSeconds(-500))).toBe(1_000);
    expect(delay("0")).toBe(1_000);
  });

  it("is by the server's clock when the header has a date", () => {
    const headers = { "retry-after": inSeconds(7_290), date: inSeconds(7_200) };
    expect(cooldownMs({ status: 429, headers, body: "" }, undefined, NOW_MS)).toBe(90_000);
  });

  it("is no time in the past for a header that is no HTTP date", () => {
    expect(delay("-5", "Try again in 180 seconds.")).toBe(180_000);
  });
});
