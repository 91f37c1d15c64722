import fc from "fast-check";
import { ConnectionError } from "../../provider/api/errors";
import { keyTexts } from "./keyTexts";
import { SENTENCES } from "./sentences";
import type { HttpResponse } from "../../provider/api/transport";

/** The result of one request to a random API: a response or an error. */
export type RandomResponse = HttpResponse | Error;

/** Is in every HTML page, and must be in no message. */
export const HTML_MARK = "zzHTMLMARKzz";

const STATUSES = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(200, 200, 200, 200, 201, 202, 204, 206) },
  { weight: 6, arbitrary: fc.constant(404) },
  { weight: 7, arbitrary: fc.constantFrom(429, 503, 503, 500, 502, 504, 408, 425) },
  { weight: 2, arbitrary: fc.constantFrom(301, 307, 400, 401, 402, 403, 405, 409, 410, 418, 422, 451) },
  { weight: 1, arbitrary: fc.integer({ min: 100, max: 999 }) },
);

/** Valid and invalid values. Values that make the client retry endlessly have their own test. */
const RETRY_AFTER = fc.constantFrom<(string | string[])[]>(
  "1",
  "2.5",
  "42",
  "180",
  " 7 ",
  "99999999999999999999",
  "1e9",
  "abc",
  "",
  "NaN",
  "Infinity",
  "Fri, 01 Jan 2027 00:00:00 GMT",
  "\u0000",
  ["42", "43"],
);

const OTHER_HEADERS = fc.constantFrom<Record<string, string | string[]>[]>(
  {},
  { date: "Thu, 01 Jan 2026 00:00:00 GMT" },
  { date: "yesterday" },
  { "content-type": "text/html" },
  { link: '</auth/proxy?page=2>; rel="next"' },
  {
    "content-length": "-1",
    "x-ratelimit-limit": "0",
    "x-ratelimit-remaining": "-3",
    "x-ratelimit-reset": "soon",
  },
  { "set-cookie": ["a", "b"], "x-ratelimit-limit": "999999999999999999999" },
);

export interface Subject {
  readonly apiKey: string;
  readonly key: string;
}

/** One way to reveal a secret. */
function echoed({ apiKey, key }: Subject): fc.Arbitrary<string> {
  const encodings: ((secret: string) => string)[] = [
    (secret) => secret,
    (secret) => secret.replace(/^ek-(?:proxy-)?/, ""),
    (secret) => secret.toUpperCase(),
    (secret) => Buffer.from(secret).toString("base64"),
    (secret) => Buffer.from(`Bearer ${secret}`).toString("base64"),
    (secret) => Buffer.from(`x:${secret}`).toString("base64"),
    encodeURIComponent,
    (secret) => `Bearer ${secret}`,
    (secret) => JSON.stringify({ proxy_key: secret }),
    (secret) => secret.slice(0, 18),
    (secret) => secret.slice(-11),
    (secret) => `"${secret.slice(4, 14)}" and "${secret.slice(14)}"`,
  ];
  return fc
    .tuple(fc.constantFrom(apiKey, key), fc.constantFrom(...encodings), fc.string({ maxLength: 6 }))
    .map(([secret, encode, around]) => `${around}${encode(secret)}${around}`);
}

function messages(subject: Subject): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 2, arbitrary: SENTENCES },
    fc.constantFrom(
      "Proxy key not found",
      "Proxy key deleted",
      "Key already deleted",
      "Not Found",
      "Invalid API key",
      "API key not found",
      "Proxy key does not belong to you",
      "Rate limit exceeded. Try again in 180 seconds.",
      "",
      " ",
    ),
    echoed(subject),
    echoed(subject).map((text) => `No such proxy key: ${text}`),
    fc.string({ unit: "binary", maxLength: 40 }),
    fc.string({ maxLength: 300 }),
  );
}

