import { describe, expect, it } from "vitest";
import { classify, cooldownMs } from "../../../provider/api/classify";
import { NOW_MS } from "../fixtures";

const DAY_MS = 86_400_000;

function delay(header?: string | string[], message?: string): number | undefined {
  const headers = header === undefined ? {} : { "retry-after": header };
  return cooldownMs({ status: 429, headers, body: "" }, message, NOW_MS);
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
  ])("the message says it: %s", (message, ms) => {
    expect(delay(undefined, message)).toBe(ms);
    expect(delay("soon", message)).toBe(ms);
    expect(delay("3", message)).toBe(3_000);
  });

  it.each([undefined, "Rate limit exceeded.", "Limit: 5"])("nothing says it: %j", (message) => {
    expect(delay(undefined, message)).toBe(180_000);
  });

  it("is the documented cooldown when nothing says it", () => {
    const answer = { status: 429, headers: {}, body: "<html>slow down</html>" };
    expect(classify("list", answer, { secrets: [], nowMs: NOW_MS })).toMatchObject({
      name: "RateLimitedError",
      retryAfterMs: 180_000,
    });
  });

  it("is at least a second, whatever the refusal invites to", () => {
    expect(delay(inSeconds(-500))).toBe(1_000);
    expect(delay("0")).toBe(1_000);
  });

  it("is no time in the past for a header that is no HTTP date", () => {
    expect(delay("-5", "Try again in 180 seconds.")).toBe(180_000);
  });
});
