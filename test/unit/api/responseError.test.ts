import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { errorFor, type Endpoint } from "../../../provider/api/responseError";
import { isUserError } from "../../../provider/util/userError";
import { NOW_MS, SECRET } from "../fixture";

const ENDPOINTS: Endpoint[] = ["create", "list", "lookup", "update", "toggle", "remove"];
const HTML = "<!DOCTYPE html><html><body>Attention Required! proxy key</body></html>";

function classified(status: number, body: unknown, endpoint: Endpoint = "remove") {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return errorFor(endpoint, { status, headers: {}, body: text }, { secrets: [SECRET], nowMs: NOW_MS });
}

describe("each status has one meaning", () => {
  it.each([
    [400, "InvalidRequestError", false, false],
    [401, "UnauthorizedError", false, false],
    [402, "InsufficientBalanceError", false, false],
    [403, "ForbiddenError", false, false],
    [404, "NotFoundError", false, false],
    [408, "ServerError", true, true],
    [422, "InvalidRequestError", false, false],
    [425, "ServerError", true, true],
    [429, "RateLimitedError", true, false],
    [500, "ServerError", true, true],
    [502, "ServerError", true, true],
    [503, "ServerError", true, true],
    [504, "ServerError", true, true],
    [599, "ServerError", true, true],
    [301, "UnexpectedResponseError", false, false],
    [307, "UnexpectedResponseError", false, false],
    [405, "UnexpectedResponseError", false, false],
    [418, "UnexpectedResponseError", false, false],
  ])("%d is a %s", (status, name, retryable, outcomeUnknown) => {
    for (const endpoint of ENDPOINTS) {
      for (const body of [{ error: { message: "no", code: null } }, "", HTML, "no JSON"]) {
        const error = classified(status, body, endpoint);
        expect(error).toMatchObject({ name, status, retryable, outcomeUnknown });
        expect(isUserError(error)).toBe(true);
      }
    }
  });

  it("says for a redirect that it is not followed, and why", () => {
    expect(classified(307, "").why).toMatch(/HTTP 307.*not followed.*send the API key/);
  });
});

describe("a refusal of a budget", () => {
  it.each([
    ["Allocated ammount cannot exceed your daily limit of 100", "daily limit of 100 credits"],
    ["Allocated ammount cannot exceed your limit of 1,000.50.", "limit of 1,000.50 credits"],
    ["ALLOCATED AMMOUNT CANNOT EXCEED YOUR WEEKLY LIMIT OF $25", "weekly limit of 25 credits"],
  ])("%s names the input and the limit", (detail, found) => {
    for (const [status, body] of [
      [400, { detail }],
      [422, { detail: [{ loc: ["body", "allocated_ammount"], msg: detail }] }],
      [400, { error: { message: detail } }],
    ] as const) {
      for (const endpoint of ["create", "update"] as const) {
        const error = classified(status, body, endpoint);
        expect(error.name).toBe("InvalidRequestError");
        expect(error.why).toContain(`\`budget\` is above the account's ${found} for one key (HTTP ${status}`);
        expect(error.nextStep).toMatch(/^Lower `budget` to at most [\d.,]+, or move the account/);
      }
    }
    expect(classified(400, { detail }, "lookup").why).toMatch(/calls the request invalid/);
  });
});

describe("the API's own words are quoted", () => {
  it.each([
    [{ error: { message: "Bad name", type: "error", param: null, code: 400 } }, '"Bad name"'],
    [{ error: { message: "Bad name", code: "400" } }, '"Bad name"'],
    [{ error: { message: "Bad name", code: null } }, '"Bad name"'],
    [{ error: "Bad name" }, '"Bad name"'],
    [{ detail: "Bad name" }, '"Bad name"'],
    [{ detail: { error: { message: "Bad name" } } }, '"Bad name"'],
    [{ message: "Bad name" }, '"Bad name"'],
    [{ detail: [{ loc: ["body", "name"], msg: "Field required" }] }, '"name: Field required"'],
    [
      {
        detail: [
          { loc: ["body", "a"], msg: "1" },
          { loc: ["body", "b", 0], msg: "2" },
        ],
      },
      '"a: 1; b: 2"',
    ],
    [{ detail: [] }, "JSON without a message"],
    [{}, "JSON without a message"],
    ["null", "JSON without a message"],
    ["", "an empty body"],
    [HTML, "an HTML page"],
    ["oops", "text that is not JSON"],
  ])("%j", (body, words) => {
    expect(classified(400, body).why).toBe(`The API calls the request invalid (HTTP 400: ${words}).`);
  });

  it("in one short line, without what a 422 repeats of the request", () => {
    const detail = [{ loc: ["body", "proxy_key"], msg: `bad\n\n${SECRET}`, input: { proxy_key: SECRET } }];
    const { why } = classified(422, { detail });
    expect(why).toMatch(/proxy_key: bad \[redacted\]/);
    expect(why).not.toContain("\n");
    expect(classified(400, { error: { message: "x".repeat(5_000) } }).why.length).toBeLessThan(300);
  });
});

describe("a 404", () => {
  it("in the API's words about the key says that it does not exist", () => {
    const error = classified(404, { error: { message: "Proxy key not found", type: "error", code: 404 } });
    expect(error).toMatchObject({ saidByApi: true, nextStep: expect.stringMatching(/pulumi refresh/) });
  });

  it.each([{ detail: "Not Found" }, "", HTML, "Proxy key not found", { detail: "Key server unreachable" }])(
    "is anybody's word: %j",
    (body) => {
      expect(classified(404, body)).toMatchObject({
        saidByApi: false,
        nextStep: expect.stringMatching(/electronhub:baseUrl/),
      });
    },
  );
});

describe("arbitrary bodies", { timeout: 60_000 }, () => {
  it("never make it throw, and never bring a secret or a line break into the message", () => {
    const withSecret = fc.oneof(
      fc.constant(SECRET),
      fc.string().map((text) => `${text}${SECRET}${text}`),
    );
    const { json } = fc.letrec<{ json: unknown }>((tie) => ({
      json: fc.oneof(
        { maxDepth: 5 },
        withSecret,
        fc.jsonValue(),
        fc.array(tie("json"), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom("error", "detail", "message", "msg", "loc", "code"), tie("json")),
      ),
    }));
    const bodies = fc.oneof(
      json.map((value) => JSON.stringify(value)),
      withSecret,
      fc.string(),
    );
    const statuses = fc.constantFrom(302, 400, 401, 402, 403, 404, 422, 429, 500, 503);
    fc.assert(
      fc.property(statuses, bodies, fc.constantFrom(...ENDPOINTS), (status, body, endpoint) => {
        const error = classified(status, body, endpoint);
        expect(error.message).not.toContain(SECRET.slice(9, 17));
        expect(error.message).not.toContain(SECRET.slice(-8));
        expect(error.message).not.toMatch(/[\r\n]/);
        expect(error.message.length).toBeLessThan(900);
      }),
      { numRuns: 4_000 },
    );
  });
});
