import { redisAddress, type RedisAddress } from "../../provider/api/rateLimit/redisAddress";
import { redisCell } from "../../provider/api/rateLimit/redisCell";
import { RedisConnection } from "../../provider/api/rateLimit/redisConnection";
import { RateLimiter } from "../../provider/api/rateLimit/rateLimiter";
import { sharedWindowStore } from "../../provider/api/rateLimit/sharedWindow";
import { memoryStore } from "../../provider/api/rateLimit/windowStore";
import { systemClock } from "../../provider/util/clock";
import { startRedis, withoutRedis } from "../support/redisServer";

/** The time from asking for a permit to having it, while the window has room. */
export interface Decisions {
  limit: number;
  count: number;
  ms: number;
}

const LIMITS = [10, 100, 1_000];

/** Fills windows by two machines in turn, each of which finds what the other one has written. Empty without a server. */
export async function redisDecisions(): Promise<Decisions[]> {
  if (withoutRedis !== "") return [];
  const redis = await startRedis();
  const address = redisAddress(redis.url()) as RedisAddress;
  try {
    // The first run pays for the compiler.
    await fill(address, 500, "warm");
    const measured: Decisions[] = [];
    for (const limit of LIMITS)
      measured.push({ limit, count: limit, ms: await fill(address, limit, String(limit)) });
    return measured;
  } finally {
    await redis.stop();
  }
}

async function fill(address: RedisAddress, limit: number, account: string): Promise<number> {
  const machines = [0, 1].map(() => {
    const connection = new RedisConnection(address);
    const store = sharedWindowStore({
      cell: redisCell({ connection, account }),
      local: memoryStore(),
      nowMs: () => systemClock.nowMs(),
      onTrouble: (error) => {
        throw error;
      },
    });
    return { connection, limiter: new RateLimiter({ clock: systemClock, store }) };
  });
  let tookMs = 0;
  // Connects.
  for (const { limiter } of machines)
    await (await limiter.acquire({ what: "remove", deadlineMs: Infinity })).complete({ limit: limit + 2 });
  for (let at = 0; at < limit; at++) {
    const { limiter } = machines[at % 2] as (typeof machines)[number];
    const startedMs = performance.now();
    const permit = await limiter.acquire({ what: "remove", deadlineMs: Infinity });
    tookMs += performance.now() - startedMs;
    await permit.complete({ limit: limit + 2 });
  }
  for (const { connection } of machines) connection.close();
  return tookMs / limit;
}
