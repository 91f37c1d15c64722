import type { Clock } from "../../../../provider/util/clock";
import { RateLimiter, type RateLimiterOptions } from "../../../../provider/api/rateLimit/rateLimiter";
import { memoryStore, type WindowStore } from "../../../../provider/api/rateLimit/windowStore";
import { RequestWindow } from "../../../../provider/testing/requestWindow";
import { VirtualClock } from "../../../support/virtualClock";

export interface RunOptions {
  /** Requests in all, distributed over the rate limiters. */
  count: number;
  limit: number | undefined;
  /** Latency of each way, drawn for every request. */
  latencyMs?: () => number;
  /** One for each process. Default: one in memory. */
  stores?: readonly WindowStore[];
  /** The clock of each process. Default: `clock`. */
  clocks?: readonly Clock[];
  /** Requests that each process sends or waits for at once. Default: 8. */
  parallel?: number;
  headers?: boolean;
  /** Requests that another client sends at the start. */
  othersAtStart?: number;
  clock?: VirtualClock;
  server?: RequestWindow;
  options?: Partial<RateLimiterOptions>;
}

export interface RunResult {
  /** Responses 429. */
  rateLimited: number;
  /** Time from the start to the last response. */
  tookMs: number;
  order: number[];
  /** The longest time that a request waited for its permit. */
  longestWaitMs: number;
  clock: VirtualClock;
  server: RequestWindow;
}

const COOLDOWN_MS = 180_000;

/** Sends requests with rate limiters to a server that counts as the API does, in virtual time. */
export async function run({
  count,
  limit,
  latencyMs = () => 0,
  stores = [memoryStore()],
  parallel = 8,
  clocks = [],
  headers = true,
  othersAtStart = 0,
  clock = new VirtualClock(),
  server = new RequestWindow({
    rateLimit: limit === undefined ? undefined : { limit, windowMs: 60_000 },
    cooldownMs: COOLDOWN_MS,
  }),
  options = {},
}: RunOptions): Promise<RunResult> {
  const startedMs = clock.nowMs();
  for (let at = 0; at < othersAtStart; at++) server.take(startedMs);
  const result = { rateLimited: 0, tookMs: 0, order: [] as number[], longestWaitMs: 0, clock, server };
  const queue = Array.from({ length: count }, (_, index) => index);

  const send = async (limiter: RateLimiter, request: number): Promise<void> => {
    for (let again = false; ; again = true) {
      const askedMs = clock.nowMs();
      const permit = await limiter.acquire({ what: "remove", deadlineMs: Infinity, again });
      result.longestWaitMs = Math.max(result.longestWaitMs, clock.nowMs() - askedMs);
      await pause(clock, latencyMs());
      const admitted = server.take(clock.nowMs());
      const figures = headers ? server.figures(clock.nowMs()) : undefined;
      await pause(clock, latencyMs());
      await permit.complete({ ...figures, ...(admitted ? {} : { cooldownMs: COOLDOWN_MS }) });
      if (admitted) {
        result.order.push(request);
        return;
      }
      result.rateLimited++;
    }
  };
  const workers = stores.flatMap((store, at) => {
    const limiter = new RateLimiter({ clock: clocks[at] ?? clock, store, random: () => 0.5, ...options });
    return Array.from({ length: parallel }, async () => {
      for (let request = queue.shift(); request !== undefined; request = queue.shift()) {
        await send(limiter, request);
      }
    });
  });
  await Promise.all(workers);
  result.tookMs = clock.nowMs() - startedMs;
  return result;
}

async function pause(clock: Clock, delayMs: number): Promise<void> {
  if (delayMs > 0) await clock.sleep(delayMs);
}

/** The fastest schedule: full windows, and the last request as soon as its window starts. */
export function optimumMs(count: number, limit: number): number {
  return (Math.ceil(count / limit) - 1) * 60_000;
}
