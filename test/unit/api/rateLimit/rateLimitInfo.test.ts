import { describe, expect, it } from "vitest";
import { rateLimitInfo } from "../../../../provider/api/rateLimit/rateLimitInfo";
import type { HttpResponse } from "../../../../provider/api/transport";
import { edgePage } from "../../../../provider/testing";
import { NOW_MS } from "../../fixture";

const report = (answer: Partial<HttpResponse>) =>
  rateLimitInfo({ status: 200, headers: {}, body: "{}", ...answer }, NOW_MS);

const edgeBody = (status: number) => edgePage(status).body as string;

const figures = (limit: string | string[] | undefined, remaining: string | string[] | undefined) =>
  report({ headers: { "x-ratelimit-limit": limit, "x-ratelimit-remaining": remaining } });

describe("what an answer tells of the limit", () => {
  it.each([
    ["text", "60", "59", { limit: 60, remaining: 59 }],
    ["several lines, of which the first counts", ["60", "5"], ["0", "4"], { limit: 60, remaining: 0 }],
    ["blanks", " 60 ", "\t7", { limit: 60, remaining: 7 }],
    ["zeros in front", "0060", "007", { limit: 60, remaining: 7 }],
    ["no limit", undefined, "7", { limit: undefined, remaining: 7 }],
    ["no remainder", "60", undefined, { limit: 60, remaining: undefined }],
    ["a limit of nothing, which cannot be", "0", "0", { limit: undefined, remaining: 0 }],
    ["an empty list", [], [], { limit: undefined, remaining: undefined }],
  ])("with %s", (_, limit, remaining, told) => {
    expect(figures(limit, remaining)).toEqual(told);
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
  ])("with rubbish (%j) tells nothing, and no number", (rubbish) => {
    expect(figures(rubbish, rubbish)).toEqual({ limit: undefined, remaining: undefined });
  });

  it("without headers is that there is none, when the API itself speaks", () => {
    expect(report({})).toEqual({ limit: undefined, remaining: undefined });
    expect(report({ status: 404, body: '{"detail":"Proxy key not found"}' })).toEqual({});
  });

  it.each([
    ["an edge's page", edgeBody(503)],
    ["an empty body", ""],
    ["plain text", "upstream connect error"],
  ])("is nothing at all from %s", (_, body) => {
    expect(report({ status: 503, body })).toBeUndefined();
  });

  it("counts from an empty body as well, when the API's headers come with it", () => {
    const headers = { "x-ratelimit-limit": "10", "x-ratelimit-remaining": "3" };
    expect(report({ status: 204, headers, body: "" })).toEqual({ limit: 10, remaining: 3 });
  });
});

describe("a refusal for the rate", () => {
  const refused = (headers: HttpResponse["headers"], body: string) => report({ status: 429, headers, body });

  it("tells how long to wait: by its header, by its words, or as documented", () => {
    const body = '{"error":{"message":"Rate limit exceeded. Try again in 42 seconds."}}';
    expect(refused({ "retry-after": "7" }, body)).toMatchObject({ cooldownMs: 7_000 });
    expect(refused({ "retry-after": ["9", "7"] }, body)).toMatchObject({ cooldownMs: 9_000 });
    expect(refused({ "retry-after": new Date(NOW_MS + 30_000).toUTCString() }, body)).toMatchObject({
      cooldownMs: 30_000,
    });
    expect(refused({}, body)).toMatchObject({ cooldownMs: 42_000 });
    expect(refused({ "retry-after": "soon" }, "{}")).toMatchObject({ cooldownMs: 180_000 });
  });

  it("tells the limit too, and nothing of the remainder, which the cooldown makes void", () => {
    const headers = { "x-ratelimit-limit": "5", "x-ratelimit-remaining": "0", "retry-after": "1" };
    expect(refused(headers, "{}")).toEqual({ limit: 5, cooldownMs: 1_000 });
  });

  it("is one from whomever it comes", () => {
    expect(refused({}, edgeBody(429))).toEqual({ limit: undefined, cooldownMs: 180_000 });
    expect(refused({ "retry-after": "20" }, "")).toEqual({ limit: undefined, cooldownMs: 20_000 });
  });
});
