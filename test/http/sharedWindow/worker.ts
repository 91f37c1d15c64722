import { redisAddress, type RedisAddress } from "../../../provider/api/rateLimit/redisAddress";
import { redisCell } from "../../../provider/api/rateLimit/redisCell";
import { RedisConnection } from "../../../provider/api/rateLimit/redisConnection";
import { RateLimiter } from "../../../provider/api/rateLimit/rateLimiter";
import { sharedWindowStore } from "../../../provider/api/rateLimit/sharedWindow";
import { memoryStore } from "../../../provider/api/rateLimit/windowStore";
import { systemClock } from "../../../provider/util/clock";

/**
 * A process that sends requests, at most LIMIT in any second, and tells its parent when: `worker.ts URL LIMIT COUNT`. It
 * ends by itself: the connection must not keep it alive.
 */
async function main([url = "", limit = "", count = ""]: readonly string[]): Promise<void> {
  const store = sharedWindowStore({
    cell: redisCell({ connection: new RedisConnection(redisAddress(url) as RedisAddress), account: "one" }),
    local: memoryStore(),
    nowMs: () => Date.now(),
    onTrouble: (error) => {
      throw error;
    },
  });
  const configured = { limit: Number(limit), windowMs: 1_000 };
  const limiter = new RateLimiter({ clock: systemClock, store, configured });
  await Promise.all(
    Array.from({ length: Number(count) }, async () => {
      const permit = await limiter.acquire({ what: "remove", deadlineMs: Infinity });
      process.send?.(Date.now());
      await permit.complete({});
    }),
  );
  process.disconnect();
}

void main(process.argv.slice(2));
