import { describe, expect, it, vi } from "vitest";
import {
  ConnectionError,
  MaxWaitError,
  NotFoundError,
  RateLimitedError,
  ServerError,
} from "../../../provider/api/errors";
import type { UserError } from "../../../provider/util/userError";
import { backoffDelayMs, DEFAULT_RETRY_POLICY, withRetries } from "../../../provider/api/retry";
import { ManualClock } from "../../../provider/testing";

const details = { why: "It failed.", nextStep: "Try again." };
const serverError = () => new ServerError({ ...details, status: 500, retryable: true });
const rateLimited = (retryAfterMs: number) => new RateLimitedError({ ...details, status: 429, retryAfterMs });

/** A clock whose sleepers wake at once, each seeing the time at which it was due. */
class InstantClock extends ManualClock {
  readonly slept: number[] = [];
  override async sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.slept.push(delayMs);
    await this.advance(delayMs);
  }
}

function run(
  outcomes: readonly (UserError | Error | string)[],
  options: { maxWaitMs?: number; random?: number; mayRepeat?: boolean; signal?: AbortSignal } = {},
) {
  const { maxWaitMs = 3_600_000, random = 0.5, mayRepeat = true, signal } = options;
  const clock = new InstantClock();
  const left = [...outcomes];
  const attempt = vi.fn<(again: boolean) => Promise<string>>(() => {
    const next = left.length > 1 ? left.shift() : left[0];
    return typeof next === "string" ? Promise.resolve(next) : Promise.reject(next);
  });
  const context = { clock, random: () => random, deadlineMs: clock.nowMs() + maxWaitMs, signal };
  const result = withRetries(attempt, context, { mayRepeat: () => mayRepeat });
  return { result, attempt, clock };
}

describe("backoffDelayMs", () => {
  it.each([0, 0.25, 0.999_999])("with a chance of %d lies between nothing and the cap", (chance) => {
    const caps = Array.from({ length: 12 }, (_, attempt) => Math.min(20_000, 500 * 2 ** attempt));
    const delays = caps.map((_, attempt) => backoffDelayMs(attempt, DEFAULT_RETRY_POLICY, () => chance));
    expect(delays).toEqual(caps.map((cap) => Math.round(cap * chance)));
  });
});

describe("withRetries", () => {
  it("gives back what worked at once, without waiting", async () => {
    const { result, attempt, clock } = run(["done"]);
    await expect(result).resolves.toBe("done");
    expect([attempt.mock.calls.length, clock.slept]).toEqual([1, []]);
  });

  it("tries six times in all, waiting longer each time, and lists every try", async () => {
    const { result, attempt, clock } = run([serverError()]);
    await expect(result).rejects.toMatchObject({
      name: "ServerError",
      attempts: Array.from({ length: 6 }, () =>
        expect.stringMatching(/^2026-01-01T.*Z ServerError: It failed\.$/),
      ),
    });
    expect(attempt).toHaveBeenCalledTimes(6);
    expect(clock.slept).toEqual([250, 500, 1_000, 2_000, 4_000]);
  });

  it("does not count a 429, and leaves the wait to the rate limiter", async () => {
    const refusals = Array.from({ length: 10 }, () => rateLimited(180_000));
    const { result, attempt, clock } = run([...refusals, serverError(), "done"]);
    await expect(result).resolves.toBe("done");
    expect(attempt.mock.calls.map(([again]) => again)).toEqual([false, ...Array(11).fill(true)]);
    expect(clock.slept).toEqual([250]);
  });

  it("does not repeat what has no chance", async () => {
    const { result, attempt } = run([new NotFoundError({ ...details, status: 404, saidByApi: true })]);
    await expect(result).rejects.toMatchObject({ name: "NotFoundError", attempts: [] });
    expect(attempt).toHaveBeenCalledTimes(1);
  });

  it("does not repeat what must not happen twice", async () => {
    const { result, attempt } = run([serverError(), "done"], { mayRepeat: false });
    await expect(result).rejects.toBeInstanceOf(ServerError);
    expect(attempt).toHaveBeenCalledTimes(1);
  });

  it("lets errors that are none of ours through", async () => {
    const { result, attempt } = run([new TypeError("a defect"), "done"]);
    await expect(result).rejects.toThrow("a defect");
    expect(attempt).toHaveBeenCalledTimes(1);
  });

  it("mixes kinds of errors and still succeeds", async () => {
    const cut = new ConnectionError({ ...details, maybeSent: true, retryable: true });
    await expect(run([cut, serverError(), rateLimited(1), "done"]).result).resolves.toBe("done");
  });

  it("never waits beyond maxWait, says so, and lists the tries", async () => {
    const { result, clock } = run([serverError()], { maxWaitMs: 1_000 });
    await expect(result).rejects.toMatchObject({
      name: "MaxWaitError",
      status: 500,
      retryable: false,
      why: "It failed. Waiting another 1 s would exceed maxWait.",
      nextStep: expect.stringMatching(/electronhub:maxWait/),
      cause: expect.any(ServerError),
      attempts: { length: 3 },
    });
    expect(clock.slept).toEqual([250, 500]);
  });

  it("may wait exactly until maxWait", async () => {
    await expect(run([serverError(), "done"], { maxWaitMs: 250 }).result).resolves.toBe("done");
    await expect(run([serverError(), "done"], { maxWaitMs: 249 }).result).rejects.toBeInstanceOf(
      MaxWaitError,
    );
  });

  it("ends with the signal's reason while it waits", async () => {
    const aborted = AbortSignal.abort(new Error("the caller aborted"));
    await expect(run([serverError(), "done"], { signal: aborted }).result).rejects.toThrow(
      "the caller aborted",
    );
  });
});
