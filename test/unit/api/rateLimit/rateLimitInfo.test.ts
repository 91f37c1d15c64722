import { describe, expect, it } from "vitest";
import { rateLimitInfo } from "../../../../provider/api/rateLimit/rateLimitInfo";
import type { HttpResponse } from "../../../../provider/api/transport";
import { edgePage } from "../../../../provider/testing";
import { NOW_MS } from "../../fixture";

const infoOf = (response: Partial<HttpResponse>) =>
  rateLimitInfo({ status: 200, headers: {}, body: "{}", ...response }, NOW_MS);

const edgeBody = (status: number) => edgePage(status).body as string;

const figures = (limit: string | string[] | undefined, remaining: string | string[] | undefined) =>
  infoOf({ headers: { "x-ratelimit-limit": limit, "x-ratelimit-remaining": remaining } });

describe("the rate limit of a response", () => {
  it.each([
    ["text", "60", "59", { limit: 60, remaining: 59 }],
    ["several lines, of which the first counts", ["60", "5"], ["0", "4"], { limit: 60, remaining: 0 }],
    ["blanks", " 60 ", "\t7", { limit: 60, remaining: 7 }],
    ["zeros in front", "0060", "007", { limit: 60, remaining: 7 }],
    ["no limit", undefined, "7", { limit: undefined, remaining: 7 }],
    ["no remainder", "60", undefined, { limit: 60, remaining: undefined }],
    ["a limit of 0, which is invalid", "0", "0", { limit: undefined, remaining: 0 }],
    ["an empty list", [], [], { limit: undefined, remaining: undefined }],
  ])("with %s", (_, limit, remaining, info) => {
    expect(figures(limit, remaining)).toEqual(info);
  });

  it.each([
    "",
    "-5",
    "+5",
    "5.5",
    "1e3",
    "0x10",
    "NaN",
    "Infinity",
    "5, 5",
    "five",
    "9999999999",
    "٥",
    "5;w=60",
  ])("with invalid headers (%j) is unknown", (text) => {
    expect(figures(text, text)).toEqual({ limit: undefined, remaining: undefined });
  });

  it("of the API without headers is empty", () => {
    expect(infoOf({})).toEqual({ limit: undefined, remaining: undefined });
    expect(infoOf({ status: 404, body: '{"detail":"Proxy key not found"}' })).toEqual({});
  });

  it.each([
    ["a proxy's page", edgeBody(503)],
    ["an empty body", ""],
    ["plain text", "upstream connect error"],
  ])("is undefined for %s", (_, body) => {
    expect(infoOf({ status: 503, body })).toBeUndefined();
  });

  it("is read from the API's headers also with an empty body", () => {
    const headers = { "x-ratelimit-limit": "10", "x-ratelimit-remaining": "3" };
    expect(infoOf({ status: 204, headers, body: "" })).toEqual({ limit: 10, remaining: 3 });
  });
});

describe("a 429", () => {
  const limited = (headers: HttpResponse["headers"], body: string) => infoOf({ status: 429, headers, body });

  it("has a cooldown: by its header, by its message, or as documented", () => {
    const body = '{"error":{"message":"Rate limit exceeded. Try again in 42 seconds."}}';
    expect(limited({ "retry-after": "7" }, body)).toMatchObject({ cooldownMs: 7_000 });
    expect(limited({ "retry-after": ["9", "7"] }, body)).toMatchObject({ cooldownMs: 9_000 });
    expect(limited({ "retry-after": new Date(NOW_MS + 30_000).toUTCString() }, body)).toMatchObject({
      cooldownMs: 30_000,
    });
    expect(limited({}, body)).toMatchObject({ cooldownMs: 42_000 });
    expect(limited({ "retry-after": "soon" }, "{}")).toMatchObject({ cooldownMs: 180_000 });
  });

  it("has the limit too, but not the remaining requests, which the cooldown makes void", () => {
    const headers = { "x-ratelimit-limit": "5", "x-ratelimit-remaining": "0", "retry-after": "1" };
    expect(limited(headers, "{}")).toEqual({ limit: 5, cooldownMs: 1_000 });
  });

  it("is one also from a proxy", () => {
    expect(limited({}, edgeBody(429))).toEqual({ limit: undefined, cooldownMs: 180_000 });
    expect(limited({ "retry-after": "20" }, "")).toEqual({ limit: undefined, cooldownMs: 20_000 });
  });
});
