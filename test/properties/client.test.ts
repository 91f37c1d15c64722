import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ProxyKeyClient, type CallOptions } from "../../provider/api/client";
import { isUnclear } from "../../provider/api/errorGuards";
import { UnexpectedResponseError } from "../../provider/api/errors";
import { RateLimiter } from "../../provider/api/rateLimit/rateLimiter";
import type { HttpResponse } from "../../provider/api/transport";
import { memoryStore } from "../../provider/api/rateLimit/windowStore";
import type { KeySettings } from "../../provider/api/wire";
import { InstantClock } from "../matrix/instantClock";
import { randomResponses, type RandomResponse, type Subject } from "./responses";
import { confirmsRemoval, confirmsUpdate, isCompleteList } from "./evidence";
import { keyTexts } from "./keyTexts";
import { CREDENTIALS } from "./secrets";
import { SENTENCES } from "./sentences";

const SETTINGS: KeySettings = {
  name: "web",
  expires_at: -1,
  allocated_ammount: 10,
  model_whitelist: [],
  ip_whitelist: [],
  limit_type: "daily",
};

const RUNS = 2_000;

type Call = (client: ProxyKeyClient, key: string, context: CallOptions) => Promise<unknown>;

/** The outcome of one call with a sequence of responses, the last one repeated. */
async function outcomeOf(call: Call, { apiKey, key }: Subject, responses: readonly RandomResponse[]) {
  const clock = new InstantClock();
  const given: HttpResponse[] = [];
  let requests = 0;
  const client = new ProxyKeyClient({
    transport: {
      send: () => {
        const response = responses[Math.min(requests++, responses.length - 1)]!;
        if (response instanceof Error) return Promise.reject(response);
        given.push(response);
        return Promise.resolve(response);
      },
      close: () => Promise.resolve(),
    },
    rateLimiter: new RateLimiter({ clock, store: memoryStore() }),
    baseUrl: "https://api.example/v1",
    apiKey,
    userAgent: "tests/1",
  });
  const context = { clock, random: () => 0.5, deadlineMs: clock.nowMs() + 600_000 };
  const failure: unknown = await call(client, key, context).then(
    () => undefined,
    (error: unknown) => error,
  );
  return { isDone: failure === undefined, failure, last: given.at(-1) };
}

const cases = fc.constantFrom(...CREDENTIALS).chain((subject) => {
  const readable = keyTexts(subject).map((body): RandomResponse => ({ status: 200, headers: {}, body }));
  const beside = fc.constantFrom<object>(
    {},
    {},
    { success: true },
    { success: false },
    { error: "time-out" },
  );
  const worded = fc
    .tuple(fc.constantFrom(200, 200, 200, 201, 202, 206, 404), SENTENCES, beside)
    .map(([status, message, more]) => ({ status, headers: {}, body: JSON.stringify({ message, ...more }) }));
  const response = fc.oneof(randomResponses(subject), readable, { weight: 4, arbitrary: worded });
  const responses = fc.array(response, { minLength: 1, maxLength: 3 });
  return fc.record({ subject: fc.constant(subject), responses });
});

describe("a call counts as done only with proof, for any response", { timeout: 120_000 }, () => {
  it.each<[string, Call, (response: HttpResponse) => boolean, number]>([
    ["remove", (client, key, context) => client.remove(key, context), confirmsRemoval, 20],
    ["update", (client, key, context) => client.update(key, SETTINGS, context), confirmsUpdate, 10],
    ["list", (client, _, context) => client.list(context), isCompleteList, 50],
  ])("%s", async (_, call, proves, atLeast) => {
    let done = 0;
    await fc.assert(
      fc.asyncProperty(cases, async ({ subject, responses }) => {
        const { isDone, failure, last } = await outcomeOf(call, subject, responses);
        if (isDone) done++;
        if (isDone && !proves(last!)) throw new Error("Done without proof.");
        if (failure instanceof UnexpectedResponseError && failure.status! < 300 && !isUnclear(failure))
          throw new Error("A success that proves nothing is no failure either.");
      }),
      { numRuns: RUNS },
    );
    expect(done).toBeGreaterThanOrEqual(atLeast);
  });
});