/** JSON texts instead of objects, since some JSON texts have no equal object. */
function jsonTexts(subject: Subject): fc.Arbitrary<string> {
  const text = messages(subject);
  const shaped = text.chain((message) =>
    fc.constantFrom<unknown>(
      { message },
      { error: { message, type: "error", param: null, code: 404 } },
      { error: message },
      { detail: message },
      { detail: { error: { message } } },
      { detail: [{ loc: ["body", "proxy_key"], msg: message }] },
      { message, status: true },
      { message, success: false },
      { message, success: true },
      { message, status: "error" },
      { message, error: "time-out" },
      { message, detail: "Not Found" },
      { message, deleted: false },
      { message, key: null },
      { error: { message, type: "upstream_error", param: null, code: 503 } },
      { msg: message, message: null },
      [message],
      message,
      { errors: [{ message }] },
      { error: null, message },
      { message: { message: { message: { message: { message: { message } } } } } },
    ),
  );
  const split = fc.tuple(fc.constantFrom(subject.apiKey, subject.key), text).map(([secret, message]) => ({
    detail: [secret.slice(0, 16), secret.slice(16), message].map((msg) => ({ loc: ["body", msg], msg })),
  }));
  return fc.oneof(
    { weight: 5, arbitrary: shaped.map((value) => JSON.stringify(value)) },
    { weight: 1, arbitrary: split.map((value) => JSON.stringify(value)) },
    { weight: 2, arbitrary: fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.stringify(value)) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        "{}",
        "[]",
        "null",
        "0",
        "1e999",
        '{"message":1e400}',
        '{"__proto__":{"message":"Proxy key not found"}}',
        '{"constructor":{"prototype":{"error":"x"}},"toString":1}',
        '{"message":"a","error":"b","message":"Proxy key deleted"}',
        '{"error":false}',
        '{"detail":null}',
        `${"[".repeat(3_000)}${"]".repeat(3_000)}`,
        `${'{"error":'.repeat(500)}"Proxy key not found"${"}".repeat(500)}`,
        `{"message":"${"key ".repeat(6_000)}"}`,
      ),
    },
  );
}

function bodies(subject: Subject): fc.Arbitrary<string> {
  const json = jsonTexts(subject);
  return fc.oneof(
    { weight: 4, arbitrary: json },
    { weight: 4, arbitrary: keyTexts(subject) },
    { weight: 1, arbitrary: fc.tuple(json, fc.nat(30)).map(([text, cut]) => text.slice(0, -cut - 1)) },
    { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 60 }) },
    {
      weight: 1,
      arbitrary: echoed(subject).map(
        (text) => `<!DOCTYPE html><p title="${HTML_MARK}">Proxy key not found ${text}`,
      ),
    },
    { weight: 1, arbitrary: fc.constantFrom("", " \r\n ", "\uFEFF{}", "OK") },
    { weight: 1, arbitrary: echoed(subject) },
  );
}

function transportErrors(subject: Subject): fc.Arbitrary<Error> {
  return fc.tuple(fc.boolean(), fc.boolean(), echoed(subject)).map(([maybeSent, retryable, text]) =>
    Object.assign(
      new ConnectionError({
        maybeSent,
        retryable,
        why: "api.example could not be reached: the connection was reset (ECONNRESET).",
        nextStep: "Check the network, then run the command again.",
        cause: new Error(text),
      }),
      { stack: "" },
    ),
  );
}

/** Any response or error. */
export function randomResponses(subject: Subject): fc.Arbitrary<RandomResponse> {
  const response = fc
    .record({
      status: STATUSES,
      body: bodies(subject),
      headers: OTHER_HEADERS,
      retryAfter: fc.option(RETRY_AFTER),
    })
    .map(({ status, body, headers, retryAfter }) => ({
      status,
      body,
      headers: retryAfter === null ? headers : { ...headers, "retry-after": retryAfter },
    }));
  return fc.oneof(
    { weight: 14, arbitrary: response },
    { weight: 1, arbitrary: transportErrors(subject) },
    // A defect of ours or of a library, which no verb may treat as a response.
    { weight: 1, arbitrary: echoed(subject).map((text) => new TypeError(`broken: ${text}`)) },
  );
}

/** The responses to each kind of request, in order. The last one is repeated. */
export interface Script {
  readonly remove: readonly RandomResponse[];
  readonly list: readonly RandomResponse[];
  readonly lookup: readonly RandomResponse[];
}

/** Sequences of any responses, with more readable lists than at random. */
export function randomScripts(subject: Subject): fc.Arbitrary<Script> {
  const any = randomResponses(subject);
  const readable = keyTexts(subject).map((body): RandomResponse => ({ status: 200, headers: {}, body }));
  const unclear = fc
    .record({ status: fc.constantFrom(200, 404, 404), body: bodies(subject) })
    .map(({ status, body }): RandomResponse => ({ status, body, headers: {} }));
  const sequence = (responses: fc.Arbitrary<RandomResponse>) =>
    fc.array(responses, { minLength: 1, maxLength: 7 });
  return fc.record({
    remove: sequence(any),
    list: sequence(fc.oneof(any, readable, readable)),
    lookup: sequence(fc.oneof(any, unclear)),
  });
}
