import type { Clock } from "../../../../provider/util/clock";
import { RateLimiter, type RateLimiterOptions } from "../../../../provider/api/rateLimit/rateLimiter";
import { memoryStore, type WindowStore } from "../../../../provider/api/rateLimit/windowStore";
import { RateWindow } from "../../../../provider/testing/rateWindow";
import { VirtualClock } from "../../../support/virtualClock";

export interface RunOptions {
  /** Requests in all, shared out over the pacers. */
  count: number;
  limit: number | undefined;
  /** Milliseconds of each way, drawn anew for every request. */
  latencyMs?: () => number;
  /** One for each process. Default: one of memory. */
  stores?: readonly WindowStore[];
  /** Requests that each process has under way or waiting at once. Default: 8. */
  parallel?: number;
  headers?: boolean;
  /** Requests that somebody else sends at the start. */
  foreignAtStart?: number;
  clock?: VirtualClock;
  server?: RateWindow;
  options?: Partial<RateLimiterOptions>;
}

export interface RunResult {
  refused: number;
  /** Milliseconds from the start to the last answer. */
  tookMs: number;
  order: number[];
  /** Milliseconds that the unluckiest request waited for its turn. */
  longestWaitMs: number;
  clock: VirtualClock;
  server: RateWindow;
}

const COOLDOWN_MS = 180_000;

/** Sends requests through pacers to a server that counts as the API does, in virtual time. */
export async function run({
  count,
  limit,
  latencyMs = () => 0,
  stores = [memoryStore()],
  parallel = 8,
  headers = true,
  foreignAtStart = 0,
  clock = new VirtualClock(),
  server = new RateWindow({
    rateLimit: limit === undefined ? undefined : { limit, windowMs: 60_000 },
    cooldownMs: COOLDOWN_MS,
  }),
  options = {},
}: RunOptions): Promise<RunResult> {
  const startedMs = clock.nowMs();
  for (let at = 0; at < foreignAtStart; at++) server.take(startedMs);
  const result = { refused: 0, tookMs: 0, order: [] as number[], longestWaitMs: 0, clock, server };
  const queue = Array.from({ length: count }, (_, index) => index);

  const send = async (pacer: RateLimiter, request: number): Promise<void> => {
    for (let again = false; ; again = true) {
      const askedMs = clock.nowMs();
      const place = await pacer.acquire({ what: "remove", deadlineMs: Infinity, again });
      result.longestWaitMs = Math.max(result.longestWaitMs, clock.nowMs() - askedMs);
      await pause(clock, latencyMs());
      const admitted = server.take(clock.nowMs());
      const figures = headers ? server.figures(clock.nowMs()) : undefined;
      await pause(clock, latencyMs());
      place.complete({ ...figures, ...(admitted ? {} : { cooldownMs: COOLDOWN_MS }) });
      if (admitted) {
        result.order.push(request);
        return;
      }
      result.refused++;
    }
  };
  const workers = stores.flatMap((store) => {
    const pacer = new RateLimiter({ clock, store, ...options });
    return Array.from({ length: parallel }, async () => {
      for (let request = queue.shift(); request !== undefined; request = queue.shift()) {
        await send(pacer, request);
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

/** No schedule can be faster: full windows, and the last request right when its window opens. */
export function optimumMs(count: number, limit: number): number {
  return (Math.ceil(count / limit) - 1) * 60_000;
}
